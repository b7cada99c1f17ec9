/** From which agent each group is led, by agent: reckoned anew only where a record has changed. */
export class Leaders {
  /** By app. */
  readonly #agents = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #changed = new Set<string>();

  noteChanged(appId: string): void {
    this.#changed.add(appId);
  }

  /** There is no such app any more. */
  forget(appId: string): void {
    this.#changed.delete(appId);
    this.#put(appId, null);
  }

  /**
   * How many groups are led from each agent.
   * @param leadingAgent from which an app is led, by the records; null: from none
   */
  byAgent(leadingAgent: (appId: string) => string | null): ReadonlyMap<string, number> {
    for (const id of this.#changed) this.#put(id, leadingAgent(id));
    this.#changed.clear();
    return this.#counts;
  }

  #put(appId: string, agentId: string | null): void {
    const before = this.#agents.get(appId) ?? null;
    if (agentId === before) return;
    if (before !== null) this.#count(before, -1);
    if (agentId === null) this.#agents.delete(appId);
    else this.#agents.set(appId, agentId);
    if (agentId !== null) this.#count(agentId, 1);
  }

  #count(agentId: string, more: number): void {
    const count = (this.#counts.get(agentId) ?? 0) + more;
    if (count === 0) this.#counts.delete(agentId);
    else this.#counts.set(agentId, count);
  }
}
