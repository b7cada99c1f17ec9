/** The offers at hand, in the order in which they came, also by their agents. */
import type { Offer } from '../mesos-http-client/index.js';

export interface HeldOffer {
  offer: Offer;
  receivedMs: number;
}

export class HeldOffers {
  readonly #offers = new Map<string, HeldOffer>();
  readonly #byAgent = new Map<string, HeldOffer[]>();
  readonly #mixed = new Set<string>();
  #changes = 0;

  get size(): number {
    return this.#offers.size;
  }

  values(): IterableIterator<HeldOffer> {
    return this.#offers.values();
  }

  /** By agent, of those that offer something. */
  get byAgent(): ReadonlyMap<string, readonly HeldOffer[]> {
    return this.#byAgent;
  }

  /** What this agent offers is not all for all. */
  noteMixed(agentId: string): void {
    this.#mixed.add(agentId);
  }

  /** The agents that offer, or have just offered, what is not for all. */
  get mixed(): ReadonlySet<string> {
    return this.#mixed;
  }

  of(agentId: string): readonly HeldOffer[] {
    return this.#byAgent.get(agentId) ?? [];
  }

  add(offer: Offer, receivedMs: number): void {
    this.delete(offer.id.value);
    const held = { offer, receivedMs };
    this.#changes += 1;
    this.#offers.set(offer.id.value, held);
    this.#byAgent.set(offer.agent_id.value, [...this.of(offer.agent_id.value), held]);
  }

  delete(offerId: string): void {
    const agentId = this.#offers.get(offerId)?.offer.agent_id.value;
    if (agentId === undefined) return;
    this.#changes += 1;
    this.#offers.delete(offerId);
    const others = this.of(agentId).filter(({ offer }) => offer.id.value !== offerId);
    if (others.length > 0) this.#byAgent.set(agentId, others);
    else this.#forget(agentId);
  }

  #forget(agentId: string): void {
    this.#byAgent.delete(agentId);
    this.#mixed.delete(agentId);
  }

  clear(): void {
    this.#changes += 1;
    this.#offers.clear();
    this.#byAgent.clear();
    this.#mixed.clear();
  }

  /** The one that has waited longest. */
  get oldest(): HeldOffer | undefined {
    return this.#offers.values().next().value;
  }

  /** As long as it is the same number, the same offers are at hand. */
  get changes(): number {
    return this.#changes;
  }
}
