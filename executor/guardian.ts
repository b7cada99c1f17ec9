/**
 * Ends the session of the program, or of a command that checks it, when the executor dies without a chance to do so (kill -9, out of memory).
 *
 * A small shell in a session of its own reads from a pipe that only the executor holds open. The pipe's end without a
 * farewell means that the executor is gone. PR_SET_PDEATHSIG would reach the first process only, not its children.
 */
import { type ChildProcess, spawn } from 'node:child_process';

/** First the group at one stroke, then members of the session that left the group, read from /proc/PID/stat. */
const script = `
read -r session || exit 0
read -r farewell && exit 0
kill -s KILL -- "-$session" 2>/dev/null
for stat in /proc/[0-9]*/stat; do
  { read -r line < "$stat"; } 2>/dev/null || continue
  set -- \${line##*) }
  pid=\${stat#/proc/}
  [ "$4" != "$session" ] || kill -s KILL "\${pid%/stat}" 2>/dev/null
done
`;

export class Guardian {
  private readonly shell: ChildProcess;

  constructor() {
    this.shell = spawn('/bin/sh', ['-c', script, 'gaia-guardian'], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: {},
      cwd: '/',
    });
    this.shell.on('error', () => {});
    this.shell.stdin?.on('error', () => {});
  }

  /** `session` is the id of the session, which is its first process. */
  watch(session: number): void {
    this.shell.stdin?.write(`${session}\n`);
  }

  /** The session is empty; its number may be given to a stranger from now on. */
  dismiss(): void {
    this.shell.stdin?.end('farewell\n');
  }
}
