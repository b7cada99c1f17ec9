/** What is left of one agent's offers while tasks are put on it. */
import type { Offer, OfferOperation, Resource, TaskInfo } from '../mesos-http-client/index.js';
import type { Context } from './context.js';
import type { HeldOffer } from './held-offers.js';
import { agentRef, resourcesOf, splitOfHeld } from './offers.js';
import { type Split, splitOf } from './portions.js';
import type { AgentRef } from './records.js';

export class Filling {
  /** Before the launches. */
  readonly operations: OfferOperation[] = [];
  readonly infos: TaskInfo[] = [];
  /** Null: nothing has been put on it, all of the offers is left. */
  #left: Resource[] | null = null;
  #split: Split | null = null;

  constructor(
    readonly ref: AgentRef,
    private readonly held: readonly HeldOffer[],
    private readonly frameworkId: string | null,
  ) {}

  get offers(): Offer[] {
    return this.held.map(({ offer }) => offer);
  }

  get left(): Resource[] {
    return this.#left ?? resourcesOf(this.held);
  }

  set left(resources: Resource[]) {
    this.#left = resources;
    this.#split = null;
  }

  /** The same as placement sees it. */
  get split(): Split {
    this.#split ??= this.#left ? splitOf(this.#left, this.frameworkId) : splitOfHeld(this.held, this.frameworkId);
    return this.#split;
  }
}

/** The agents with offers at hand, by id. */
export function fillings({ memory, state }: Context): Map<string, Filling> {
  const agents = new Map<string, Filling>();
  for (const [id, held] of memory.offers.byAgent) {
    const ref = memory.agents.get(id)?.ref ?? agentRef((held[0] as HeldOffer).offer);
    agents.set(id, new Filling(ref, held, state.frameworkId));
  }
  return agents;
}
