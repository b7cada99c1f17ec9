/** Moves that gain: groups spread more evenly over agents that were added, and agents emptied by packing others fuller. */
import { closeAgents } from './closing.js';
import { type AgentName, agentsNamed, type Cluster, type Move, type RunningGroup } from './cluster.js';
import { ladderOf } from './ladder.js';
import { spreadGroups } from './spreading.js';
import { type Room, Standing } from './standing.js';
import { type Survival, survives } from './survives.js';

export interface RebalanceOptions {
  /** Default 20. */
  movesMax?: number;
  /**
   * A move that gains less is left out. The gain of a move for the spread is by how many fewer pairs of replicas share
   * a domain, on the widest rung that changes; that of a move for room is agents emptied per move. Default 0.
   */
  gainMin?: number;
  /** Decides among equals. */
  seed?: number;
}

export interface RebalanceMove extends Move {
  goal: 'spread' | 'room';
  /** See `RebalanceOptions.gainMin`; more than 0. */
  gain: number;
  /** Pairs of the group's replicas that share a domain, per rung of its ladder. */
  sharingPairs: { before: number[]; after: number[] };
  /** Of a move for room: the agent that is empty after it and the moves beside it of the same `frees`. */
  frees: string | null;
  /** The gain in words and numbers. */
  sentence: string;
}

export interface RebalancePlan {
  /** One after another, for a move may need the room that an earlier one leaves. */
  moves: RebalanceMove[];
  /** Agents without any replica after the moves that had some before. */
  agentsFreed: AgentName[];
  /** What is left of the agent that has room for the largest replica; null: there are no agents. */
  largestRoom: { before: Room | null; after: Room | null };
  /** Of each replicated group that is moved. */
  groups: { group: string; before: Survival; after: Survival }[];
  /** Not all agents that might be emptied were tried. */
  gaveUp: boolean;
}

/** What is being made. */
export interface Draft {
  cluster: Cluster;
  standing: Standing;
  /** Groups that others are to be near; they stay where they are. */
  sought: ReadonlySet<string>;
  moves: RebalanceMove[];
  movesMax: number;
  gainMin: number;
  /** Agents that may still be tried in vain. */
  triesLeft: number;
}

const movesMaxDefault = 20;
const triesMax = 100;

/**
 * No move makes a group less even (wider domains first) or survive fewer failures, breaks a constraint or goes to an
 * agent that the group avoids. Replicated groups that are not whole and groups that others are near stay as they are. The plan ends when no move
 * gains, or at `movesMax`.
 * @throws RangeError when an option is out of range, or an agent or a group id occurs twice
 */
export function planRebalance(cluster: Cluster, options: RebalanceOptions = {}): RebalancePlan {
  const { movesMax = movesMaxDefault, gainMin = 0, seed = 0 } = options;
  if (!Number.isInteger(movesMax) || movesMax < 0)
    throw new RangeError(`movesMax is ${movesMax}; give a whole number of at least 0`);
  if (!(gainMin >= 0)) throw new RangeError(`gainMin is ${gainMin}; give a number of at least 0`);
  const standing = new Standing(cluster, seed);
  const sought = new Set(cluster.groups.flatMap(({ near = [] }) => near.map(({ app }) => app)));
  const draft: Draft = { cluster, standing, sought, moves: [], movesMax, gainMin, triesLeft: triesMax };
  const before = standing.largestRoom();
  for (let made = -1; made < draft.moves.length; ) {
    made = draft.moves.length;
    spreadGroups(draft);
    closeAgents(draft);
  }
  return { ...outcome(draft), largestRoom: { before, after: standing.largestRoom() } };
}

function outcome({ cluster, standing, moves, triesLeft }: Draft): Omit<RebalancePlan, 'largestRoom'> {
  const moved = new Set(moves.map(({ group }) => group));
  const groups = cluster.groups.filter(({ id, replicated }) => replicated && moved.has(id));
  const used = new Set(cluster.groups.flatMap((group) => agentsOf(standing.replicasOf(group))));
  const usedBefore = new Set(cluster.groups.flatMap(({ replicas }) => agentsOf(replicas)));
  return {
    moves,
    agentsFreed: agentsNamed(cluster, new Set([...usedBefore].filter((id) => !used.has(id)))),
    groups: groups.map((group) => ({ group: group.id, ...survivalOf(group, standing) })),
    gaveUp: triesLeft === 0,
  };
}

function survivalOf(group: RunningGroup, standing: Standing) {
  const ladder = ladderOf(group.spread);
  return { before: survives(group.replicas, ladder), after: survives(standing.replicasOf(group), ladder) };
}

const agentsOf = (replicas: readonly { agentId: string }[]) => replicas.map(({ agentId }) => agentId);
