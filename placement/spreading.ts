/** Moves that spread a group more evenly, the greatest gain first. */
import { leaderLast, mayImprove, type RunningGroup, type RunningReplica } from './cluster.js';
import { domainKeys } from './domains.js';
import { sharingPairs, sharingPairsMin } from './evenness.js';
import { ladderOf } from './ladder.js';
import type { Draft } from './rebalance.js';
import { type Relocation, relocate } from './relocation.js';
import { moveOf } from './standing.js';
import type { AgentSnapshot } from './types.js';

interface Gain extends Relocation {
  evener: NonNullable<Relocation['evener']>;
}

/** Until no move for the spread gains or there are enough. */
export function spreadGroups(draft: Draft): void {
  const domains = new DomainCounts(draft.cluster.agents);
  let gains = draft.cluster.groups.flatMap((group) => listed(bestGain(draft, group, domains)));
  while (gains.length > 0 && draft.moves.length < draft.movesMax) {
    const { group } = gains.reduce((best, next) => (isGreater(next, best) ? next : best));
    gains = gains.filter((gain) => gain.group !== group);
    // Looked for again: an earlier move may have taken the room, or left some.
    const gain = bestGain(draft, group, domains);
    if (!gain) continue;
    carryOut(draft, gain);
    gains.push(...listed(bestGain(draft, group, domains)));
  }
}

const listed = (gain: Gain | null) => (gain ? [gain] : []);

function isGreater(a: Gain, b: Gain): boolean {
  if (a.evener.rung !== b.evener.rung) return a.evener.rung < b.evener.rung;
  if (a.evener.pairs !== b.evener.pairs) return a.evener.pairs > b.evener.pairs;
  return a.group.id < b.group.id;
}

function bestGain({ standing, sought, gainMin }: Draft, group: RunningGroup, domains: DomainCounts): Gain | null {
  const replicas = standing.replicasOf(group);
  const ladder = ladderOf(group.spread);
  if (domains.areUsedEvenly(sharingPairs(replicas, ladder), replicas.length, ladder)) return null;
  if (sought.has(group.id) || !mayImprove(group)) return null;
  const gains = leaderLast(group, replicas).flatMap((replica) => {
    const found = relocate(standing, group, replica);
    return found?.evener && found.evener.pairs >= gainMin ? [{ ...found, evener: found.evener }] : [];
  });
  return gains.reduce<Gain | null>((most, next) => (most && !isGreater(next, most) ? most : next), null);
}

function carryOut({ standing, moves }: Draft, { group, replica, attempt, evener, sharing }: Gain): void {
  const [successor] = standing.join(group, [replica], attempt) as [RunningReplica];
  standing.leave(group, replica);
  const { rung, pairs } = evener;
  const numbers = `${sharing.before[rung]} before, ${sharing.after[rung]} after`;
  const sentence = `pairs of replicas of ${group.id} that share a ${ladderOf(group.spread)[rung]}: ${numbers}`;
  const move = moveOf(group, replica, successor);
  moves.push({ ...move, goal: 'spread', gain: pairs, sharingPairs: sharing, frees: null, sentence });
}

/** How many domains of each rung there are, per ladder. */
class DomainCounts {
  private readonly known = new Map<string, number[]>();

  constructor(private readonly agents: readonly AgentSnapshot[]) {}

  /** No arrangement of so many replicas has fewer pairs that share a domain, on any rung. */
  areUsedEvenly(pairs: readonly number[], replicas: number, ladder: readonly string[]): boolean {
    if (pairs.every((count) => count === 0)) return true;
    const counts = this.of(ladder);
    return pairs.every((count, rung) => count <= sharingPairsMin(replicas, counts[rung] as number));
  }

  private of(ladder: readonly string[]): number[] {
    const name = JSON.stringify(ladder);
    const counts = this.known.get(name) ?? this.count(ladder);
    this.known.set(name, counts);
    return counts;
  }

  private count(ladder: readonly string[]): number[] {
    const keys = this.agents.map((agent) => domainKeys(agent, ladder));
    return ladder.map((_, rung) => new Set(keys.map((path) => path[rung])).size);
  }
}
