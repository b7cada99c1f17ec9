/** What runs where: the beginning of every plan that moves what already runs. */
import { domainValue, type Located } from './domains.js';
import { groupFault } from './request.js';
import type { AgentSnapshot, GroupRequest, LivingReplica, ReplicaDemand } from './types.js';

export interface RunningReplica extends LivingReplica {
  /** What it asks for; left out: what the group's do. */
  demand?: ReplicaDemand;
  /** What it was given by its agent. */
  ports: number[];
  items?: Record<string, string[]>;
  /** It is known to keep up, so it counts for the majority. False: it starts, lags, or cannot be reached. */
  runs: boolean;
}

export interface RunningGroup extends Omit<GroupRequest, 'slots' | 'living' | 'whole'> {
  /** Replicas when none is missing. */
  size: number;
  replicas: RunningReplica[];
  /** It needs a majority. False: tasks of a plain app, each for itself. */
  replicated: boolean;
  /** Slot of the replica that leads. Null: none does, or it is not known. */
  leader: number | null;
  /** Why its replicas stay where they are, such as volumes on their agents. Left out: they may go. */
  pinned?: string;
  /** Its replicas may go, but not only to gain something. */
  settled?: true;
  /** Groups of lower priority make room for those of higher. Left out: 0. */
  priority?: number;
}

export interface Cluster {
  /** `free` is beside what the groups have. An agent that is missing here takes nothing; replicas on it may go. */
  agents: AgentSnapshot[];
  groups: RunningGroup[];
}

export interface AgentName {
  agentId: string;
  hostname: string;
}

/** A replica leaves one agent for another: its successor joins first, then it leaves. */
export interface Move {
  group: string;
  slot: number;
  from: AgentName;
  to: AgentName;
  /** It leads: leadership goes to another replica before it leaves. */
  leads: boolean;
}

/** By field the values that agents are selected by. */
export type Selection = Readonly<Record<string, readonly string[]>>;

/** How many of a group of `size` decide. */
export function majorityOf(size: number): number {
  return Math.floor(size / 2) + 1;
}

/** Why no replica of the group may move, with a remedy; null: one at a time may. */
export function standstill(group: RunningGroup): string | null {
  const fault = groupFault({ ...group, slots: [], living: [], whole: true }) ?? group.pinned ?? null;
  if (fault !== null || !group.replicated) return fault;
  const running = group.replicas.filter(({ runs }) => runs).length;
  const needed = majorityOf(group.size);
  if (running >= needed) return null;
  return `${running} of ${group.size} replicas are known to keep up, and ${needed} must agree on who belongs to the group; repair it first`;
}

/** All its replicas run. */
export function isWhole({ replicas, size }: RunningGroup): boolean {
  return replicas.filter(({ runs }) => runs).length >= size;
}

/** Its replicas may move although nothing compels them to. */
export function mayImprove(group: RunningGroup): boolean {
  return !group.settled && standstill(group) === null && (!group.replicated || isWhole(group));
}

/** The leader last, so that leadership moves once at most; else by slot. */
export function leaderLast(group: RunningGroup, replicas: readonly RunningReplica[]): RunningReplica[] {
  const rank = ({ slot }: RunningReplica) => (slot === group.leader ? Number.POSITIVE_INFINITY : slot);
  return [...replicas].sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
}

/**
 * Ids of the agents that have, for each field, one of its values; sorted. Those too that are only known by what runs there.
 * @param wanted by field: `agent` is an id or a hostname, everything else a failure domain or an attribute
 */
export function agentsIn(cluster: Cluster, wanted: Selection): string[] {
  const found = placesOf(cluster).filter((place) => isSelected(place, wanted));
  return [...new Set(found.map(({ id }) => id))].sort();
}

/** See `agentsIn`; of one agent. */
export function isSelected(place: Located & { id: string }, wanted: Selection): boolean {
  return Object.entries(wanted).every(([field, values]) =>
    valuesOf(place, field).some((value) => values.includes(value)),
  );
}

/** The values that `agentsIn` finds agents by, sorted; of agents the hostnames. */
export function valuesIn(cluster: Cluster, field: string): string[] {
  return [...new Set(placesOf(cluster).flatMap((place) => valuesOf(place, field).slice(0, 1)))].sort();
}

/** These agents with their hostnames, sorted by id; one that nothing is known of has its id for a name. */
export function agentsNamed(cluster: Cluster, ids: ReadonlySet<string>): AgentName[] {
  const names = new Map(placesOf(cluster).map(({ id, hostname }) => [id, hostname]));
  return [...ids].sort().map((agentId) => ({ agentId, hostname: names.get(agentId) ?? agentId }));
}

function placesOf({ agents, groups }: Cluster): (Located & { id: string })[] {
  const used = groups.flatMap(({ replicas }) => replicas.map((replica) => ({ ...replica, id: replica.agentId })));
  return [...agents, ...used];
}

function valuesOf(place: Located & { id: string }, field: string): string[] {
  if (field === 'agent') return [place.hostname, place.id];
  const value = domainValue(place, field);
  return value === null ? [] : [value];
}
