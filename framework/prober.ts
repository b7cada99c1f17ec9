/** Makes the probes that the scheduler orders, and gathers what they find for its next event. */
import { probe } from './probes/probe.js';
import type { ProbeOutcome } from './probes/types.js';
import type { Action } from './scheduler/context.js';

export interface ProbeAnswer {
  /** The order's. */
  id: string;
  outcome: ProbeOutcome;
}

export class Prober {
  readonly #closing = new AbortController();
  #answers: ProbeAnswer[] = [];

  /** How many are made at once the scheduler bounds. */
  start({ id, order }: Extract<Action, { type: 'probe' }>): void {
    void probe(order, this.#closing.signal).then((outcome) => this.#answers.push({ id, outcome }));
  }

  /** What has been found since the last call. */
  take(): ProbeAnswer[] {
    return this.#answers.splice(0);
  }

  close(): void {
    this.#closing.abort();
  }
}
