import type { Distribution, ReplicaReport } from '../executor/assignment.js';
import type { AgentName, Cluster, Selection } from '../placement/cluster.js';
import type { PreemptionPlan } from '../placement/preemption.js';
import type { RebalanceMove } from '../placement/rebalance.js';
import type { Plan, Refusal } from '../placement/types.js';
import type { AgentView, OfferView, SandboxView } from './agent-views.js';
import type { AppGroup, AppSpec, TreeChange } from './app.js';
import type { EventLog } from './events/log.js';
import type { CheckStatusInfo, TaskState } from './mesos-http-client/index.js';
import type { Picture } from './picture/rows.js';
import type { PlanJob, PlanOf } from './planning.js';
import type { SeriesPoint } from './series.js';
import type { ServicePorts } from './spec/service-ports.js';
import type { StoryLine } from './story.js';

export type { AgentView, OfferView, SandboxView };

/**
 * What the API layer (`api/`) may ask of the framework, and nothing else. `loop.ts` implements it over the pure
 * scheduler; tests of the API may implement it in memory.
 */
export interface FrameworkService {
  /** What has happened lately, and what does. */
  readonly events: EventLog;
  /** A consistent picture; never modified afterwards. */
  view(): FrameworkView;
  /** The same in short, for those that watch; rows that have not changed are those of the picture before. */
  picture(): Picture;
  vitals(): Vitals;
  agents(): AgentView[];
  /** What these agents offered last. */
  lastOffers(agentIds: Iterable<string>): OfferView[];
  /** Of a replicated app, oldest first; bounded. */
  series(appId: string): readonly SeriesPoint[];
  /** Of a task of the app, or of the last that failed; null: it has none of this id. */
  sandbox(appId: string, taskId: string): SandboxView | null;
  /** Resolves when the change is durable (its effects follow as a deployment). */
  command(command: Command): Promise<CommandResult>;
  /** What `placement` would do with this spec on the offers at hand. Changes nothing. */
  plan(spec: AppSpec): Plan;
  /** Whom it would make leave if it did not fit; null: nobody may leave for it. Changes nothing. */
  preemption(spec: AppSpec): Promise<PreemptionPlan | null>;
  /** Beside everything else. Rejects with `NoPlan`. */
  compute<Job extends PlanJob>(job: Job): Promise<PlanOf<Job>>;
  /** What runs where, for previews of moves. */
  cluster(): ClusterView;
}

/** How the process that leads is, beside what the scheduler knows. Since it leads. */
export interface Vitals {
  /** When the master last said anything; null: not yet. */
  masterHeardAt: string | null;
  subscriptions: number;
  /** To the master, by their type. */
  calls: Record<string, number>;
  /** Given up, or refused. */
  callsLost: number;
  /** What has happened and not been handled yet. */
  eventsWaiting: number;
  store: {
    writeSeconds: Distribution;
    lastWriteAt: string | null;
    /** How long the write that is under way has taken; null: none is. */
    writingSeconds: number | null;
  };
}

/** Which of several schedulers leads: the one that answers for all. */
export interface Leadership {
  /** This one does. */
  readonly leading: boolean;
  /** host:port of the leader's API; null: nobody is known to lead. */
  readonly leader: string | null;
  /** What they elect it through; null: there is this one only. */
  readonly zooKeeper: { url: string; sessionTimeoutMs: number } | null;
  /** Another one, or this one again, becomes the leader. False: this one does not lead. */
  abdicate(): boolean;
}

/** This scheduler does not lead, or not any more: whether a command that was under way was carried out is not known. */
export class NotLeading extends Error {
  override readonly name = 'NotLeading';

  constructor() {
    super('this scheduler does not lead');
  }
}

export interface ClusterView {
  /** What is free is what agents had when they last offered, less what was put there since. */
  cluster: Cluster;
  /** Tasks run there, but they have offered nothing since the framework started. */
  unknownAgents: AgentName[];
  /** How long ago the agent offered that has offered nothing for longest; null: none has offered. */
  oldestOfferSeconds: number | null;
}

export type Command =
  /** `specs` carry their new `version`. `create` refuses ids that exist. `dryRun`, here and below, changes nothing and gives the steps. */
  | { type: 'putApps'; specs: AppSpec[]; create: boolean; force: boolean; dryRun?: boolean; deadline?: Deadline }
  /** Of the tree below `groupId`; `specs` and `groups` carry their new `version`. */
  | {
      type: 'changeTree';
      groupId: string;
      version: string;
      specs: AppSpec[];
      removedApps: string[];
      groups: AppGroup[];
      removedGroups: string[];
      force: boolean;
      dryRun: boolean;
      deadline?: Deadline;
    }
  | { type: 'deleteApp'; appId: string; force: boolean; dryRun?: boolean; deadline?: Deadline }
  | { type: 'restartApp'; appId: string; version: string; force: boolean; dryRun?: boolean; deadline?: Deadline }
  /** `scale` lowers `instances` by the number of tasks; `wipe` destroys their volumes. */
  | { type: 'killTasks'; taskIds: string[]; scale: boolean; wipe?: boolean; force: boolean }
  | { type: 'cancelDeployment'; deploymentId: string; force: boolean }
  | { type: 'resetDelay'; appId: string }
  /** Until it is cancelled by its id, as a deployment is. The same agents once more: the drain that there is. */
  | { type: 'drain'; wanted: Selection }
  /**
   * One after another; a move that does not stand as planned when its turn comes is left out, and the rest planned anew. One
   * rebalance at a time.
   */
  | { type: 'rebalance'; moves: Pick<RebalanceMove, 'group' | 'from' | 'to' | 'sentence'>[]; gainMin: number }
  /** `slot` null: to the most current other replica. Its effect follows in a moment, if nothing comes between. */
  | { type: 'transferLeadership'; appId: string; slot: number | null }
  /** A round of a replicated guest; the primary's `synced` is `request`, which rises, when it has ended. */
  | { type: 'syncGuest'; appId: string; request: number }
  /** The backup of a replicated guest becomes the primary. */
  | { type: 'failOverGuest'; appId: string };

/** A week. */
export const DEADLINE_SECONDS_MAX = 604_800;

/** For a deployment. */
export interface Deadline {
  /** From 1 to DEADLINE_SECONDS_MAX. */
  seconds: number;
  /** What it has changed becomes what it was. */
  rollBack: boolean;
}

export type CommandResult =
  /** `steps`: of a dry run. */
  | { ok: true; deploymentId: string | null; version: string; steps?: DeploymentView['steps'] }
  | {
      ok: false;
      reason: 'exists' | 'notFound' | 'invalid' | 'quorum' | 'uncovered' | 'busy' | 'tooMany';
      message: string;
    }
  | { ok: false; reason: 'locked'; message: string; deploymentIds: string[] };

export interface FrameworkView {
  frameworkId: string | null;
  /** In whose name resources are offered to the framework; they may be reserved for it. */
  role: string;
  /** In whose name they are reserved; null: the framework has none. */
  principal: string | null;
  /** It has a provider of secrets. */
  secrets: boolean;
  /** That apps are given; null: none are. */
  servicePorts: ServicePorts | null;
  /** `since`: when the connection came or went; null: there was none yet. */
  master: { connected: boolean; address: string | null; since: string | null };
  /** Mesos is asked for none while nothing is wanted. */
  offers: { held: number; suppressed: boolean; lastAt: string | null };
  apps: AppView[];
  /** Those that users have made. */
  appGroups: AppGroup[];
  /** Newest first, bounded. */
  treeChanges: TreeChange[];
  /** Rebalances among them, and drains as long as something runs there. */
  deployments: DeploymentView[];
  drains: DrainView[];
  queue: QueueView[];
  /** What agents keep that is to be given back as soon as they offer it, of apps that are gone, too. */
  releasing: ReservationView[];
  counts: Counts;
}

/** What the scheduler has counted since it started. */
export interface Counts {
  offersReceived: number;
  offersAccepted: number;
  /** Given back while nothing was wanted, and while something waited that they did not suit. */
  offersDeclined: { unwanted: number; unsuitable: number };
  offersRescinded: number;
  /** Of what is known of agents, because there are too many. */
  agentsForgotten: number;
  tasksLaunched: number;
  /** Ended without being asked to. */
  tasksFailed: number;
  deploymentsDone: number;
  deploymentsFailed: number;
  /** From its beginning to its end, whichever. */
  deploymentSeconds: Distribution;
}

export interface AppView {
  spec: AppSpec;
  /** Its tasks are being stopped, then it is forgotten. */
  deleting?: true;
  tasks: TaskView[];
  deploymentIds: string[];
  lastTaskFailure: TaskFailure | null;
  /** Earlier versions, newest first, bounded. */
  versions: AppSpec[];
  /** What agents keep for its instances, if it has volumes. */
  reservations: ReservationView[];
  /** Replicated apps only. */
  group: GroupView | null;
  /** What happened, oldest first, bounded: the story `gaia app show` tells. */
  story: StoryLine[];
}

export interface ReservationView {
  instanceId: string;
  appId: string;
  host: string;
  agentId: string;
  ports: number[];
  volumes: { containerPath: string; sizeMb: number; persistenceId: string }[];
  /** The task that has it; null: it waits for its agent's offer. */
  taskId: string | null;
  /** Why it is given back; null: it is kept. */
  releasing: string | null;
}

export interface TaskView {
  id: string;
  appId: string;
  state: TaskState;
  host: string;
  agentId: string;
  region: string | null;
  zone: string | null;
  attributes: Record<string, string>;
  ports: number[];
  stagedAt: string;
  startedAt: string | null;
  version: string;
  message: string | null;
  /** Of an app with health checks. */
  health?: HealthView;
  /** Of an app with a `check`, once it has found something. */
  checkStatus?: CheckStatusInfo;
  /** Of an app with a readiness check. */
  readiness?: ReadinessView;
  replica: ReplicaView | null;
  /** Why this agent: score parts and what others lacked, as recorded when it was placed. */
  placement: {
    score: number;
    parts: { name: string; value: number; weight: number }[];
    others: { hostname: string; sentence: string }[];
  } | null;
}

export interface HealthView {
  /** It passes all checks; null: not all have said anything yet. */
  healthy: boolean | null;
  /** One for each check that has, in their order. */
  results: HealthResultView[];
}

export interface ReadinessView {
  name: string;
  taskId: string;
  ready: boolean;
  /** If its check preserves it, and there was one since the framework started. */
  lastResponse?: { status: number; contentType: string; body: string };
}

export interface HealthResultView {
  alive: boolean;
  consecutiveFailures: number;
  firstSuccess: string | null;
  lastSuccess: string | null;
  lastFailure: string | null;
  lastFailureCause: string | null;
}

export interface ReplicaView {
  slot: number;
  member: number;
  /** Where clients connect. */
  address: string;
  /** Last report; null until the first. */
  report: ReplicaReport | null;
  reportedAt: string | null;
}

export interface GroupView {
  /** forming: no leader yet; whole: all replicas in the configuration; degraded: fewer, but a majority;
   *  noQuorum: majority not known alive; lost: a majority has terminated, or all that had the guest: the state is gone. */
  state: 'forming' | 'whole' | 'degraded' | 'noQuorum' | 'lost';
  generation: number;
  leader: { slot: number; member: number; address: string; term: number } | null;
  /** Durability `disk`: which members have ended and may return; null: none. */
  awaits: string | null;
  /** Why it is lost, and what may be done; null: it is not. */
  lost: string | null;
  /** Members that count and have what is committed, as far as they have told. */
  caughtUp: number;
  /** Since the framework started. */
  leaderChanges: number;
  /** Replicated guests, once something is known. */
  guest?: GuestView;
}

/** Who runs a replicated guest, by the log as far as members have told it. */
export interface GuestView {
  /** Member numbers; null: nobody. */
  primary: number | null;
  /** It may still be on its way to being one. */
  backup: number | null;
  /** The guest would go on if any one member were lost now. */
  covered: boolean;
}

export interface TaskFailure {
  appId: string;
  taskId: string;
  host: string;
  agentId: string;
  state: TaskState;
  message: string;
  timestamp: string;
  version: string;
}

export interface DeploymentView {
  id: string;
  version: string;
  affectedApps: string[];
  steps: { actions: { action: string; app: string }[] }[];
  currentStep: number;
  currentActions: { action: string; app: string; readiness?: ReadinessView[] }[];
  /** Why it is not further, in a sentence; null while it moves. */
  waitingFor: string | null;
  /** When its present step began. */
  stepSince: string;
  /** When it fails, unless it has ended; null: never. */
  deadline: string | null;
}

/** Agents that take nothing and are emptied. */
export interface DrainView {
  id: string;
  wanted: Selection;
  /** Those of them that are known. */
  agents: AgentName[];
  /** Tasks that are there still. */
  tasks: number;
  startedAt: string;
}

export interface QueueView {
  appId: string;
  spec: AppSpec;
  count: number;
  /** 0 when not backing off. */
  delaySecondsLeft: number;
  since: string;
  processedOffersCount: number;
  unusedOffersCount: number;
  /** By the rule, each offer once, since it waits. */
  declinedFor: Record<string, number>;
  /** Latest reasons, per agent. */
  refusals: Refusal[];
  sentence: string | null;
  /** In a word: `backoff`, `secret`, `offers` (it would fit, but too few agents offer), `preempted`, or what most agents lack. */
  waitsFor: string;
  /** Room that is kept for it; null: none is now. */
  earmark: EarmarkView | null;
}

export interface EarmarkView {
  since: string;
  until: string;
  agents: { agentId: string; hostname: string; replicas: number }[];
}
