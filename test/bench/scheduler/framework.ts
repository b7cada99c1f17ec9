import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../framework/main.js', import.meta.url));
const CLOCK_TICKS_PER_SECOND = 100;
const READY_TIMEOUT_MS = 20_000;

/** The framework's process, with a store of its own. Its log is shown when it does not start. */
export class FrameworkProcess {
  private constructor(
    readonly url: string,
    readonly directory: string,
    readonly child: ChildProcess,
  ) {}

  static async start(master: string): Promise<FrameworkProcess> {
    const directory = mkdtempSync(join(tmpdir(), 'gaia-bench-scheduler-'));
    const log = openSync(join(directory, 'log'), 'a');
    const args = ['--master', master, '--store', join(directory, 'store'), '--listen', '127.0.0.1:0'];
    const words = [MAIN, ...args, '--log-level', 'warn'];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', log] });
    closeSync(log);
    const url = await new Promise<string>((resolve, reject) => {
      const fail = () =>
        reject(new Error(`the framework did not start: ${readFileSync(join(directory, 'log'), 'utf8')}`));
      const timer = setTimeout(fail, READY_TIMEOUT_MS);
      child.once('exit', fail);
      createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).once('line', (line) => {
        clearTimeout(timer);
        child.off('exit', fail);
        resolve((JSON.parse(line) as { url: string }).url);
      });
    });
    return new FrameworkProcess(url, directory, child);
  }

  /** The most memory it has had at one time. */
  get peakRssMb(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  }

  /** Of a processor, since its start: on a busy machine this says more than the clock. */
  get cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.child.pid}/stat`, 'latin1');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
    return ((user ?? 0) + (system ?? 0)) / CLOCK_TICKS_PER_SECOND;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
    rmSync(this.directory, { recursive: true });
  }
}
