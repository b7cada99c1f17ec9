/** Makes plans on a thread of its own, so that the scheduler never stands still for them. */
import { Worker } from 'node:worker_threads';
import type { PlanJob, PlanOf } from './planning.js';

const waitingMax = 16;
const timeoutMsDefault = 25_000;

/** Why there is no plan, with what helps. */
export class NoPlan extends Error {}

interface Waiting {
  job: PlanJob;
  resolve: (plan: PlanOf<PlanJob>) => void;
  reject: (error: Error) => void;
}

export class Planner {
  /** The first is being worked on. */
  #waiting: Waiting[] = [];
  #thread: Worker | null = null;
  #timer: NodeJS.Timeout | null = null;
  readonly #timeoutMs: number;

  /** `timeoutMs`: for one job; then the thread is given up. */
  constructor({ timeoutMs = timeoutMsDefault } = {}) {
    this.#timeoutMs = timeoutMs;
  }

  /** Jobs are done in the order they come. Rejects with `NoPlan` when too many wait, or it takes too long. */
  plan<Job extends PlanJob>(job: Job): Promise<PlanOf<Job>> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length >= waitingMax)
        return reject(new NoPlan(`${waitingMax} plans are being made already; ask again in a while`));
      this.#waiting.push({ job, resolve: resolve as Waiting['resolve'], reject });
      if (this.#waiting.length === 1) this.#begin();
    });
  }

  /** Whoever waits is rejected. */
  async close(): Promise<void> {
    for (const { reject } of this.#waiting.splice(0)) reject(new NoPlan('the framework is stopping'));
    await this.#giveUp();
  }

  #begin(): void {
    const [first] = this.#waiting;
    if (!first) return;
    this.#thread ??= this.#start();
    this.#thread.postMessage(first.job);
    const seconds = this.#timeoutMs / 1000;
    const late = () => this.#fail(new NoPlan(`the plan was not made within ${seconds} s; ask for less at once`));
    this.#timer = setTimeout(late, this.#timeoutMs).unref();
  }

  #start(): Worker {
    const thread = new Worker(new URL('./planner-thread.js', import.meta.url));
    thread.unref();
    thread.on('message', (answer: { plan: PlanOf<PlanJob> } | { error: string }) => {
      if (thread !== this.#thread) return;
      const first = this.#next();
      if ('plan' in answer) first?.resolve(answer.plan);
      else first?.reject(new Error(answer.error));
      this.#begin();
    });
    thread.on('error', (error: Error) => {
      if (thread === this.#thread) this.#fail(error);
    });
    return thread;
  }

  #next(): Waiting | undefined {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    return this.#waiting.shift();
  }

  /** The next job gets another thread. */
  #fail(error: Error): void {
    void this.#giveUp();
    this.#next()?.reject(error);
    this.#begin();
  }

  async #giveUp(): Promise<void> {
    const thread = this.#thread;
    this.#thread = null;
    if (this.#timer) clearTimeout(this.#timer);
    await thread?.terminate();
  }
}
