/** What is read of everything that is looked at, again and again while a soak goes on. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Change, changesOf, growths, type Reading, type Rule, type Sample } from './growth.js';

export class Watch {
  private readonly samples = new Map<string, Sample[]>();
  private readonly begunMs = Date.now();
  private endedMs: number | null = null;

  /** `read`: by what it is of, whose name is another when it is another process. */
  constructor(
    private readonly read: () => Map<string, Reading> | Promise<Map<string, Reading>>,
    private readonly everyMs: number,
    private readonly rule: Rule,
  ) {}

  stop(): void {
    this.endedMs = Date.now();
  }

  /** Until it is stopped. */
  async run(): Promise<void> {
    while (this.endedMs === null) {
      const readings = await this.read();
      const atMs = Date.now() - this.begunMs;
      for (const [who, reading] of readings) this.samplesOf(who).push({ atMs, reading });
      await delay(this.everyMs);
    }
  }

  private samplesOf(who: string): Sample[] {
    const samples = this.samples.get(who) ?? [];
    this.samples.set(who, samples);
    return samples;
  }

  /** When it has been stopped: of what was there for long enough. */
  changes(): Record<string, Record<string, Change>> {
    const overMs = (this.endedMs ?? Date.now()) - this.begunMs;
    const all = [...this.samples].map(([who, samples]) => [who, changesOf(samples, overMs, this.rule)] as const);
    return Object.fromEntries(all.flatMap(([who, changes]) => (changes ? [[who, changes]] : [])));
  }

  /** A sentence for each that has grown. */
  grown(): string[] {
    return Object.entries(this.changes()).flatMap(([who, changes]) => growths(who, changes, this.rule));
  }
}
