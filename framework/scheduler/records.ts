/** What the scheduler keeps in the store. Records are replaced, never modified: views and tests may keep them. */
import type { GuestOrder, MemberAddress, ReplicaReport } from '../../executor/assignment.js';
import type { AgentName, Selection } from '../../placement/index.js';
import type { AttributeValue, ReplicaDemand } from '../../placement/types.js';
import type { AppGroup, AppSpec, PersistentVolume, Replication } from '../app.js';
import type { CheckStatusInfo, TaskState } from '../mesos-http-client/index.js';
import type { Deadline, TaskFailure, TaskView } from '../service.js';
import type { StoryLine } from '../story.js';

export interface FrameworkRecord {
  id: string;
}

export interface AppRecord {
  id: string;
  /** What the user wants in the end. */
  spec: AppSpec;
  /** What the scheduler works towards now; a deployment's step makes it `spec`. */
  active: AppSpec;
  /** Earlier versions, newest first. */
  versions: AppSpec[];
  /** All tasks are being stopped; the record goes with the last one. */
  deleting: boolean;
  lastTaskFailure: TaskFailure | null;
  backoff: Backoff | null;
  /** Agents where a task has failed lately, by agent id. */
  avoid: Record<string, { hostname: string; reason: string; untilMs: number }>;
  group: GroupRecord | null;
  /** The app that tasks of this one have made room for, and that still waits for a place in return; left out: none. */
  preemptedBy?: string | null;
}

export interface Backoff {
  delaySeconds: number;
  untilMs: number;
}

/** The living generation of a replicated app's group. */
export interface GroupRecord {
  generation: number;
  /** Wanted slots. */
  slots: number[];
  /** Those of them that have had a member: the next one there is a replacement. */
  filledSlots: number[];
  /** Number of the next member; numbers are never used again. */
  nextMember: number;
  /** 32 random bytes each, hex. Never shown, never logged. */
  secretHex: string;
  seedHex: string;
  epochMs: number;
  /** The founders' launch has been decided. */
  founded: boolean;
  /** A leader has been reported: clients may have been answered. */
  everLed: boolean;
  leader: { member: number; term: number } | null;
  termMax: number;
  /** Index of the newest configuration reported; 0: the founders. */
  configurationIndex: number;
  configuration: MemberAddress[];
  /** Joiners that ended before it was known whether they had been let in. */
  ghosts: { member: number; sinceMs: number }[];
  /** Both of the whole generation: what the app says later begins with the next one. */
  durability: Replication['durability'];
  snapshot: Replication['snapshot'];
  /** Durability `disk`: members that have ended and may return with what they keep on their agents. */
  away: AwayMember[];
  /** A replica on its way to another agent; left out: none is. */
  moving?: Moving | null;
  /** Of a replicated guest: the member that the founders were told to be the first primary. Left out: of a program. */
  firstPrimary?: number;
  /** Its guest has been covered once: since then it is promised to outlive the loss of a member. */
  guestCovered?: true;
  /** Of a replicated guest: the newest that any member has told of the log's roles. Left out: none has. */
  guestRoles?: GuestRoles;
  /** Of members whose output the majority contradicted. Left out: none was. `gaveUp`: of which member it was said that it is not. */
  rebuilds?: { count: number; atMs: number; gaveUp: number | null };
  /** The last state told in the story, so that each change is told once. */
  toldState: string;
}

/** Member numbers; 0: none. They change with each epoch. */
export interface GuestRoles {
  epoch: number;
  primary: number;
  backup: number;
}

/** A successor joins in the slot `spare`; then `member` leaves its slot. */
export interface Moving {
  member: number;
  slot: number;
  spare: number;
  reason: string;
  /** Null: wherever placement finds best. */
  to: AgentName | null;
  /** Placed beside those only that stay: all that are to leave find agents together, but not beside each other. */
  together: boolean;
}

export interface AwayMember {
  replica: ReplicaRecord;
  agent: AgentRef;
  /** All that it had, the consensus port last: other members look for it there. */
  ports: number[];
  sinceMs: number;
  /** What is kept for it there, if its app has a volume. */
  reservationId?: string;
}

export interface AgentRef {
  id: string;
  hostname: string;
  /** Address that other members and clients connect to. */
  host: string;
  region: string | null;
  zone: string | null;
  attributes: Record<string, AttributeValue>;
}

export interface TaskRecord {
  id: string;
  appId: string;
  version: string;
  /** `versionInfo.lastConfigChangeAt` of the spec it was launched with: two of the same run the same configuration. */
  configurationVersion: string;
  agent: AgentRef;
  /** Host ports in the order of `portDefinitions`. */
  ports: number[];
  /** Everything taken from the agent; `ports` includes the consensus port. */
  demand: ReplicaDemand;
  killGraceMs: number;
  state: TaskState;
  /** Mesos has answered for this task at least once. */
  seen: boolean;
  stagedAt: string;
  startedAt: string | null;
  message: string | null;
  /** What its executor has told last of its health check, and of its `check`. Left out: nothing. */
  healthy?: boolean;
  checkStatus?: CheckStatusInfo;
  /** It has passed its readiness check. */
  ready?: true;
  /** Why the framework stops it; null: it is to run. */
  stopping: string | null;
  /** The kill is held back while the majority of the group needs this replica. */
  guarded: boolean;
  unreachableSinceMs: number | null;
  /** Unreachable for longer than `inactiveAfterSeconds`: no longer counted; stopped when it comes back, if it has been replaced. */
  inactive: boolean;
  placement: TaskView['placement'];
  replica: ReplicaRecord | null;
  /** What it runs on, of an app with volumes. Left out: nothing is kept for it. */
  reservationId?: string;
  /** That launched it; left out: none was under way. */
  deploymentId?: string;
}

/**
 * What an agent keeps for one instance of an app with volumes, over all its tasks: resources that are reserved in Mesos
 * with labels that name the instance, and the volumes on them. It is stored before it is asked for, and removed when offers
 * show that it is not there any more.
 */
export interface ReservationRecord {
  /** The instance: labels name it, and its tasks' ids begin with it. */
  id: string;
  appId: string;
  agent: AgentRef;
  /** All of it; `disk` includes the volumes. */
  demand: ReplicaDemand;
  volumes: (PersistentVolume & { persistenceId: string })[];
  /** Tasks that were launched on it. */
  attempts: number;
  /** Mesos has made it: its task has been on the agent, or an offer has shown it. */
  confirmed: boolean;
  /** Since when no task of it runs; null: one does, or is on its way. */
  idleSinceMs: number | null;
  /** Why it is given back, and whether Mesos has been asked to; null: it is kept. */
  releasing: { reason: string; asked: boolean } | null;
}

export interface ReplicaRecord {
  generation: number;
  self: MemberAddress;
  /** Joined a living group; false: a founder. */
  join: boolean;
  /** To be taken out of the configuration, then stopped; the reason. */
  retiring: string | null;
  /** A configuration with it has been known; a joiner without may have been let in unreported. */
  counted: boolean;
  /** Its removal has been ordered: it may have left the configuration already and counts for no majority. */
  leaving: boolean;
  report: ReplicaReport | null;
  reportedAt: string | null;
  /** Launches in a row as a returning member that ended before it ran. */
  returnFailures: number;
}

export interface DeploymentRecord {
  id: string;
  version: string;
  affectedApps: string[];
  steps: { actions: DeploymentAction[] }[];
  /** 1 for the first. */
  currentStep: number;
  /** The actions of `currentStep` have been started. */
  entered: boolean;
  /** When that was; left out: not yet. */
  stepSince?: string;
  /** Specs before the deployment; null: the app did not exist. */
  originals: Record<string, AppSpec | null>;
  /** Groups before it; left out: it changes none. */
  originalGroups?: Record<string, AppGroup | null>;
  startedAt: string;
  /** It fails when it has not ended then; left out: it may take as long as it takes. */
  deadline?: Deadline & { atMs: number };
}

export interface DeploymentAction {
  action: 'StartApplication' | 'ScaleApplication' | 'RestartApplication' | 'StopApplication';
  app: string;
}

/** Agents that take nothing and are emptied, as long as the record lasts. */
export interface DrainRecord {
  id: string;
  /** Which agents; those too that come later. */
  wanted: Selection;
  startedAt: string;
  /** Tasks that have left them. */
  left: number;
}

/** Moves that gain, one after another. */
export interface RebalanceRecord {
  id: string;
  startedAt: string;
  moves: PlannedMove[];
  /** Index of the move under way. */
  current: number;
  /** What it moves; null: that is chosen when its turn comes. */
  taskId: string | null;
  sinceMs: number;
  /** What every move gains at least. */
  gainMin: number;
  /** So many moves are to be planned anew, because the rest did not stand as planned. */
  toPlan: number;
  /** How often that may happen yet. */
  plansLeft: number;
}

export interface PlannedMove {
  app: string;
  from: AgentName;
  to: AgentName;
  /** Agents of the group's other replicas then, sorted; elsewhere, the gain is another one. Null: of a plain app. */
  beside: string[] | null;
  /** What it gains. */
  sentence: string;
}

/** Room that is made for an app, which is the id: these tasks leave, and nothing of lower priority comes in between. */
export interface PreemptionRecord {
  id: string;
  priority: number;
  /** Ids of tasks. */
  victims: string[];
  /** Where the app's tasks are to go. */
  agents: AgentName[];
  untilMs: number;
}

/** What an operator wants of a replicated guest's primary; one of each kind and app. */
export interface GuestWishRecord {
  id: string;
  order: Extract<GuestOrder, { type: 'syncGuest' | 'failOver' }>;
  /** The primary that is asked: a task's id. */
  taskId: string;
  untilMs: number;
}

export interface StoryRecord {
  lines: StoryLine[];
}
