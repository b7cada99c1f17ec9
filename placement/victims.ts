/** Which replicas go when an app gets smaller. */
import { domainKeys } from './domains.js';
import type { LivingReplica } from './types.js';

export interface VictimOptions {
  /** Failure domains from the widest to the narrowest; fields of GROUP_BY constraints work too. */
  ladder: readonly string[];
  /** Decides among replicas that are equally crowded. Age is the order of `living`: oldest first. */
  killSelection: 'YOUNGEST_FIRST' | 'OLDEST_FIRST';
  /** Slots that go only when nothing else is left, for example the leader's. */
  spare?: readonly number[];
}

/**
 * Chooses `count` of the living, so that the rest stay as evenly spread as can be: each time one from the fullest
 * widest domain, there from the fullest next one, and so on. Never more than there are. In the order they are to go.
 */
export function chooseVictims(
  living: readonly LivingReplica[],
  count: number,
  { ladder, killSelection, spare = [] }: VictimOptions,
): LivingReplica[] {
  const byAge = killSelection === 'YOUNGEST_FIRST' ? [...living].reverse() : [...living];
  const rest = byAge.map((replica) => ({ replica, keys: domainKeys(replica, ladder) }));
  const victims: LivingReplica[] = [];
  while (victims.length < count && rest.length > 0) {
    const open = rest.filter(({ replica }) => !spare.includes(replica.slot));
    const crowds = crowdsOf(rest.map(({ keys }) => keys));
    const next = (open.length > 0 ? open : rest).reduce((a, b) => (isMoreCrowded(b.keys, a.keys, crowds) ? b : a));
    rest.splice(rest.indexOf(next), 1);
    victims.push(next.replica);
  }
  return victims;
}

function crowdsOf(paths: readonly string[][]): Map<string, number> {
  const crowds = new Map<string, number>();
  for (const key of paths.flat()) crowds.set(key, (crowds.get(key) ?? 0) + 1);
  return crowds;
}

function isMoreCrowded(a: readonly string[], b: readonly string[], crowds: ReadonlyMap<string, number>): boolean {
  for (const [rung, key] of a.entries()) {
    const difference = (crowds.get(key) ?? 0) - (crowds.get(b[rung] as string) ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
