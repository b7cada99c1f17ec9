import type { SchedulerCallBody } from './mesos-http-client/index.js';

/** Calls wait here while the master is slow. More than this and the oldest are given up: the scheduler repeats what matters. */
const callsMax = 10_000;

/** Sends calls to the master one after the other, in the order in which the scheduler decided them. */
export class Outbox {
  #calls: SchedulerCallBody[] = [];
  #sending = false;

  /** `failed`: a call was refused or lost; `dropped`: there was no room for it. */
  constructor(
    private readonly send: (call: SchedulerCallBody) => Promise<void>,
    private readonly failed: (call: SchedulerCallBody, error: Error | 'dropped') => void,
  ) {}

  push(call: SchedulerCallBody): void {
    const oldest = this.#calls.length >= callsMax ? this.#calls.shift() : undefined;
    if (oldest) this.failed(oldest, 'dropped');
    this.#calls.push(call);
    if (!this.#sending) void this.#drain();
  }

  /** The subscription they were meant for is over. */
  clear(): void {
    this.#calls = [];
  }

  async #drain(): Promise<void> {
    this.#sending = true;
    for (let call = this.#calls.shift(); call; call = this.#calls.shift()) {
      try {
        await this.send(call);
      } catch (error) {
        this.failed(call, error as Error);
      }
    }
    this.#sending = false;
  }
}
