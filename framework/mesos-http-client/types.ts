/**
 * The messages of the Mesos v1 HTTP APIs as JSON, field for field as in include/mesos/v1/*.proto (Apache Mesos 1.12).
 *
 * Ids are messages with one field, `bytes` are standard Base64, enums are their names, unset optional fields are
 * absent. Only what schedulers, executors and operators commonly use is named here; Mesos may send further fields
 * and further enum values, so a `switch` over an enum needs a default branch.
 */

export type * from './calls.js';
export type * from './task-status.js';

export interface Value<T> {
  value: T;
}
export type FrameworkID = Value<string>;
export type AgentID = Value<string>;
export type OfferID = Value<string>;
export type TaskID = Value<string>;
export type ExecutorID = Value<string>;
export type OperationID = Value<string>;
export interface ContainerID {
  value: string;
  parent?: ContainerID;
}

/** A duration or, since 1970, a point in time. */
export interface Nanoseconds {
  nanoseconds: number;
}
export interface Labels {
  labels: { key: string; value?: string }[];
}

// Resources and attributes (mesos.proto, docs/attributes-resources.md)

export interface Range {
  /** Both ends belong to the range. */
  begin: number;
  end: number;
}
export interface Ranges {
  range: Range[];
}
export interface ValueSet {
  item: string[];
}

export interface ReservationInfo {
  type?: 'STATIC' | 'DYNAMIC';
  role?: string;
  principal?: string;
  labels?: Labels;
}

export interface DiskInfo {
  persistence?: { id: string; principal?: string };
  volume?: Volume;
  source?: {
    type: 'PATH' | 'MOUNT' | 'BLOCK' | 'RAW';
    path?: { root?: string };
    mount?: { root?: string };
    id?: string;
    profile?: string;
  };
}
export interface Volume {
  mode: 'RW' | 'RO';
  container_path: string;
  host_path?: string;
}

interface ResourceBase {
  name: string;
  allocation_info?: { role: string };
  /** Old reservation format: the role, `*` if unreserved. Absent in the format of RESERVATION_REFINEMENT. */
  role?: string;
  /** Old reservation format: present on dynamic reservations. */
  reservation?: ReservationInfo;
  /** Format of RESERVATION_REFINEMENT: a stack, the last one is in force; absent or empty if unreserved. */
  reservations?: ReservationInfo[];
  disk?: DiskInfo;
  revocable?: Record<string, never>;
  shared?: Record<string, never>;
  provider_id?: Value<string>;
}
export interface ScalarResource extends ResourceBase {
  type: 'SCALAR';
  scalar: Value<number>;
}
export interface RangesResource extends ResourceBase {
  type: 'RANGES';
  ranges: Ranges;
}
export interface SetResource extends ResourceBase {
  type: 'SET';
  set: ValueSet;
}
/** mem and disk are in MB. */
export type Resource = ScalarResource | RangesResource | SetResource;

export type Attribute =
  | { name: string; type: 'SCALAR'; scalar: Value<number> }
  | { name: string; type: 'RANGES'; ranges: Ranges }
  | { name: string; type: 'SET'; set: ValueSet }
  | { name: string; type: 'TEXT'; text: Value<string> };

export interface DomainInfo {
  fault_domain?: { region: { name: string }; zone: { name: string } };
}

// Masters, agents, frameworks

export interface Address {
  hostname?: string;
  ip?: string;
  port: number;
}

export interface MasterInfo {
  id: string;
  /** IPv4 address, least significant byte first: 127.0.0.1 is 16777343. Use `address.ip`. */
  ip: number;
  port: number;
  pid?: string;
  hostname?: string;
  version?: string;
  address?: Address;
  domain?: DomainInfo;
  capabilities?: { type: string }[];
}

export interface AgentInfo {
  hostname: string;
  port?: number;
  id?: AgentID;
  resources?: Resource[];
  attributes?: Attribute[];
  domain?: DomainInfo;
}

export type FrameworkCapability =
  | 'REVOCABLE_RESOURCES'
  | 'TASK_KILLING_STATE'
  | 'GPU_RESOURCES'
  | 'SHARED_RESOURCES'
  | 'PARTITION_AWARE'
  | 'MULTI_ROLE'
  | 'RESERVATION_REFINEMENT'
  | 'REGION_AWARE';

export interface FrameworkInfo {
  /** Runs the executors; the empty string means the agent's user. */
  user: string;
  name: string;
  id?: FrameworkID;
  /** How long the master keeps tasks of a disconnected framework; its default, 0, kills them at once. */
  failover_timeout?: number;
  checkpoint?: boolean;
  /** Without MULTI_ROLE. */
  role?: string;
  /** With MULTI_ROLE. */
  roles?: string[];
  hostname?: string;
  principal?: string;
  webui_url?: string;
  capabilities?: { type: FrameworkCapability }[];
  labels?: Labels;
}

export interface Unavailability {
  start: Nanoseconds;
  duration?: Nanoseconds;
}

export interface Offer {
  id: OfferID;
  framework_id: FrameworkID;
  agent_id: AgentID;
  hostname: string;
  url?: { scheme: string; address: Address; path?: string };
  domain?: DomainInfo;
  resources?: Resource[];
  attributes?: Attribute[];
  executor_ids?: ExecutorID[];
  unavailability?: Unavailability;
  /** Absent for frameworks without MULTI_ROLE. */
  allocation_info?: { role: string };
}
export interface InverseOffer {
  id: OfferID;
  framework_id: FrameworkID;
  agent_id?: AgentID;
  url?: Offer['url'];
  unavailability: Unavailability;
  resources?: Resource[];
}
export interface Filters {
  /** Default 5; 0 installs no filter; at least the allocation interval (1 s) otherwise. */
  refuse_seconds?: number;
}

// Tasks and executors

export interface EnvironmentVariable {
  name: string;
  type?: 'VALUE' | 'SECRET';
  value?: string;
}
export interface CommandURI {
  value: string;
  executable?: boolean;
  /** Default true. */
  extract?: boolean;
  cache?: boolean;
  output_file?: string;
}
export interface CommandInfo {
  uris?: CommandURI[];
  environment?: { variables: EnvironmentVariable[] };
  /** Default true: `/bin/sh -c value`. False: execute `value` with `arguments` as argv, argv[0] included. */
  shell?: boolean;
  value?: string;
  arguments?: string[];
  user?: string;
}

export interface ContainerInfo {
  type: 'DOCKER' | 'MESOS';
  volumes?: Volume[];
  hostname?: string;
}

export interface ExecutorInfo {
  executor_id: ExecutorID;
  type?: 'DEFAULT' | 'CUSTOM';
  /** Filled in by the master. */
  framework_id?: FrameworkID;
  command?: CommandInfo;
  container?: ContainerInfo;
  resources?: Resource[];
  name?: string;
  source?: string;
  /** Base64 */
  data?: string;
  shutdown_grace_period?: Nanoseconds;
  labels?: Labels;
}

export interface KillPolicy {
  grace_period?: Nanoseconds;
}

interface CheckTimes {
  /** From the start of the task; default 15. */
  delay_seconds?: number;
  /** From the end of one attempt to the next; default 10. */
  interval_seconds?: number;
  /** Default 20. */
  timeout_seconds?: number;
}
/** Tells what it finds, in `TaskStatus.check_status`; nothing is killed for it. */
export interface CheckInfo extends CheckTimes {
  type: 'COMMAND' | 'HTTP' | 'TCP';
  command?: { command: CommandInfo };
  http?: { port: number; path?: string };
  tcp?: { port: number };
}
/** The fields are empty until there is a result, and when there was none in time. */
export interface CheckStatusInfo {
  type: CheckInfo['type'];
  command?: { exit_code?: number };
  http?: { status_code?: number };
  tcp?: { succeeded?: boolean };
}
export interface HealthCheck extends CheckTimes {
  type: 'COMMAND' | 'HTTP' | 'TCP';
  /** After so many failures the task is killed; default 3. */
  consecutive_failures?: number;
  /** Failures before the first success are not counted for so long; default 10. */
  grace_period_seconds?: number;
  command?: CommandInfo;
  http?: { scheme?: string; port: number; path?: string; statuses?: number[] };
  tcp?: { port: number };
}

export interface DiscoveryInfo {
  visibility: 'FRAMEWORK' | 'CLUSTER' | 'EXTERNAL';
  name?: string;
  ports?: { ports: { number: number; name?: string; protocol?: string; labels?: Labels }[] };
  labels?: Labels;
}

/** Exactly one of `executor` and `command`. */
export interface TaskInfo {
  name: string;
  task_id: TaskID;
  agent_id: AgentID;
  resources?: Resource[];
  executor?: ExecutorInfo;
  command?: CommandInfo;
  container?: ContainerInfo;
  health_check?: HealthCheck;
  check?: CheckInfo;
  kill_policy?: KillPolicy;
  /** By `cpus` and `mem`; JSON has no number for what has no limit. */
  limits?: Record<string, { value: number | 'Infinity' }>;
  /** Base64 */
  data?: string;
  labels?: Labels;
  discovery?: DiscoveryInfo;
  max_completion_time?: Nanoseconds;
}
