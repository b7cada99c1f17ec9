/** `npm run chaos` in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('main.js', import.meta.url));

export class Command {
  readonly child: ChildProcess;
  said = '';

  constructor(args: string[], environment: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, ['--enable-source-maps', main, ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.child.stderr?.on('data', (bytes) => {
      this.said += bytes;
    });
  }

  /** Resolves when it has said `text`. */
  async told(text: string, maxMs: number): Promise<void> {
    const signal = AbortSignal.timeout(maxMs);
    while (!this.said.includes(text)) await once(this.child.stderr as NodeJS.ReadableStream, 'data', { signal });
  }

  /** Its status, when it has ended. */
  async ended(): Promise<number | null> {
    const { child } = this;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    return child.exitCode;
  }
}

export async function chaos(...args: string[]): Promise<{ status: number | null; said: string }> {
  const command = new Command(args);
  const status = await command.ended();
  return { status, said: command.said };
}
