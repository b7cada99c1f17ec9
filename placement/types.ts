/** Vocabulary of the placement library. Scalars are exact to a thousandth, as Mesos counts. */

export interface PortRange {
  begin: number;
  end: number;
}

export interface Resources {
  cpus: number;
  /** MB */
  mem: number;
  /** MB */
  disk: number;
  gpus: number;
  ports: PortRange[];
  /** Further scalars by name. */
  scalars?: Record<string, number>;
  /** Items of sets by the set's name. */
  sets?: Record<string, string[]>;
}

export type AttributeValue =
  | { type: 'text'; value: string }
  | { type: 'scalar'; value: number }
  | { type: 'ranges'; value: PortRange[] }
  | { type: 'set'; value: string[] };

/** One agent as the offers at hand show it. */
export interface AgentSnapshot {
  id: string;
  hostname: string;
  /** Mesos fault domain. */
  region: string | null;
  zone: string | null;
  attributes: Record<string, AttributeValue>;
  /** What is offered now, and anybody may take. */
  free: Resources;
  /** What is offered beside it, and only those take that claim it; left out: nothing. */
  portions?: Portion[];
  /** What the agent has; equals `free` when unknown. */
  total: Resources;
  /** How many groups are led from there; left out: none. */
  leaders?: number;
  /** Replicas of other apps that run there, or may still; left out: none. */
  running?: { app: string; slot: number }[];
  /** When it goes down for maintenance; left out or null: no window is known. */
  unavailable?: Unavailability | null;
}

/** Part of an agent that is set aside. */
export interface Portion {
  resources: Resources;
  /** The roles of its reservations, the outermost first; the last is in force. Left out or empty: not reserved. */
  reservedFor?: string[];
  /** Reserved for what has this name, for instance for a replica with a volume that comes back to it. */
  keptFor?: string;
  /** Its owner may take it back at any time. */
  revocable?: boolean;
}

/** A maintenance window. */
export interface Unavailability {
  /** Since 1970. */
  startMs: number;
  /** Null: no end is known. */
  durationMs: number | null;
}

/** Marathon's constraint: [field, operator, value?]. */
export interface Constraint {
  field: string;
  operator: 'UNIQUE' | 'CLUSTER' | 'GROUP_BY' | 'LIKE' | 'UNLIKE' | 'MAX_PER' | 'IS';
  value: string | null;
}

/** A member of the same app that runs (or may still vote) somewhere; its agent need not be in the snapshot. */
export interface LivingReplica {
  slot: number;
  agentId: string;
  hostname: string;
  region: string | null;
  zone: string | null;
  attributes: Record<string, AttributeValue>;
}

/** What a replica asks of its agent. */
export interface ReplicaDemand {
  cpus: number;
  mem: number;
  disk: number;
  gpus: number;
  /** In order; 0 = any free port. */
  ports: number[];
  /** Of further scalars by name. */
  scalars?: Record<string, number>;
  /** So many items of sets, by the set's name. */
  sets?: Record<string, number>;
}

/**
 * One rung of a ladder: a failure domain's name, or with more to say about it. The replicas are spread over it softly; when
 * `required`, no domain gets more than `maxPerDomain` of the group's replicas, living ones counted (left out: never a
 * majority of them).
 */
export type Rung = string | { domain: string; maxPerDomain?: number; required?: boolean };

/**
 * Near another app, in a failure domain with at least one of its replicas, or apart from it, with none. Which replicas run
 * is what the agents' `running` says, and the groups placed before in the same request.
 */
export interface Affinity {
  app: string;
  /** Of the group's ladder, or another one. */
  domain: string;
  /** False: a wish, more important than the spread. */
  required: boolean;
}

/** What a group may take beside, or instead of, what is free. */
export interface Claim {
  /** What is reserved for these roles, first; '*' stands for what is not reserved. Left out: ['*'] alone. */
  roles?: string[];
  /** Nothing but what is kept for this name. */
  keptFor?: string;
  /** Of a scalar what is revocable, where that is enough for a replica; the two kinds are never mixed. */
  revocable?: boolean;
}

/** Replicas of one app that are to be placed now: a new group, a scale-up, or a replacement. */
export interface GroupRequest {
  id: string;
  /** Slots to place; stable indices of the replicas. */
  slots: number[];
  demand: ReplicaDemand;
  constraints: Constraint[];
  /** Left out: what is free. */
  claim?: Claim;
  /** Two replicas of this app never share an agent. True for replicated apps. */
  distinctAgents: boolean;
  /** Failure domains from the widest to the narrowest, e.g. ['zone', { domain: 'rack', required: true }, 'host']. */
  spread: Rung[];
  living: LivingReplica[];
  /** How many replicas the app is to have; rules that count by it do so. Left out, or too small: the living ones and `slots`. */
  size?: number;
  near?: Affinity[];
  apart?: Affinity[];
  /** Like constraints, but wishes: after the affinities, and more important than the spread. */
  preferences?: Constraint[];
  /**
   * The group goes to one copyset while one has room: its agents share groups with about so many others, and few
   * combinations of failures cost any group its majority. Left out: any agents together.
   */
  scatterWidth?: number;
  /** Agents to avoid while another one does, with the reason (a replica has just failed there). */
  avoid: Record<string, string>;
  /** Agents that take none of it, with the reason (they are being emptied); left out: none. */
  closed?: Readonly<Record<string, string>>;
  /**
   * Agents whose maintenance has begun, or begins within `horizonMs` of `nowMs`, are avoided, too. Left out: windows count
   * for nothing.
   */
  maintenance?: { nowMs: number; horizonMs: number };
  /** All `slots` or none. False: as many as fit (plain apps). */
  whole: boolean;
}

/** What decides among agents that are equally far from the other replicas; see `fitValue`. */
export type Objective = 'bestFit' | 'spread' | 'dotProduct' | 'residual';

export interface PlacementRequest {
  groups: GroupRequest[];
  /**
   * `given` (default): one group after the other. `packed`: in the order that fills agents best, for groups that are equally
   * urgent; when not all fit, the one of this order, the largest first and the order given that places most replicas.
   */
  order?: 'given' | 'packed';
  /** Default `bestFit`. */
  objective?: Objective;
  /** Breaks ties; the same seed gives the same plan. */
  seed: number;
}

export interface ScorePart {
  name: string;
  /** 0 (worst) to 1 (best) */
  value: number;
  weight: number;
}

/** What one replica is given. */
export interface Seat {
  slot: number;
  agentId: string;
  ports: number[];
  /** The items of each set asked for. */
  items?: Record<string, string[]>;
}

export interface Assigned extends Seat {
  group: string;
  hostname: string;
  score: number;
  scoreParts: ScorePart[];
}

/** Why one agent did not do for one replica. */
export interface Refusal {
  agentId: string;
  hostname: string;
  /** Name of the rule or dimension: 'cpus', 'ports', 'distinctAgents', 'constraint', 'spread', 'affinity', ... */
  rule: string;
  /** What was asked, what is there and what is missing, when the rule counts something. */
  asked: number | null;
  free: number | null;
  missing: number | null;
  /** A sentence with the numbers, for people. */
  sentence: string;
}

export interface Unplaced {
  group: string;
  slots: number[];
  /** One sentence: the narrowest reason and what would make it fit. */
  sentence: string;
  refusals: Refusal[];
}

export interface Plan {
  assigned: Assigned[];
  unplaced: Unplaced[];
  /** For placed groups too: per agent that was not taken, why (lower score, or a refusal). */
  considered: { group: string; agentId: string; hostname: string; sentence: string }[];
}
