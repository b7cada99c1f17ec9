/** What every part of the scheduler is handed: the time, the state, and where actions are collected. */

import type { AgentName, PreemptionPlan, RebalancePlan } from '../../placement/index.js';
import type {
  AgentSnapshot,
  PlacementRequest,
  Plan,
  Refusal,
  ReplicaDemand,
  ScorePart,
  Unavailability,
} from '../../placement/types.js';
import type { AppSpec } from '../app.js';
import { nothingCounted } from '../distribution.js';
import type { PublicEvent } from '../events/event.js';
import type { HostFacts } from '../host-facts/facts.js';
import type { CommandURI, SchedulerCallBody, SchedulerEvent } from '../mesos-http-client/index.js';
import type { PreemptionJob, RebalanceJob } from '../planning.js';
import type { ProbeAnswer } from '../prober.js';
import type { ProbeOrder, ProbeOutcome } from '../probes/types.js';
import type { Command, CommandResult, Counts } from '../service.js';
import type { ServicePorts } from '../spec/service-ports.js';
import type { CheckHealth } from './check-health.js';
import { Demands } from './demands.js';
import { HeldOffers } from './held-offers.js';
import { type InVain, nothingInVain } from './in-vain.js';
import type { AgentRef } from './records.js';
import type { AppSeries } from './series.js';
import type { Change, State } from './state.js';

/** `now` is in milliseconds since 1970. */
export type Event = { now: number } & (
  | { type: 'mesos'; event: SchedulerEvent }
  | { type: 'disconnected' }
  | { type: 'ticked' }
  /** No answer came to it: the master may have carried it out or not. */
  | { type: 'callLost'; call: SchedulerCallBody }
  /** The answer to a `plan`; null: there is none. */
  | { type: 'planned'; of: 'preemption'; id: string; plan: PreemptionPlan | null }
  | { type: 'planned'; of: 'rebalance'; id: string; plan: RebalancePlan | null }
  /** The answers to orders to `probe`, in any order. */
  | { type: 'probed'; answers: ProbeAnswer[] }
  | { type: 'command'; requestId: string; command: Command }
);

/** In the order they are to be carried out. `persist` comes first and is durable before the next one starts. */
export type Action =
  | { type: 'persist'; changes: Change[] }
  | { type: 'call'; call: SchedulerCallBody }
  | { type: 'reply'; requestId: string; result: CommandResult }
  /** A line of the framework's log. */
  | { type: 'log'; fields: LogFields; text: string }
  /** For whoever follows `/v2/events`. */
  | { type: 'publish'; event: PublicEvent }
  /** Made beside the steps; the answer comes as `planned`. */
  | { type: 'plan'; id: string; job: PreemptionJob | RebalanceJob }
  /** Made beside the steps; an answer with the same id comes in a `probed`. */
  | { type: 'probe'; id: string; order: ProbeOrder };

/** What a line is about, to find all that belong together. */
export interface LogFields {
  appId?: string;
  /** Of what changes the app; null: nothing does. */
  deploymentId?: string | null;
  taskId?: string;
  agentId?: string;
}

/** Source of what must not be guessable or repeated; seeded in tests. */
export interface Ids {
  uuid(): string;
  /** 32 bytes, hex. */
  secretHex(): string;
}

/** Gives the values of secrets; a value goes to the executor only. */
export interface Secrets {
  read(source: string): { value: string } | { problem: string };
}

export interface SchedulerOptions {
  /** Role the framework subscribes with. */
  role: string;
  /** Of the framework; null: none, and nothing is reserved. */
  principal: string | null;
  /** Shell command that runs the executor on an agent. */
  executorCommand: string;
  /** What that needs in the sandbox. Left out: nothing. */
  executorUris?: CommandURI[];
  /** What an executor takes of its task's memory, where the app's spec does not reckon with it. Left out: nothing. */
  executorMemoryMb?: number;
  /** On every agent: where members with durability `disk` keep what outlives them. */
  dataDirectory: string;
  /** Of users' changes; one more is refused. */
  runningDeploymentsMax: number;
  /** Given to apps that ask for any (`port: 0`). Left out: none are. */
  servicePorts?: ServicePorts;
  /** Left out: there are none. */
  secrets?: Secrets;
  place(request: PlacementRequest, agents: AgentSnapshot[]): Plan;
  ids: Ids;
}

/** The last that is known of an agent's free resources, for explanations and previews. */
export interface KnownAgent {
  snapshot: AgentSnapshot;
  /** The same object as long as nothing of it changes, for all tasks there. */
  ref: AgentRef;
  /** Of its API; null: its offers do not tell. */
  url: string | null;
  /** Of its newest offer. */
  offerId: string;
  offeredMs: number;
}

/** An agent that is not known any more is called by its id. */
export const agentNamed = ({ agents }: Pick<Memory, 'agents'>, agentId: string): AgentName => ({
  agentId,
  hostname: agents.get(agentId)?.snapshot.hostname ?? agentId,
});

/** Why an app's tasks wait, and since when. */
export interface Waiting {
  sinceMs: number;
  count: number;
  processedOffers: number;
  unusedOffers: number;
  /** What its agents' offers were declined for since it waits, by the rule: each offer once, if the app was looked at while it was the agent's newest. */
  declinedFor: Record<string, number>;
  refusals: Refusal[];
  sentence: string | null;
  /** `sentence` is about the back-off, not about agents. */
  delayed: boolean;
  /** It would fit on what all known agents have offered last. */
  fits: boolean;
  /** What most agents lack, by the rule; null: it fits, or nothing is known. */
  lacks: string | null;
  /** When `sentence` and `refusals` were found; null: never yet. */
  explainedMs: number | null;
  earmarked: Earmarked;
}

/** How often room has been kept for an app that waits, until when others come first, and where it was kept in vain. */
export interface Earmarked {
  times: number;
  /** Since it came, or since its last earmark. */
  waitsSinceMs: number;
  restUntilMs: number;
  /** Agent ids. */
  vain: string[];
}

/** Room that is kept for an app: on each agent what so many replicas ask together. */
export interface Earmark {
  appId: string;
  /** Of the demand it was made for. */
  key: string;
  agents: (AgentName & { replicas: number; demand: ReplicaDemand })[];
  sinceMs: number;
  untilMs: number;
}

/** Repeated until its effect shows. */
export interface Repeat {
  nextMs: number;
  attempt: number;
}

/** How far a joiner has come: the entry it has applied, and the snapshot that is on its way to it. */
export interface JoinProgress {
  applied: number;
  provider: number;
  bytesTotal: number;
  bytesDone: number;
  sinceMs: number;
}

/** The part of the state that a restart may forget. */
export interface Memory {
  connected: boolean;
  master: string | null;
  /** When the connection came or went. */
  masterSinceMs: number | null;
  offeredMs: number | null;
  offers: HeldOffers;
  agents: Map<string, KnownAgent>;
  /** Agents that are drained, by id, and by which drains. */
  drained: Map<string, { hostname: string; drains: string[] }>;
  /** The same agents, as placement is told: they take nothing new, with the reason. */
  closed: Record<string, string>;
  /** When a rebalance may be planned anew; infinite while that is being done. */
  replanMs: number;
  /** So many moves may begin in this step. */
  movesLeft: number;
  /** Agents where room is made for an app: nothing of lower priority goes there. */
  held: Map<string, { app: string; priority: number }>;
  /** When room may be made again for any app, and for one app. */
  preemption: { nextMs: number; nextMsOf: Map<string, number>; planning: boolean };
  /** Maintenance windows, by agent; also of agents that have offered nothing. */
  unavailable: Map<string, Unavailability>;
  /** By agent: the last inverse offer, when no offer has come since. */
  asked: Map<string, { offerId: string; heardMs: number }>;
  /** Agents that the last answer allowed to go down. */
  allowed: Set<string>;
  demands: Demands;
  waiting: Map<string, Waiting>;
  /** Demands that have been looked for among these offers without finding anything. */
  inVain: InVain;
  /** When all agents may be looked at again, by what for. */
  wideLooksMs: { explain: number; earmark: number };
  /** By the app it is kept for. */
  earmarks: Map<string, Earmark>;
  /** Reservations that are to be given back, for which offers have been asked. */
  owed: Set<string>;
  suppressed: boolean;
  reviveWanted: boolean;
  revivedMs: number;
  kills: Map<string, Repeat>;
  /** Offers that were taken by calls without an answer, and the tasks on them. */
  lostCalls: { offerIds: Set<string>; taskIds: Set<string> };
  /** Tasks of ours in Mesos that the store does not know: they are killed. */
  strays: Map<string, Repeat & { agentId: string | null }>;
  /** By the task that is asked, then by what it is asked. */
  orders: Map<string, Map<string, Repeat>>;
  /** Instances whose reservations are given back, or were never ours to keep. */
  releases: Map<string, Repeat>;
  /** Leaders that users want, by app. */
  handOvers: Map<string, { member: number; untilMs: number }>;
  reconcile: { pending: Set<string>; nextMs: number; attempt: number; fullMs: number };
  /** How far members that are not in the configuration have come, by task, and since when. */
  joiners: Map<string, JoinProgress>;
  /** What health checks have found, by task: one for each check of its spec. */
  health: Map<string, CheckHealth[]>;
  /** What the last probe of its readiness has found, by task. */
  readiness: Map<string, ProbeOutcome>;
  /** By app: what was found of its secrets, for which spec, and when. */
  secrets: Map<string, { active: AppSpec; readMs: number; problem: string | null }>;
  /** Which are under way, and when each is due next. */
  probes: { out: Set<string>; nextMs: Map<string, number> };
  /** What executors have told of their agents, by agent. */
  hosts: Map<string, { facts: HostFacts; clockOffsetMs: number; reportedMs: number }>;
  /** By app. */
  leaderChanges: Map<string, number>;
  /** Why agents were taken, as tasks tell it: those that were met last, for others to share. */
  scoreParts: Map<string, ScorePart[]>;
  /** By app, of those that are replicated; and when their last steps were, oldest first. */
  series: Map<string, AppSeries>;
  sampledMs: readonly number[];
  counts: Counts;
}

export interface Context {
  now: number;
  state: State;
  memory: Memory;
  options: SchedulerOptions;
  actions: Action[];
}

export function emptyMemory(): Memory {
  return {
    connected: false,
    master: null,
    masterSinceMs: null,
    offeredMs: null,
    offers: new HeldOffers(),
    agents: new Map(),
    drained: new Map(),
    closed: {},
    movesLeft: 0,
    replanMs: 0,
    held: new Map(),
    preemption: { nextMs: 0, nextMsOf: new Map(), planning: false },
    unavailable: new Map(),
    asked: new Map(),
    allowed: new Set(),
    demands: new Demands(),
    waiting: new Map(),
    inVain: nothingInVain,
    wideLooksMs: { explain: 0, earmark: 0 },
    earmarks: new Map(),
    owed: new Set(),
    suppressed: false,
    reviveWanted: false,
    revivedMs: 0,
    kills: new Map(),
    lostCalls: { offerIds: new Set(), taskIds: new Set() },
    strays: new Map(),
    orders: new Map(),
    releases: new Map(),
    handOvers: new Map(),
    reconcile: { pending: new Set(), nextMs: 0, attempt: 0, fullMs: Number.POSITIVE_INFINITY },
    joiners: new Map(),
    health: new Map(),
    readiness: new Map(),
    secrets: new Map(),
    probes: { out: new Set(), nextMs: new Map() },
    hosts: new Map(),
    leaderChanges: new Map(),
    scoreParts: new Map(),
    series: new Map(),
    sampledMs: [],
    counts: {
      offersReceived: 0,
      offersAccepted: 0,
      offersDeclined: { unwanted: 0, unsuitable: 0 },
      offersRescinded: 0,
      agentsForgotten: 0,
      tasksLaunched: 0,
      tasksFailed: 0,
      deploymentsDone: 0,
      deploymentsFailed: 0,
      deploymentSeconds: nothingCounted,
    },
  };
}

let lastIso = { ms: 0, text: new Date(0).toISOString() };

/** Most of a step is at one time. */
export function isoTime(ms: number): string {
  if (ms !== lastIso.ms) lastIso = { ms, text: new Date(ms).toISOString() };
  return lastIso.text;
}

/** Calls are lost while there is no subscription; whoever needs one repeats it. */
export function call(context: Context, body: SchedulerCallBody): void {
  if (context.memory.connected) context.actions.push({ type: 'call', call: body });
}

/** What is asked of this task, to be repeated. */
export function ordersTo({ orders }: Memory, taskId: string): Map<string, Repeat> {
  const known = orders.get(taskId) ?? new Map<string, Repeat>();
  orders.set(taskId, known);
  return known;
}

/** True when `key` is due now; then the next time is `firstMs` later, doubling up to `maxMs`. */
export function isDue(repeats: Map<string, Repeat>, key: string, now: number, firstMs: number, maxMs: number): boolean {
  const known = repeats.get(key) ?? { nextMs: now, attempt: 0 };
  if (known.nextMs > now) return false;
  repeats.set(key, {
    ...known,
    nextMs: now + Math.min(maxMs, firstMs * 2 ** known.attempt),
    attempt: known.attempt + 1,
  });
  return true;
}
