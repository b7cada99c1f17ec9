/** One client of a soak: writes and reads keys of its own at a pace, through whichever replica answers, and judges every answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, portOf } from '../e2e/system.js';
import { type Below, below, randomFrom } from '../random.js';
import type { Answer, Open, Talk, Words } from './talk.js';

const keysOfLane = 100;
const valueDigits = 64;
const answerMaxMs = 10_000;
/** Without a good answer for so long it is an error, whatever the reason. */
const silentMaxMs = 30_000;
const retryMs = 50;

export class Lane {
  answers = 0;
  /** Connections that ended before the answer. */
  lost = 0;
  readonly errors: string[] = [];
  #everyMs = 0;
  #stopped = false;
  #talk: Talk | null = null;
  #heardMs = Date.now();
  readonly #pick: Below;
  /** What was acknowledged last; left out: it is not known. */
  readonly #known = new Map<string, string>();

  constructor(
    private readonly api: Api,
    private readonly appId: string,
    private readonly open: Open,
    private readonly name: string,
    seed: number,
    private readonly wordsAtOnce: number,
  ) {
    this.#pick = below(randomFrom(seed));
  }

  /** From now on so many answers a second. Infinity: as many as there are. */
  pace(answersPerSecond: number): void {
    this.#everyMs = (1000 * this.wordsAtOnce) / answersPerSecond;
  }

  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      const begunMs = Date.now();
      await this.#round(Array.from({ length: this.wordsAtOnce }, () => this.#words()));
      const restMs = this.#everyMs - (Date.now() - begunMs);
      if (restMs > 0) await sleep(restMs);
    }
    this.#talk?.close();
  }

  #words(): Words {
    const key = `${this.name}-${this.#pick(keysOfLane)}`;
    if (this.#pick(2) === 0) return { key };
    return { key, value: `${this.#pick(2 ** 32)}`.padStart(valueDigits, '0') };
  }

  async #round(all: Words[]): Promise<void> {
    try {
      this.#talk ??= await this.#connect();
      const answers = await bounded(this.#talk.exchange(all));
      for (const [index, words] of all.entries()) this.#judge(words, answers[index] as Answer);
      this.answers += all.length;
      this.#heardMs = Date.now();
    } catch (error) {
      this.#lose(all, error as Error);
      await sleep(retryMs);
    }
  }

  #judge({ key, value }: Words, answer: Answer): void {
    if (answer instanceof Error) this.errors.push(`${this.name}: ${answer.message}`);
    else if (value !== undefined) {
      if (answer !== 'OK') this.errors.push(`${this.name}: a write was answered "${answer}"`);
      this.#known.set(key, value);
    } else if (this.#known.has(key) && answer !== this.#known.get(key))
      this.errors.push(`${this.name}: ${key} is "${answer}", and "${this.#known.get(key)}" was acknowledged`);
  }

  /** Of what was written nothing is known. */
  #lose(all: Words[], { message }: Error): void {
    this.lost += 1;
    this.#talk?.close();
    this.#talk = null;
    for (const { key, value } of all) if (value !== undefined) this.#known.delete(key);
    if (Date.now() - this.#heardMs < silentMaxMs) return;
    this.errors.push(`${this.name}: no answer for ${silentMaxMs / 1000} s (${message})`);
    this.#heardMs = Date.now();
  }

  async #connect(): Promise<Talk> {
    const { replicas } = await this.api.group(this.appId);
    const replica = replicas[this.#pick(replicas.length)];
    if (!replica) throw new Error(`${this.appId} has no replicas`);
    return this.open(portOf(replica));
  }
}

function bounded<T>(promise: Promise<T>): Promise<T> {
  const late = sleep(answerMaxMs, undefined, { ref: false }).then(() => {
    throw new Error(`no answer within ${answerMaxMs} ms`);
  });
  return Promise.race([promise, late]);
}
