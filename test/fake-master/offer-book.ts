/** What a master knows of its offers to one framework: which agents may be offered, and which offers are out. Pure: it is told the time. */
import type { SchedulerCallBody } from '../../framework/mesos-http-client/index.js';

/** Of Mesos, where a call names none. */
const refuseSecondsDefault = 5;

export interface OfferedAgent {
  /** The offer that is out. */
  offerId: string | null;
  /** What is free is not offered before. */
  refusedUntilMs: number;
}

export class OfferBook<Agent extends OfferedAgent> {
  readonly #out = new Map<string, Agent>();
  #isSuppressed = false;
  #number = 0;

  /** @param agents those that may be offered now, whoever adds to them and takes away */
  constructor(private readonly agents: ReadonlyMap<string, Agent>) {}

  /** The framework wants no offers. */
  get isSuppressed(): boolean {
    return this.#isSuppressed;
  }

  /** Agents of which an offer is out, in the order of the offers. */
  get offered(): Agent[] {
    return [...this.#out.values()];
  }

  /** A framework has subscribed: it knows of no offer and has refused none. */
  begin(): void {
    this.forget();
    this.#revive();
  }

  /** The framework is away: offers to it are void. */
  forget(): void {
    for (const agent of this.#out.values()) agent.offerId = null;
    this.#out.clear();
  }

  isDue({ offerId, refusedUntilMs }: Agent, nowMs: number): boolean {
    return !this.#isSuppressed && offerId === null && refusedUntilMs <= nowMs;
  }

  /** @returns the id of the offer, which is out from now on */
  give(agent: Agent): string {
    const offerId = `O${++this.#number}`;
    agent.offerId = offerId;
    this.#out.set(offerId, agent);
    return offerId;
  }

  /** The offer is out no more. @returns whose it was; undefined: it was not out */
  take(offerId: string): Agent | undefined {
    const agent = this.#out.get(offerId);
    if (agent) agent.offerId = null;
    this.#out.delete(offerId);
    return agent;
  }

  /** What was offered, or is left of it, is offered again after a while only. */
  refuse(offerIds: { value: string }[], nowMs: number, seconds = refuseSecondsDefault): void {
    for (const { value } of offerIds) {
      const agent = this.take(value);
      if (agent) agent.refusedUntilMs = nowMs + seconds * 1000;
    }
  }

  /** Calls that are about offers alone. */
  heed(call: SchedulerCallBody, nowMs: number): void {
    if (call.type === 'DECLINE') this.refuse(call.decline.offer_ids, nowMs, call.decline.filters?.refuse_seconds);
    else if (call.type === 'SUPPRESS') this.#isSuppressed = true;
    else if (call.type === 'REVIVE') this.#revive();
  }

  #revive(): void {
    this.#isSuppressed = false;
    for (const agent of this.agents.values()) agent.refusedUntilMs = 0;
  }
}
