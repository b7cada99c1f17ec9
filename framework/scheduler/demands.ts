import { type Demand, demandKey } from './demand.js';

/**
 * What apps want, as they were found when they were looked at last, and for which of it offers are asked: for what is neither delayed nor placed. A
 * step brings what is new, so that what waits already costs it nothing while nothing is on offer.
 */
export class Demands {
  readonly #byApp = new Map<string, readonly Demand[]>();
  readonly #asked = new Set<string>();
  #looks = 0;

  of(appId: string): readonly Demand[] {
    return this.#byApp.get(appId) ?? [];
  }

  /** All that the app wants now; what it wanted before and does not any more is not asked for. */
  set(appId: string, demands: readonly Demand[]): void {
    const kept = new Set(demands.filter(({ delayed }) => !delayed).map(demandKey));
    for (const key of this.of(appId).map(demandKey)) if (!kept.has(key)) this.#asked.delete(key);
    if (demands.length > 0) this.#byApp.set(appId, demands);
    else this.#byApp.delete(appId);
  }

  /** Returns those for which offers were not asked before. */
  ask(demands: readonly Demand[]): Demand[] {
    const fresh = demands.filter((demand) => !demand.delayed && !this.isAsked(demandKey(demand)));
    for (const demand of fresh) this.#asked.add(demandKey(demand));
    return fresh;
  }

  /** It is placed: the next look at its app finds what it wants then. */
  settle(demand: Demand): void {
    this.#asked.delete(demandKey(demand));
  }

  isAsked(key: string): boolean {
    return this.#asked.has(key);
  }

  /** At what apps want, by all who asked for all of it. */
  get looks(): number {
    return this.#looks;
  }

  /** For something offers are asked. */
  get anyAsked(): boolean {
    return this.#asked.size > 0;
  }

  /** All for which offers are asked. They may be very many: not for every step. */
  asked(): Demand[] {
    this.#looks += this.#byApp.size;
    return [...this.#byApp.values()].flat().filter((demand) => this.isAsked(demandKey(demand)));
  }
}
