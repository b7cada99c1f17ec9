/** An executor process with a sandbox, in which lies `server.cjs`: a program that speaks the interposer's side of the control channel. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pids } from '../../executor/pids.js';
import { directoryOf } from '../proc.js';
import { Executor } from './fake-agent.js';
import { eventually, state, withDirectory } from './fixtures.js';

/** A program that speaks the interposer's side of the control channel: says hello, keeps its orders, obeys `stop`. */
const server = `
const { Socket } = require('net'), fs = require('fs');
const control = new Socket({ fd: 3 });
const say = (message) => control.write(JSON.stringify(message) + '\\n');
const state = (change) => say({ type: 'state', ...${JSON.stringify(state())}, ...change });
const mode = process.argv[2];
console.log('server says', mode, process.cwd().length, process.env.LD_PRELOAD, process.env.GAIA_REPLICA);
if (mode === 'fatal') { say({ type: 'fatal', message: 'The journal is not writable: free space.' }); control.end(() => process.exit(1)); }
else say({ type: 'hello', pid: process.pid });
let index = 1;
if (mode === 'leader') state({ role: 'leader', leader: 1 });
if (mode === 'moving') setInterval(() => state({ appliedIndex: ++index, committedIndex: index }), 20);
let rest = '';
control.on('data', (bytes) => {
  rest += bytes;
  for (let end; (end = rest.indexOf('\\n')) >= 0; rest = rest.slice(end + 1)) {
    const line = rest.slice(0, end);
    fs.appendFileSync('orders', line + '\\n');
    if (line !== 'stop' || mode === 'deaf') continue;
    if (mode === 'leader') state({ role: 'follower', leader: 2, term: 2 });
    setTimeout(() => process.kill(process.pid, 'SIGTERM'), 300);
  }
});
control.on('end', () => process.exit(9));
process.on('SIGTERM', () => { fs.appendFileSync('orders', 'SIGTERM\\n'); process.exit(0); });
`;

/** Runs a test with an executor and checks that nothing with this sandbox is left. */
export async function withExecutor(
  use: (executor: Executor) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  await withDirectory(async (directory) => {
    const library = join(directory, 'libgaia-interpose.so');
    execFileSync('gcc', ['-shared', '-x', 'c', '/dev/null', '-o', library]);
    const executor = new Executor(directory, { GAIA_NATIVE_DIRECTORY: directory, ...env });
    writeFileSync(join(executor.sandbox, 'server.cjs'), server);
    try {
      await executor.start();
      await use(executor);
    } finally {
      await executor.dispose();
      await eventually('the end of all processes in the sandbox', () => processesIn(executor.sandbox).length === 0);
    }
  });
}

export function processesIn(directory: string): number[] {
  return pids().filter((pid) => directoryOf(pid).startsWith(directory));
}
