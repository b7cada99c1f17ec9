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
import { placePacked } from './packing.js';
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
 * Groups in the order that fills agents best (see packing.ts). A group's replicas are placed together if all of them can go, so constraints hold
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
  const isThere = ({ agentId }: RunningReplica) => drained.has(agentId);
  const leaving = cluster.groups.filter(({ replicas }) => replicas.some(isThere));
  leaving.sort((a, b) => (a.id < b.id ? -1 : 1));
  placePacked(leaving, standing.inventory, (group) =>
    drainGroup(plan, standing, group, leaderLast(group, group.replicas.filter(isThere))),
  );
  return plan;
}

/** Returns the agents that its replicas go to. */
function drainGroup(plan: DrainPlan, standing: Standing, group: RunningGroup, leaving: RunningReplica[]): string[] {
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
  if (group.replicated) plan.groups.push({ group: group.id, ...survival(standing, group) });
  return pairs.map(([, to]) => to.agentId);
}

function survival(standing: Standing, group: RunningGroup): { before: Survival; after: Survival } {
  const ladder = ladderOf(group.spread);
  return { before: survives(group.replicas, ladder), after: survives(standing.replicasOf(group), ladder) };
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
