/** What the processes of a group's members use while a soak goes on. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Group } from '../consensus/interpose/group.js';
import { excess, type Growth, growthOf, type Sample } from './growth.js';
import { processTree, type Usage, usageOf } from './usage.js';

const everyMs = 1000;

export class Watch {
  private readonly samples = new Map<string, Sample[]>();
  private readonly begunMs = Date.now();
  private endedMs = 0;
  private readonly watching: Promise<void>;

  constructor(private readonly group: Group) {
    this.watching = this.watch();
  }

  private async watch(): Promise<void> {
    while (this.endedMs === 0) {
      for (const { pid, address } of this.group.living())
        for (const [process, name] of pid > 0 ? processTree(pid) : [])
          this.look(process, `member ${address.member}: ${name}`);
      await delay(everyMs);
    }
  }

  private look(pid: number, who: string): void {
    const usage = usageOf(pid);
    const key = `${who} (${pid})`;
    if (usage === null) return;
    const seen = this.samples.get(key) ?? [];
    this.samples.set(key, seen);
    seen.push({ ...usage, atMs: Date.now() - this.begunMs });
  }

  end(): Promise<void> {
    this.endedMs = Date.now();
    return this.watching;
  }

  /** When it has ended: of those that were there long enough. */
  growths(): Record<string, Growth> {
    const growths: Record<string, Growth> = {};
    for (const [who, samples] of this.samples) {
      const growth = growthOf(samples, this.endedMs - this.begunMs);
      if (growth !== null) growths[who] = growth;
    }
    return growths;
  }
}

/** Throws where a process has grown; memory that is said to grow may. */
export function judgeGrowth(growths: Record<string, Growth>, memoryMayGrow: boolean): void {
  for (const [who, growth] of Object.entries(growths)) {
    const grown = excess(growth).filter((key) => key !== 'memoryBytes' || !memoryMayGrow);
    const told = (key: keyof Usage) => `${key} from ${growth.before[key]} to ${growth.after[key]}`;
    if (grown.length > 0) throw new Error(`${who} has grown: ${grown.map(told).join(', ')}`);
  }
}
