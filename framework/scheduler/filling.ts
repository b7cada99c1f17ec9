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

/** Of the agents with offers at hand, by id. Steps ask for few of them, and there may be very many. */
export class Fillings {
  readonly #asked = new Map<string, Filling>();

  constructor(private readonly context: Context) {}

  get size(): number {
    return this.context.memory.offers.byAgent.size;
  }

  keys(): IterableIterator<string> {
    return this.context.memory.offers.byAgent.keys();
  }

  get(id: string): Filling | undefined {
    const { memory, state } = this.context;
    const held = memory.offers.byAgent.get(id);
    if (!held) return undefined;
    const ref = memory.agents.get(id)?.ref ?? agentRef((held[0] as HeldOffer).offer);
    const filling = this.#asked.get(id) ?? new Filling(ref, held, state.frameworkId);
    this.#asked.set(id, filling);
    return filling;
  }

  /** On others nothing has been put. */
  get asked(): IterableIterator<Filling> {
    return this.#asked.values();
  }
}
