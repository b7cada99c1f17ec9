import type { SnapshotSource } from '../executor/assignment.js';
import type { Constraint, Rung } from '../placement/types.js';

/** A validated app in canonical form (Marathon's App, deprecated fields already rewritten). Made by `spec.ts` only. */
export interface AppSpec {
  /** Absolute path id: `/demo/ledger` */
  id: string;
  cmd: string | null;
  args: string[] | null;
  user: string | null;
  /** A value, or the name of one of `secrets`. */
  env: Record<string, EnvValue>;
  /** By the names that `env` uses; `source` is what the framework's provider knows a secret by. Left out: none. */
  secrets?: Record<string, { source: string }>;
  labels: Record<string, string>;
  instances: number;
  cpus: number;
  /** MB */
  mem: number;
  /** MB */
  disk: number;
  gpus: number;
  /** What its tasks may use beyond `cpus` and `mem` where the agent has it to spare. Left out: the requests. */
  resourceLimits?: ResourceLimits;
  constraints: Constraint[];
  /** Our extension: like constraints, but wishes. */
  preferences: Constraint[];
  affinity: AffinityRule[];
  /** Our extension: apps of higher priority are placed first; one above 0 makes tasks of lower priority give way. */
  priority: number;
  acceptedResourceRoles: string[] | null;
  portDefinitions: PortDefinition[];
  requirePorts: boolean;
  fetch: FetchUri[];
  backoffSeconds: number;
  backoffFactor: number;
  maxLaunchDelaySeconds: number;
  upgradeStrategy: {
    minimumHealthCapacity: number;
    maximumOverCapacity: number;
    /** Our extension, of replicated apps: so many may be missing at a time; 0: a spare one joins first. Left out: 1, of up to two 0. */
    replicasMissingMax?: number;
  };
  /** From Mesos' TASK_UNREACHABLE: when a task is replaced, and when it is forgotten. Default 0 and 0; replicated apps 60 and 600. */
  unreachableStrategy: { inactiveAfterSeconds: number; expungeAfterSeconds: number } | 'disabled';
  killSelection: 'YOUNGEST_FIRST' | 'OLDEST_FIRST';
  taskKillGracePeriodSeconds: number | null;
  dependencies: string[];
  replication: Replication | null;
  /** Our extension: a virtual machine instead of a program; null: a program. */
  container: { type: 'VM'; vm: VmSpec } | null;
  /** Our extension: it may be given resources that their owner may take back at any time. Left out: it is not. */
  revocable?: true;
  /** Its instances have persistent volumes, and come back to them. Left out: none. */
  residency?: Residency;
  /** A task is healthy while it passes all of them. Left out: whatever runs is. */
  healthChecks?: HealthCheck[];
  /** What its executors find, and nobody acts upon. Left out: nothing. */
  check?: AppCheck;
  /** A deployment goes on when a task has passed it once; one at most. Left out: when it runs. */
  readinessChecks?: ReadinessCheck[];
  /** ISO 8601 with milliseconds; a new one for every accepted change. */
  version: string;
  versionInfo: { lastScalingAt: string; lastConfigChangeAt: string };
}

/** A path above apps, as users have made it; every other path above an app is a group without dependencies. */
export interface AppGroup {
  id: string;
  /** Ids of apps or groups that every app below it needs. */
  dependencies: string[];
  /** As an app's. */
  version: string;
}

/** What one change of the tree of apps replaced; null: it was not there. Undone from the newest on, they give earlier trees. */
export interface TreeChange {
  version: string;
  apps: Record<string, AppSpec | null>;
  groups: Record<string, AppGroup | null>;
}

/** Boots `kernel` with `initrd`, or what is on its disk. Its files are those of the agents, or names of what is fetched. */
export interface VmSpec {
  kernel?: string;
  initrd?: string;
  /** Words for the guest's kernel. */
  commandLine: string;
  /** What the disk begins with; left out: zeros. It is never written to. */
  image?: string;
  /** MB. Left out: the guest has only its memory. */
  disk?: number;
  /** MB */
  memory: number;
  vcpus: number;
  /** Ports of the guest, in the order of `portDefinitions`. */
  ports: number[];
  /** IPv4 address of the agents at which their ports lead into the guest. */
  listen: string;
  /** In place of ports. */
  network?: GuestNetwork;
}

/** The guest is on a bridge of its agent, or of each agent with a guest of the group. */
export interface GuestNetwork {
  /** Name of the interface. */
  bridge: string;
  /** Of a replicated guest's card, in lower case; left out: one that follows from the app's id. */
  mac?: string;
}

/** Our extension: in a failure domain with a task of another app, or with none. */
export interface AffinityRule {
  app: string;
  domain: string;
  type: 'near' | 'apart';
  /** False: a wish. */
  required: boolean;
}

export interface PortDefinition {
  port: number;
  protocol: 'tcp' | 'udp' | 'udp,tcp';
  name: string | null;
  labels: Record<string, string>;
}

export interface FetchUri {
  uri: string;
  extract: boolean;
  executable: boolean;
  cache: boolean;
  destPath: string | null;
}

export type HealthProtocol = 'HTTP' | 'HTTPS' | 'TCP' | 'COMMAND' | 'MESOS_HTTP' | 'MESOS_HTTPS' | 'MESOS_TCP';

/** `HTTP`, `HTTPS` and `TCP` are probed by the framework, over the network; all others by the task's executor, on its agent. */
export interface HealthCheck {
  protocol: HealthProtocol;
  /** Of the HTTP kinds. */
  path?: string;
  /** Of all kinds but COMMAND one or the other: a port, or the place of the task's port in `portDefinitions`. */
  port?: number;
  portIndex?: number;
  /** Of COMMAND: a shell command that ends with status 0. */
  command?: { value: string };
  /** From the task's start: so long failures do not count before the first success. */
  gracePeriodSeconds: number;
  intervalSeconds: number;
  timeoutSeconds: number;
  /** So many in a row and the task is replaced; 0: never. */
  maxConsecutiveFailures: number;
  /** Of the executor's kinds: from the task's start to the first probe. */
  delaySeconds: number;
  /** A status below 200 says nothing. */
  ignoreHttp1xx: boolean;
}

/** One of `http`, `tcp` and `exec`; a port as in `HealthCheck`. */
export interface AppCheck {
  http?: { port?: number; portIndex?: number; path?: string; scheme?: 'HTTP' | 'HTTPS' };
  tcp?: { port?: number; portIndex?: number };
  exec?: { command: { shell: string } };
  intervalSeconds: number;
  timeoutSeconds: number;
  /** From the task's start to the first probe. */
  delaySeconds: number;
}

/** Cpus and MB, at least what is asked for. */
export type ResourceLimits = Partial<Record<'cpus' | 'mem', number | 'unlimited'>>;

export type EnvValue = string | { secret: string };

export interface ReadinessCheck {
  name: string;
  protocol: 'HTTP' | 'HTTPS';
  path: string;
  /** Of one of `portDefinitions`. */
  portName: string;
  intervalSeconds: number;
  timeoutSeconds: number;
  httpStatusCodesForReady: number[];
  /** The last answer is shown with the deployment. */
  preserveLastResponse: boolean;
}

export interface Residency {
  volumes: PersistentVolume[];
  /** Of an instance that cannot be reached, or whose volume is not offered: given up after the time-out, or never. */
  taskLostBehavior: 'WAIT_FOREVER' | 'RELAUNCH_AFTER_TIMEOUT';
  relaunchEscalationTimeoutSeconds: number;
}

/** On the agent's root disk. */
export interface PersistentVolume {
  /** Name of the folder in the sandbox. */
  containerPath: string;
  sizeMb: number;
}

export const suspicionMsDefault = 400;
/** Its followers have threads of their own for it, which go before the guest's; a false suspicion costs a seed, and no client anything. */
export const guestSuspicionMsDefault = 150;

/** Our extension of Marathon's spec. `instances` is the number of replicas: 1 to 9; of a replicated guest its three members. */
export interface Replication {
  /** `vm`: of a guest. */
  protocol: 'apus' | 'vm';
  transport: 'auto' | 'shm' | 'verbs' | 'tcp';
  /** A proxy owns the clients' sockets, of programs that cannot be preloaded; left out: the program is preloaded. */
  via?: 'gateway';
  /** With `via`: what the programs answer is not compared. */
  compareOutput?: false;
  /** A leader that shows no sign of life this long is suspected, and another elected. */
  suspicionMs: number;
  /** An entry counts when it lies in the memories, or on the disks, of a majority. */
  durability: 'memory' | 'disk';
  snapshot: SnapshotSource;
  /** Failure domains, widest first. */
  spread: Rung[];
  /** With how many others, about, an agent is to share groups; left out: with any. */
  scatterWidth?: number;
}
