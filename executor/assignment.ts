/**
 * The order a framework gives to an executor (`TaskInfo.data`, base64 of JSON) and what the executor reports back.
 * Shared by `framework/` and `executor/`; nothing else crosses between them.
 */

import type { HostFacts } from '../framework/host-facts/facts.js';

/** In the sandbox: an executor that the framework has served, beside it with .tar.gz before it is unpacked. */
export const unpackedDirectory = '.gaia-executor';

/** MESSAGE of an executor when its task begins: the machine, as its user sees it. */
export interface HostReport {
  host: HostFacts;
  /** By the agent's clock, milliseconds since 1970. */
  nowMs: number;
}

/** What one executor runs: exactly one task, replicated or plain. */
export interface Assignment {
  appId: string;
  appVersion: string;
  taskId: string;
  /** That launched it; null: none was under way. For the log. */
  deploymentId: string | null;
  /** Run as `/bin/sh -c shell`, or exec of `argv` without a shell; or a guest of QEMU. */
  command: { shell: string } | { argv: string[] } | { vm: VmAssignment };
  /** Marathon's task environment (PORT0, HOST, MARATHON_APP_ID, ...) and the spec's `env`. */
  env: Record<string, string>;
  user: string | null;
  /** Host ports in the order of `portDefinitions`. */
  ports: number[];
  /** From SIGTERM to SIGKILL of the process group. */
  killGraceMs: number;
  replica: ReplicaAssignment | null;
  /** What the executor probes the program with; null: nothing. */
  health: HealthAssignment | null;
  /** Whose result is told, and judged by nobody; null: none. */
  check: CheckAssignment | null;
}

/** Ports are those of the agent at 127.0.0.1. */
export interface CheckAssignment {
  probe:
    | { type: 'http'; secure: boolean; port: number; path: string }
    | { type: 'tcp'; port: number }
    /** Run as `/bin/sh -c shell`, as the program's user in its environment. */
    | { type: 'command'; shell: string };
  /** From TASK_RUNNING to the first probe. */
  delayMs: number;
  intervalMs: number;
  timeoutMs: number;
}

export interface HealthAssignment extends CheckAssignment {
  /** From TASK_RUNNING: failures before the first success within it are not told. */
  gracePeriodMs: number;
  /** Failures in a row that are told one by one. */
  failuresToldMax: number;
}

/** Its files are those of the agent's host, or names of what was fetched into the sandbox. */
export interface VmAssignment {
  /** Both null: the guest boots from its disk. */
  kernel: string | null;
  initrd: string | null;
  /** Words for the guest's kernel. */
  commandLine: string;
  memoryMib: number;
  vcpus: number;
  /** Null: all the guest has is its memory. */
  disk: DiskAssignment | null;
  /** Ports of the host that lead to ports of the guest. */
  doors: Door[];
  /** Null: clients come through doors. */
  bridge: GuestBridge | null;
  /** With `replica`: what this member of the guest's group is. Null: a guest by itself. */
  group: GuestGroup | null;
}

export interface DiskAssignment {
  sizeMib: number;
  /** What it begins with, raw or qcow2; null: zeros. It is never written to. */
  image: string | null;
  /** Name of the folder in the sandbox, a persistent volume, where it lies; null: in the sandbox itself. */
  volume: string | null;
}

export interface GuestGroup {
  /** Of the group's founders, a member number. */
  firstPrimary: number;
  /** Has doors, and no guest. */
  witness: boolean;
}

/** A bridge of the host that the guest's card is on. */
export interface GuestBridge {
  name: string;
  mac: string;
}

/** What a member of a replicated guest's group has: see executor/vm/pair.ts. */
export interface GuestReport {
  standing: 'awaiting' | 'backup' | 'alone' | 'seeding' | 'covered';
  /** Where a backup that waits for the guest's state is to be dialed; 0: nowhere. */
  relayPort: number;
  /** Of the roles that the log has, as far as this member knows it; they change with each epoch. */
  epoch: number;
  /** Member numbers; 0: none. */
  primary: number;
  backup: number;
  /** The newest `syncGuest` that a round has answered; 0: none. */
  synced: number;
}

/** What one round of a replicated guest took (consensus/native/vm/relay/round.h). */
export interface RoundReport {
  number: number;
  /** What it was begun for: `seed`, `time`, `mismatch`, `full`, `idle`, `waiting`, `disk`, `operator`, `failover`. */
  trigger: string;
  /** In the primary's stream; of these: as they were sent last, zeros, those that the backup had, and those that crossed, in pieces or whole. */
  dirtyPages: number;
  unchangedPages: number;
  zeroPages: number;
  equalPages: number;
  sentPages: number;
  /** Of `sentPages`: whole, and compared with nothing. */
  wholePages: number;
  /** That QEMU wrote, and that crossed. */
  streamBytes: number;
  toBackupBytes: number;
  /** The standstill of the primary's guest. */
  pauseUs: number;
  /** The backup's guest does, until the next one. */
  sleeps: boolean;
}

/** Frames of a member's station and guest (`frames` in consensus/native/vm/README.md). */
export interface FrameCounts {
  /** For the guest, in the log. */
  inputs: number;
  /** That left the output guard. */
  outputs: number;
  lost: number;
  /** Outputs of the primary's guest that the backup's guest put out, too; times it put out others. */
  equalOutputs: number;
  mismatches: number;
  /** Output that waits now. */
  heldBytes: number;
  /** For how long this member's clients have had no answer, nor its ARP requests; 0: less than five seconds. */
  unheardMs: number;
}

/** How long a primary took to take over, in milliseconds since the former one was heard last (consensus/native/vm/takeover.h). */
export interface Takeover {
  /** That it began. */
  epoch: number;
  /** Somebody stood for election; this member led the log; the log had it as the primary; its guest said something. */
  suspectedMs: number;
  electedMs: number;
  primaryMs: number;
  outputMs: number;
}

/** What a member of a replicated guest's group has counted since it started; rounds as primary. */
export interface GuestMetrics {
  /** Sums. */
  rounds: Omit<RoundReport, 'number' | 'trigger' | 'pauseUs' | 'sleeps'>;
  /** Rounds by trigger. */
  triggers: Record<string, number>;
  pauseUs: Distribution;
  /** Of the last rounds, at most 32, oldest first; null before the first. */
  recent: { pausesUs: number[]; spanMs: number; last: RoundReport } | null;
  /** Null before the first are told. */
  frames: FrameCounts | null;
  /** Null: it has taken over from nobody. */
  takeover: Takeover | null;
}

export interface Door {
  protocol: 'tcp' | 'udp';
  /** IPv4 address on the host. */
  listen: string;
  hostPort: number;
  guestPort: number;
}

/** One life of one replica; see `Member` in consensus/native/runtime/runtime.h. */
export interface MemberAddress {
  slot: number;
  member: number;
  host: string;
  consensusPort: number;
  servicePort: number;
}

/** How a joiner gets the state of the group when it does not replay the whole log. */
export type SnapshotSource =
  /** It replays the whole log. */
  | { provider: 'replay' }
  /**
   * The program writes `file`, a name in its working directory, when a client sends `send`; its reply begins with `expect`.
   * A snapshot is due when the log has grown by `logBytes` since the newest one.
   */
  | { provider: 'hook'; send: string; expect: string; file: string; logBytes: number }
  /** An image of the process; see criu.ts. */
  | { provider: 'criu' };

/** The program stands behind gaia-gateway. */
export interface GatewayAssignment {
  /** What the programs of the replicas answer is compared. */
  compareOutput: boolean;
}

export interface ReplicaAssignment {
  /** `${appId}@${generation}`; a new generation is a group that starts empty. */
  group: string;
  /** 32 bytes, hex. Never logged, never in argv or environment. */
  secretHex: string;
  /** Seed of the group's randomness, 32 bytes, hex. Secret too (hash flooding). */
  seedHex: string;
  /** Where the group's clock starts, ms since 1970, until the first turn sets it. */
  epochMs: number;
  /** False for founders of the group, true for a member that joins a living group. */
  join: boolean;
  self: MemberAddress;
  /** Founders: the other founders. Joiners: members believed to be alive. */
  peers: MemberAddress[];
  transport: 'auto' | 'shm' | 'verbs' | 'tcp';
  /** Null: the program is preloaded. */
  gateway: GatewayAssignment | null;
  /** A leader that shows no sign of life this long is suspected. */
  suspicionMs: number;
  durability: 'memory' | 'disk';
  /**
   * Durability `disk`: the directory on the agent that holds what members of this framework keep, each in a folder of its
   * own; or the name of a folder in the sandbox where the member's persistent volume is. Null with `memory`.
   */
  dataDirectory: string | null;
  snapshot: SnapshotSource;
  /** Durability `disk`: this member has run before and must find what it kept. */
  returns: boolean;
}

/** A distribution in log-linear buckets: ascending, none empty, each at most 1/16 wide. */
export interface Distribution {
  count: number;
  sum: number;
  buckets: [valueMax: number, count: number][];
}

/** What a replica has counted since it started. */
export interface ReplicaMetrics {
  /** As leader: from handing a turn to the group to its commit. */
  commitLatencyNs: Distribution;
  /** As leader: entries per commit, and bytes of their payload. */
  batchEntries: Distribution;
  batchBytes: Distribution;
  /** Times it stood for election. */
  elections: number;
  divergences: number;
  /** Connections to its consensus port that it ended, by cause: `badSecret`, `malformed`, `timedOut`, `tooMany`, ... */
  refusedConnections: Record<string, number>;
  journalBytes: number;
  /** Of members of a replicated guest's group. */
  guest?: GuestMetrics;
}

/** Two members' outputs of one entry. Bytes in hexadecimal, as they go on from the first one that is another: 32 at most. */
export interface OutputDifference {
  /** As the log numbers it; null: the bytes are equal, or were too many to be kept. */
  connection: number | null;
  /** Of what the entry made the program say to that connection. */
  fromByte: number;
  here: string;
  /** Null where only their hash is known. */
  there: string | null;
  clockCallsHere: number;
  clockCallsThere: number;
}

export interface Divergence {
  /** The first entry that differs; without a difference that can be shown, the one at which it was seen. */
  index: number;
  otherMember: number;
  /** Null: what was put out is no longer kept. Absent from servers of earlier versions. */
  difference?: OutputDifference | null;
}

/** `vm`: members of a replicated guest, the witness among them. */
export const replicaLabels = ['exact', 'checked', 'gateway', 'vm'] as const;
export type ReplicaLabel = (typeof replicaLabels)[number];

export type ReplicaRole = 'leader' | 'candidate' | 'follower' | 'learner';

/** Label of a final `TaskStatus`: what the member kept cannot be used, now or ever. */
export const cannotReturnLabel = 'cannotReturn';

/** `TaskStatus.data` (base64 of JSON) of replicated tasks, and the payload of executor MESSAGEs. */
export interface ReplicaReport {
  group: string;
  slot: number;
  member: number;
  /** Process id of the replicated program on its agent, from the control channel's `hello`; null before. */
  pid: number | null;
  role: ReplicaRole;
  term: number;
  /** Member number of the leader this replica follows; 0 = unknown. */
  leader: number;
  appliedIndex: number;
  committedIndex: number;
  /** committed - applied */
  lagEntries: number;
  configurationIndex: number;
  configuration: MemberAddress[];
  peers: { member: number; connected: boolean; transport: string; transportReason: string; appliedIndex: number }[];
  /** How far replicas are kept equal: `exact` = every turn compared; `gateway` = every answer of a program behind one. */
  label: ReplicaLabel;
  /** What the interposer or the gateway did not expect, by name. */
  unexpected: Record<string, number>;
  divergence: Divergence | null;
  /** Why no replica can join by replay of this one's journal; null while it can. */
  journalError: string | null;
  /** Durability `disk`: why this replica does not count at the moment; null while it does. */
  diskError: string | null;
  /** Durability `disk`: the newest entry that lies on this replica's disk. Null with `memory`. */
  persistedIndex: number | null;
  /** The first and the last entry that others can replay from this one's journal; 0: nothing is in it yet. */
  journalFrom: number;
  journalTo: number;
  /** This one keeps the state after that entry for joiners; 0: none. */
  snapshotIndex: number;
  /** Why the last snapshot could not be taken or fetched; null when it could. */
  snapshotError: string | null;
  /** A snapshot on its way to this replica, and the member it comes from; 0 while none of them has one. */
  joining: { provider: number; bytesDone: number; bytesTotal: number } | null;
  /** Null in status updates, which agents and masters keep, and before the first ones are known. */
  metrics: ReplicaMetrics | null;
  /** Of replicated guests, once there is something to tell; a witness has none. */
  guest?: GuestReport;
}

/** Framework to executor (MESSAGE data, base64 of JSON). Idempotent: repeated until reports show the effect. */
export type ExecutorOrder =
  | { type: 'removeMember'; slot: number; member: number }
  | { type: 'transferLeadership'; toMember: number }
  | GuestOrder;

/** To the primary of a replicated guest. */
export type GuestOrder =
  /** A backup waits for its state. */
  | { type: 'offerBackup'; member: number; host: string; port: number }
  /** A round now. `request` is told as `synced` when it has ended; another number is another request. */
  | { type: 'syncGuest'; request: number }
  /** Its backup `toMember`, which covers it, is to become the primary after one more round. */
  | { type: 'failOver'; toMember: number };
