/** What the processes of a system use, and what they share. */

import type { System } from '../e2e/system.js';
import type { Reading } from '../growth/growth.js';
import { usageOf } from '../growth/usage.js';
import { census, type Kind, sharedFiles } from './census.js';

export class Readings {
  readonly peakBytes = new Map<Kind, number>();
  /** Files in shared memory that there have been. */
  readonly shared = new Set<string>();

  constructor(private readonly system: System) {}

  /** By kinds and process ids, and of the whole system. */
  async read(): Promise<Map<string, Reading>> {
    const found = census(this.system);
    const readings = new Map<string, Reading>();
    for (const [pid, kind] of found) {
      const usage = usageOf(pid);
      if (usage === null) continue;
      readings.set(`${kind} ${pid}`, usage);
      this.peakBytes.set(kind, Math.max(this.peakBytes.get(kind) ?? 0, usage.memoryBytes));
    }
    const shared = sharedFiles(
      [...found].filter(([, kind]) => kind === 'replica' || kind === 'gateway').map(([pid]) => pid),
    );
    for (const file of shared) this.shared.add(file);
    return readings.set('the whole system', { sharedFiles: shared.size, timers: await this.timers() });
  }

  /** Of the framework, as it counts them itself. */
  private async timers(): Promise<number> {
    // The framework closes connections that rest for as long as this does between two looks.
    const answer = await fetch(`${this.system.apiUrl}/metrics`, { headers: { connection: 'close' } });
    const row = /^nodejs_active_resources\{type="Timeout"\} (\d+)/m.exec(await answer.text());
    return Number(row?.[1] ?? 0);
  }
}
