import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { FrameworkProcess } from '../../framework-process.js';

const CLOCK_TICKS_PER_SECOND = 100;

/** The framework's process, and what it uses of the machine. */
export class MeasuredFramework extends FrameworkProcess {
  /** `store`: as `--store` takes it. */
  constructor(master: string, store: string) {
    super(['--master', master, '--store', store, '--log-level', 'warn']);
    process.once('exit', () => this.process.kill('SIGKILL'));
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

  /** A group of apps. */
  async post(id: string, apps: object[]): Promise<void> {
    const answer = await fetch(`${this.url}/v2/groups`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ id, apps }),
    });
    if (answer.status !== 200 && answer.status !== 201)
      throw new Error(`POST /v2/groups: ${answer.status} ${(await answer.text()).slice(0, 500)}`);
  }

  /** No harm to one that has ended. */
  async kill(): Promise<void> {
    const { process } = this;
    if (this.ended) return;
    const ended = once(process, 'exit');
    process.kill('SIGKILL');
    await ended;
  }
}
