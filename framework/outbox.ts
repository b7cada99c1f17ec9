import type { SchedulerCallBody } from './mesos-http-client/index.js';

/** Calls wait here while the master is slow, after a storm an acknowledgement for each task. More than this and the oldest are given up: the scheduler repeats what matters. */
const callsMax = 100_000;
/** On their way at one time; they arrive in order. */
const sentMax = 256;

/** Sends calls to the master in the order in which the scheduler decided them. */
export class Outbox {
  #calls: SchedulerCallBody[] = [];
  #sent = 0;

  /** `failed`: a call was refused or lost; `dropped`: there was no room for it. */
  constructor(
    private readonly send: (call: SchedulerCallBody) => Promise<void>,
    private readonly failed: (call: SchedulerCallBody, error: Error | 'dropped') => void,
  ) {}

  push(call: SchedulerCallBody): void {
    const oldest = this.#calls.length >= callsMax ? this.#calls.shift() : undefined;
    if (oldest) this.failed(oldest, 'dropped');
    this.#calls.push(call);
    this.#sendOn();
  }

  /** The subscription they were meant for is over. */
  clear(): void {
    this.#calls = [];
  }

  #sendOn(): void {
    while (this.#sent < sentMax) {
      const call = this.#calls.shift();
      if (!call) return;
      void this.#send(call);
    }
  }

  async #send(call: SchedulerCallBody): Promise<void> {
    this.#sent += 1;
    try {
      await this.send(call);
    } catch (error) {
      this.failed(call, error as Error);
    }
    this.#sent -= 1;
    this.#sendOn();
  }
}
