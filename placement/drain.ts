/** Empties agents: for each replica there a successor elsewhere, in steps that leave every group its majority. */
import type { Attempt } from './attempt.js';
import {
  type AgentName,
  agentsNamed,
  type Cluster,
  leaderLast,
  type Move,
  type RunningGroup,
  type RunningReplica,
  standstill,
} from './cluster.js';
import { ladderOf } from './ladder.js';
import { amounts, shareOf } from './resources.js';
import { moveOf, Standing } from './standing.js';
import { type Survival, survives } from './survives.js';
import { unplacedSentence } from './unplaced.js';

export interface DrainPlan {
  /** Sorted by id. */
  agents: AgentName[];
  /**
   * One after another. The moves of a step are of different groups and may go at once: each replica's successor joins,
   * then the replica leaves, so no group ever has fewer members than before.
   */
  steps: Move[][];
  /** What cannot go, and why, with a remedy. */
  stuck: ({ group: string; slot: number; sentence: string } & AgentName)[];
  /** Of each replicated group that has a replica there: which failures it survives, before and after. */
  groups: { group: string; before: Survival; after: Survival }[];
}

/**
 * Groups of large replicas first. A group's replicas are placed together if all of them can go, so constraints hold
 * when the drain is done; if not, one by one beside all others, so constraints hold at each step. A group that is
 * placed is not moved for a later one.
 * @param agentIds take no replica; see `agentsIn`
 * @throws RangeError when an agent or a group id occurs twice in the cluster
 */
export function planDrain(cluster: Cluster, agentIds: readonly string[], seed = 0): DrainPlan {
  const drained = new Set(agentIds);
  const agents = cluster.agents.filter(({ id }) => !drained.has(id));
  const standing = new Standing({ agents, groups: cluster.groups }, seed);
  const plan: DrainPlan = { agents: agentsNamed(cluster, drained), steps: [], stuck: [], groups: [] };
  for (const group of largestFirst(cluster, standing)) drainGroup(plan, standing, group, drained);
  return plan;
}

function drainGroup(plan: DrainPlan, standing: Standing, group: RunningGroup, drained: ReadonlySet<string>): void {
  const leaving = leaderLast(
    group,
    group.replicas.filter(({ agentId }) => drained.has(agentId)),
  );
  if (leaving.length === 0) return;
  const why = standstill(group);
  const { pairs, stuck } =
    why === null
      ? (together(standing, group, leaving) ?? oneByOne(standing, group, leaving))
      : { pairs: [], stuck: leaving.map((replica): Stuck => [replica, why]) };
  for (const [step, [from, to]] of pairs.entries()) {
    const moves = plan.steps[step] ?? [];
    plan.steps[step] = [...moves, moveOf(group, from, to)];
  }
  for (const [{ slot, agentId, hostname }, sentence] of stuck)
    plan.stuck.push({ group: group.id, slot, agentId, hostname, sentence });
  if (!group.replicated) return;
  const ladder = ladderOf(group.spread);
  const after = survives(standing.replicasOf(group), ladder);
  plan.groups.push({ group: group.id, before: survives(group.replicas, ladder), after });
}

type Pair = [from: RunningReplica, to: RunningReplica];
type Stuck = [replica: RunningReplica, sentence: string];
interface Outcome {
  pairs: Pair[];
  stuck: Stuck[];
}

/** Null: not all of them can go, or there is only one. */
function together(standing: Standing, group: RunningGroup, leaving: RunningReplica[]): Outcome | null {
  if (leaving.length === 1) return null;
  const attempt = standing.find(group, leaving);
  return found(attempt) === leaving.length ? { pairs: join(standing, group, leaving, attempt), stuck: [] } : null;
}

/** In rounds, since one that has gone may make way for another. */
function oneByOne(standing: Standing, group: RunningGroup, leaving: RunningReplica[]): Outcome {
  const pairs: Pair[] = [];
  for (let rest = leaving; ; ) {
    const stuck: Stuck[] = [];
    for (const replica of rest) {
      const attempt = standing.find(group, [replica]);
      if (found(attempt) === 1) pairs.push(...join(standing, group, [replica], attempt));
      else stuck.push([replica, unplacedSentence(attempt)]);
    }
    if (stuck.length === 0 || stuck.length === rest.length) return { pairs, stuck };
    rest = stuck.map(([replica]) => replica);
  }
}

function found({ arrangement }: Attempt): number {
  return arrangement.taken.length;
}

function join(standing: Standing, group: RunningGroup, moving: RunningReplica[], attempt: Attempt): Pair[] {
  const successors = standing.join(group, moving, attempt);
  return moving.map((replica, i): Pair => [replica, successors[i] as RunningReplica]);
}

/** By the share of the largest agent that a replica asks for. */
function largestFirst({ groups }: Cluster, { inventory: { largest } }: Standing): RunningGroup[] {
  const shares = groups.map((group) => ({ group, share: shareOf(amounts(group.demand), largest) }));
  shares.sort((a, b) => b.share - a.share || (a.group.id < b.group.id ? -1 : 1));
  return shares.map(({ group }) => group);
}
