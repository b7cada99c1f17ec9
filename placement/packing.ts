/**
 * In which order groups that are known at once fill agents best: the largest first, then, for each agent that it went to, the set
 * of others that leaves least of it, until nothing fits there any more (minimum bin slack; Gupta and Ho, "A new heuristic algorithm
 * for the one-dimensional bin-packing problem", 1999). Where a group goes is not decided here.
 */
import { bestFilling, type Kind } from './filling.js';
import type { Inventory } from './inventory.js';
import { type Amounts, amounts, keyOf, largestFirst } from './resources.js';
import type { ReplicaDemand } from './types.js';

/** Groups whose replicas ask for the same, in the order given. */
interface Waiting<Group> extends Kind {
  groups: Group[];
}

/**
 * Has each group placed, once.
 * @param placeOne takes a group's room and returns the agents it went to, by their ids; none if it found no place
 */
export type Order = <Group extends { demand: ReplicaDemand }>(
  groups: readonly Group[],
  inventory: Inventory,
  placeOne: (group: Group) => readonly string[],
) => void;

export const placePacked: Order = (groups, inventory, placeOne) => {
  inventory.keepsRooms = false;
  try {
    new Packing(kindsOf(groups, inventory), inventory, placeOne).run();
  } finally {
    inventory.keepsRooms = true;
  }
};

/** Agents are less well filled, but to the last as many as before have room, for groups that need different ones. */
export const placeLargestFirst: Order = (groups, inventory, placeOne) => {
  for (const kind of kindsOf(groups, inventory)) for (const group of kind.groups) placeOne(group);
};

/** The largest first. */
function kindsOf<Group extends { demand: ReplicaDemand }>(
  groups: readonly Group[],
  inventory: Inventory,
): Waiting<Group>[] {
  const kinds = new Map<string, Waiting<Group>>();
  for (const group of groups) {
    const asked = amounts(group.demand);
    inventory.note(asked);
    const key = keyOf(asked);
    const kind = kinds.get(key) ?? { asked, count: 0, groups: [] };
    kind.groups.push(group);
    kind.count += 1;
    kinds.set(key, kind);
  }
  return largestFirst([...kinds.values()], inventory.largest);
}

class Packing<Group> {
  constructor(
    private readonly kinds: readonly Waiting<Group>[],
    private readonly inventory: Inventory,
    private readonly placeOne: (group: Group) => readonly string[],
  ) {}

  run(): void {
    for (const kind of this.kinds) while (kind.count > 0) this.placeWithOthers(kind);
  }

  private placeWithOthers(kind: Waiting<Group>): void {
    const ledgers = this.place(kind).flatMap((id) => this.inventory.ledgerOf(id) ?? []);
    for (const { agent } of ledgers.sort((a, b) => b.step - a.step)) this.fillUp(agent.id);
  }

  private fillUp(agentId: string): void {
    for (;;) {
      const left = this.inventory.ledgerOf(agentId)?.left;
      const set = left ? bestFilling(left, this.kinds, this.weights()) : [];
      if (set.length === 0) return;
      for (const kind of set) this.place(kind);
    }
  }

  private place(kind: Waiting<Group>): readonly string[] {
    const group = kind.groups[kind.groups.length - kind.count] as Group;
    kind.count -= 1;
    return this.placeOne(group);
  }

  /** What is left of a dimension matters as much as it is asked for by those that wait. */
  private weights(): Amounts {
    const { largest } = this.inventory;
    const weight = (d: keyof Amounts) =>
      largest[d] === 0 ? 0 : this.kinds.reduce((sum, { asked, count }) => sum + asked[d] * count, 0) / largest[d] ** 2;
    return { cpus: weight('cpus'), mem: weight('mem'), disk: weight('disk'), gpus: weight('gpus') };
  }
}
