import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FrameworkProcess } from '../../framework-process.js';

const CLOCK_TICKS_PER_SECOND = 100;

/** The framework's process, with a store of its own, and what it uses of the machine. */
export class MeasuredFramework extends FrameworkProcess {
  readonly #directory: string;

  constructor(master: string) {
    const directory = mkdtempSync(join(tmpdir(), 'gaia-bench-scheduler-'));
    super(['--master', master, '--store', join(directory, 'store'), '--log-level', 'warn']);
    this.#directory = directory;
  }

  /** The most memory it has had at one time. */
  get peakRssMb(): number {
    const status = readFileSync(`/proc/${this.process.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
  }

  /** Of a processor, since its start: on a busy machine this says more than the clock. */
  get cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.process.pid}/stat`, 'latin1');
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number);
    return ((user ?? 0) + (system ?? 0)) / CLOCK_TICKS_PER_SECOND;
  }

  async stop(): Promise<void> {
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
    rmSync(this.#directory, { recursive: true });
  }
}
