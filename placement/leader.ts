/** Leader spread: leading costs more than following, so a new group is led where the fewest others are. */
import type { Candidate } from './arrangement.js';
import type { GroupRequest } from './types.js';

/**
 * The slot that each chosen agent gets. In the order given; only the lowest slot of a new group, which leads first, goes to
 * the agent with the fewest leaders.
 */
export function slotsFor(group: GroupRequest, taken: readonly Candidate[]): number[] {
  const slots = group.slots.slice(0, taken.length);
  if (!isFounded(group)) return slots;
  const lowest = slots.indexOf(Math.min(...slots));
  const leaders = taken.map(({ agent }) => agent.leaders ?? 0);
  const calmest = leaders.reduce((least, count, i) => (count < (leaders[least] as number) ? i : least), lowest);
  const [first, other] = [slots[lowest] as number, slots[calmest] as number];
  return slots.with(lowest, other).with(calmest, first);
}

/** A replicated app's group that begins: nobody leads it yet. */
export function isFounded({ living, distinctAgents }: GroupRequest): boolean {
  return distinctAgents && living.length === 0;
}
