/** What the processes of a system use while a soak goes on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { usageOf } from '../catalogue/usage.js';
import type { System } from '../e2e/system.js';
import { census, type Kind, sharedFiles } from './census.js';
import { changesOf, growths, type Reading, type Sample } from './flat.js';

const everyMs = 5000;
const whole = 'the whole system';

export class Watch {
  readonly peakBytes = new Map<Kind, number>();
  readonly #samples = new Map<string, Sample[]>();
  readonly #shared = new Set<string>();
  readonly #begunMs = Date.now();
  #stopped = false;

  constructor(private readonly system: System) {}

  stop(): void {
    this.#stopped = true;
  }

  /** Files in shared memory that there have been. */
  get shared(): ReadonlySet<string> {
    return this.#shared;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      await this.#look();
      await sleep(everyMs);
    }
  }

  async #look(): Promise<void> {
    const found = census(this.system);
    for (const [pid, kind] of found) {
      const usage = usageOf(pid);
      if (usage === null) continue;
      this.#note(`${kind} ${pid}`, { ...usage });
      this.peakBytes.set(kind, Math.max(this.peakBytes.get(kind) ?? 0, usage.memoryBytes));
    }
    const shared = sharedFiles(
      [...found].filter(([, kind]) => kind === 'replica' || kind === 'gateway').map(([pid]) => pid),
    );
    for (const file of shared) this.#shared.add(file);
    this.#note(whole, { sharedFiles: shared.size, timers: await this.#timers() });
  }

  /** Of the framework, as it counts them itself. */
  async #timers(): Promise<number> {
    // The framework closes connections that rest for as long as this does between two looks.
    const answer = await fetch(`${this.system.apiUrl}/metrics`, { headers: { connection: 'close' } });
    const row = /^nodejs_active_resources\{type="Timeout"\} (\d+)/m.exec(await answer.text());
    return Number(row?.[1] ?? 0);
  }

  #note(who: string, reading: Reading): void {
    const samples = this.#samples.get(who) ?? [];
    this.#samples.set(who, samples);
    samples.push({ atMs: Date.now() - this.#begunMs, reading });
  }

  /** What was there from the end of the warm-up to the end, before and after. */
  changes(): Record<string, NonNullable<ReturnType<typeof changesOf>>> {
    const overMs = Date.now() - this.#begunMs;
    const all = [...this.#samples].map(([who, samples]) => [who, changesOf(samples, overMs)] as const);
    return Object.fromEntries(all.flatMap(([who, changes]) => (changes ? [[who, changes]] : [])));
  }

  grown(): string[] {
    return Object.entries(this.changes()).flatMap(([who, changes]) => growths(who, changes));
  }
}
