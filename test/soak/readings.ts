/** What the processes of a system use, and what they share. */
import { inspect } from 'node:util';
import type { System } from '../e2e/system.js';
import type { Reading } from '../growth/growth.js';
import { type Usage, usageOf } from '../growth/usage.js';
import { census, type Kind, sharedFiles } from './census.js';
import { liveBytesOf } from './live.js';

/** What they have of the system's memory says when node last looked for garbage. */
const runByNode: readonly Kind[] = ['framework', 'executor', 'mesos'];
/** An agent of Mesos ends at the signal that opens an inspector. */
const opensInspector: readonly Kind[] = ['framework', 'executor'];

export class Readings {
  readonly peakBytes = new Map<Kind, number>();
  /** Files in shared memory that there have been. */
  readonly shared = new Set<string>();
  /** Why heaps were not read: node does not always answer. */
  readonly unread: string[] = [];

  /** Process ids at the reading before. */
  private seen: ReadonlySet<number> = new Set();

  constructor(private readonly system: System) {}

  /**
   * By kinds and process ids, and of the whole system.
   * @param heaps also what is in use in those of node: takes a second or two, and collects their garbage
   */
  async read(heaps: boolean): Promise<Map<string, Reading>> {
    const found = census(this.system);
    const readings = new Map<string, Reading>();
    for (const [pid, kind] of found) {
      const usage = usageOf(pid);
      if (usage === null) continue;
      readings.set(`${kind} ${pid}`, await this.ofProcess(pid, kind, usage, heaps));
      this.peakBytes.set(kind, Math.max(this.peakBytes.get(kind) ?? 0, usage.memoryBytes));
    }
    this.seen = new Set(found.keys());
    const shared = sharedFiles(
      [...found].filter(([, kind]) => kind === 'replica' || kind === 'gateway').map(([pid]) => pid),
    );
    for (const file of shared) this.shared.add(file);
    return readings.set('the whole system', { sharedFiles: shared.size, timers: await this.timers() });
  }

  private async ofProcess(pid: number, kind: Kind, usage: Usage, heaps: boolean): Promise<Reading> {
    if (!runByNode.includes(kind)) return usage;
    const { memoryBytes: _, ...others } = usage;
    // The signal ends who has just begun: node does not hear it yet.
    const isAsked = heaps && opensInspector.includes(kind) && this.seen.has(pid);
    const liveBytes = isAsked ? await this.liveBytes(pid) : null;
    return liveBytes === null ? others : { ...others, liveBytes };
  }

  private async liveBytes(pid: number): Promise<number | null> {
    try {
      return await liveBytesOf(pid);
    } catch (error) {
      this.unread.push(inspect(error));
      return null;
    }
  }

  /** Of the framework, as it counts them itself. */
  private async timers(): Promise<number> {
    // The framework closes connections that rest for as long as this does between two looks.
    const answer = await fetch(`${this.system.apiUrl}/metrics`, { headers: { connection: 'close' } });
    const row = /^nodejs_active_resources\{type="Timeout"\} (\d+)/m.exec(await answer.text());
    return Number(row?.[1] ?? 0);
  }
}
