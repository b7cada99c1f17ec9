/**
 * Chooses agents for the replicas of one group. Greedy by score first; when that falls short though the bounds say it
 * could be more, depth-first search with pruning. The replicas of a group are alike, and what an arrangement allows
 * never grows as replicas are added, so:
 * - a solution that has agent A is found below "take A"; after that failed A is out;
 * - and with A every agent that A could stand in for (same counted values, no more room).
 */
import type { Arrangement, Candidate } from './arrangement.js';
import { ListPool, type Pool } from './pool.js';

/** Scores computed per group by the depth-first search before it gives up. Bounds the time, not a clock. */
const scoresMax = 400_000;
/** Groups with more replicas to place are placed greedily only: each step takes the best agent that is allowed. */
const searchedReplicasMax = 64;
const improvementRoundsMax = 8;

/** Takes `wanted` replicas by score alone, or as many as it comes to; true: all. */
export function chooseByScore(arrangement: Arrangement, pool: Pool, wanted: number): boolean {
  greedy(arrangement, pool, wanted);
  const whole = arrangement.taken.length === wanted;
  const { rules, wishes } = arrangement.frame;
  if (whole && rules.length + wishes.length > 0 && wanted <= searchedReplicasMax) improve(arrangement, pool);
  return whole;
}

/**
 * Takes up to `wanted` replicas, as many as it finds room for.
 * @param candidates in the order that breaks ties
 * @returns whether the search was given up before it had seen everything
 */
export function choose(
  arrangement: Arrangement,
  candidates: readonly Candidate[],
  wanted: number,
): { gaveUp: boolean } {
  const pool = new ListPool(candidates);
  if (chooseByScore(arrangement, pool, wanted)) return { gaveUp: false };
  if (wanted > searchedReplicasMax) return { gaveUp: true };
  const first = [...arrangement.taken];
  releaseAll(arrangement);
  const outcome = searchForMore(arrangement, candidates, first.length, wanted);
  if (arrangement.taken.length === 0) for (const candidate of first) arrangement.take(candidate);
  improve(arrangement, pool);
  return outcome;
}

function greedy(arrangement: Arrangement, pool: Pool, wanted: number): void {
  for (let i = 0; i < wanted; i++) {
    const next = pool.best(arrangement);
    if (!next) return;
    arrangement.take(next);
  }
}

/** Leaves the arrangement with more than `found` replicas, or empty. */
function searchForMore(arrangement: Arrangement, candidates: readonly Candidate[], found: number, wanted: number) {
  const effort = { left: scoresMax };
  const most = Math.min(wanted, arrangement.bound(candidates));
  const shares = shareValues(candidates);
  for (let target = most; target > found && effort.left > 0; target--)
    if (descend(arrangement, candidates, target, effort, shares)) break;
  return { gaveUp: effort.left <= 0 };
}

function descend(
  arrangement: Arrangement,
  candidates: readonly Candidate[],
  missing: number,
  effort: { left: number },
  shares: Map<string, number>[],
): boolean {
  if (missing === 0) return true;
  let open = candidates.filter((candidate) => arrangement.allows(candidate));
  while (arrangement.bound(open) >= missing) {
    effort.left -= open.length;
    if (effort.left <= 0) return false;
    const tried = new ListPool(open).best(arrangement) as Candidate;
    arrangement.take(tried);
    if (descend(arrangement, open, missing - 1, effort, shares)) return true;
    arrangement.release(tried);
    open = open.filter((candidate) => !standsInFor(arrangement, tried, candidate, shares));
  }
  return false;
}

/** Per counting rule, how many candidates have each value. */
function shareValues(candidates: readonly Candidate[]): Map<string, number>[] {
  const width = candidates[0]?.values.length ?? 0;
  return Array.from({ length: width }, (_, index) => {
    const counts = new Map<string, number>();
    for (const { values } of candidates)
      counts.set(values[index] as string, (counts.get(values[index] as string) ?? 0) + 1);
    return counts;
  });
}

/**
 * Whether every arrangement with `other` and without `tried` is as good with `tried` instead: it has at least as much
 * room, and each counted value is the same, or belongs to nobody else and is used equally often.
 */
function standsInFor(
  arrangement: Arrangement,
  tried: Candidate,
  other: Candidate,
  shares: Map<string, number>[],
): boolean {
  if (tried.room - arrangement.usesOf(tried) < other.room - arrangement.usesOf(other)) return false;
  return tried.values.every((value, index) => {
    const theirs = other.values[index] as string;
    if (value === theirs) return true;
    const own = shares[index]?.get(value) === 1 && shares[index]?.get(theirs) === 1;
    return own && arrangement.countOf(index, value) === arrangement.countOf(index, theirs);
  });
}

function releaseAll(arrangement: Arrangement): void {
  for (const candidate of [...arrangement.taken]) arrangement.release(candidate);
}

/** Exchanges one replica's agent for a better one while that helps: the search looked for room first, then for spread. */
function improve(arrangement: Arrangement, pool: Pool): void {
  for (let round = 0; round < improvementRoundsMax; round++) {
    let changed = false;
    for (const candidate of [...arrangement.taken]) {
      arrangement.release(candidate);
      const other = pool.best(arrangement) as Candidate;
      const better = arrangement.score(other) > arrangement.score(candidate);
      arrangement.take(better ? other : candidate);
      changed ||= better;
    }
    if (!changed) return;
  }
}
