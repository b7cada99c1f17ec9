/**
 * Whether this run had the processors it needs. What must come to pass within a time is not judged where it had not: two minutes of a machine
 * on which an empty program takes seconds to start are not two minutes. What must never be is judged all the same.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

const tickMs = 250;
/** A timer that is so late says that this process stood still. */
const lateMs = 1000;
const probeEveryMs = 5000;
/** An empty program takes some 50 ms; twenty times that, and nothing here starts within its time. */
const startMaxMs = 1000;
/** Of a time, for which a stall counts: shorter ones are no excuse. */
const starvedShare = 0.1;
/** What begins within a stall has suffered from those right before it. */
const beforeMs = 10_000;

/** By `performance.now()`. */
export interface Stall {
  fromMs: number;
  toMs: number;
}

/** How much of a time stalls have taken; those that overlap count once. */
export function stalledMs(stalls: readonly Stall[], fromMs: number, toMs: number): number {
  let sumMs = 0;
  let doneMs = fromMs;
  for (const stall of [...stalls].sort((a, b) => a.fromMs - b.fromMs)) {
    const beginMs = Math.max(stall.fromMs, doneMs);
    const endMs = Math.min(stall.toMs, toMs);
    if (endMs > beginMs) sumMs += endMs - beginMs;
    doneMs = Math.max(doneMs, endMs);
  }
  return sumMs;
}

/** Why what had from `fromMs` to `toMs` cannot be judged; null: it can. */
export function starvedSentence(stalls: readonly Stall[], fromMs: number, toMs: number): string | null {
  const sumMs = stalledMs(stalls, fromMs - beforeMs, toMs);
  if (sumMs < (toMs - fromMs) * starvedShare) return null;
  const [sum, all] = [sumMs, toMs - fromMs].map((ms) => (ms / 1000).toFixed(1));
  return `this run had too little of the processors: for ${sum} s of ${all} s it stood still, or waited for an empty program to start`;
}

export class StarvationWatch {
  readonly #stalls: Stall[] = [];
  readonly #stopping = new AbortController();
  readonly #done: Promise<unknown>;

  constructor(private readonly tell: (text: string) => void) {
    this.#done = Promise.all([this.#watchTimer(), this.#watchStarts()]);
  }

  /** Why what had from `fromMs` to now cannot be judged; null: it can. */
  since(fromMs: number): string | null {
    return starvedSentence(this.#stalls, fromMs, performance.now());
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#done;
  }

  async #watchTimer(): Promise<void> {
    for (let fromMs = performance.now(); await this.#pause(tickMs); fromMs = performance.now())
      this.#note('this run itself stood still', fromMs + tickMs, lateMs);
  }

  async #watchStarts(): Promise<void> {
    do {
      const fromMs = performance.now();
      const child = spawn(process.execPath, ['--eval', ''], { stdio: 'ignore' });
      await once(child, 'exit');
      this.#note('an empty program took long to start', fromMs, startMaxMs);
    } while (await this.#pause(probeEveryMs));
  }

  #note(what: string, fromMs: number, maxMs: number): void {
    const toMs = performance.now();
    if (toMs - fromMs < maxMs) return;
    this.#stalls.push({ fromMs, toMs });
    this.tell(`${what}, for ${Math.round(toMs - fromMs)} ms: the processors were taken`);
  }

  /** False: it is stopped. */
  async #pause(ms: number): Promise<boolean> {
    await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => null);
    return !this.#stopping.signal.aborted;
  }
}
