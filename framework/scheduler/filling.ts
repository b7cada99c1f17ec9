/** What is left of one agent's offers while tasks are put on it. */
import type { Offer, OfferOperation, Resource, TaskInfo } from '../mesos-http-client/index.js';
import type { Context } from './context.js';
import { agentRef, resourcesOf } from './offers.js';
import { type Split, splitOf } from './portions.js';
import type { AgentRef } from './records.js';

export class Filling {
  /** Before the launches. */
  readonly operations: OfferOperation[] = [];
  readonly infos: TaskInfo[] = [];
  #left: Resource[];
  #split: Split | null = null;

  constructor(
    readonly ref: AgentRef,
    readonly offers: readonly Offer[],
    private readonly frameworkId: string | null,
  ) {
    this.#left = resourcesOf(offers);
  }

  get left(): Resource[] {
    return this.#left;
  }

  set left(resources: Resource[]) {
    this.#left = resources;
    this.#split = null;
  }

  /** The same as placement sees it. */
  get split(): Split {
    this.#split ??= splitOf(this.#left, this.frameworkId);
    return this.#split;
  }
}

/** The agents with offers at hand, by id. */
export function fillings({ memory, state }: Context): Map<string, Filling> {
  const agents = new Map<string, Filling>();
  for (const [id, held] of memory.offers.byAgent) {
    const offers = held.map(({ offer }) => offer);
    const ref = memory.agents.get(id)?.ref ?? agentRef(offers[0] as Offer);
    agents.set(id, new Filling(ref, offers, state.frameworkId));
  }
  return agents;
}
