/** From a task's record to what Mesos and the executor are told. */
import type {
  Assignment,
  Door,
  GuestGroup,
  MemberAddress,
  ReplicaAssignment,
  VmAssignment,
} from '../../executor/assignment.js';
import { type AppSpec, suspicionMsDefault, type VmSpec } from '../app.js';
import type { CommandInfo, PlainResources, Resource, TaskInfo } from '../mesos-http-client/index.js';
import { bridgeOf } from '../replicated-guest.js';
import { checkAssignment, healthAssignment } from './agent-checks.js';
import type { SchedulerOptions } from './context.js';
import type { GroupRecord, TaskRecord } from './records.js';
import { withSecrets } from './secrets.js';

/** Longest key or value that becomes a variable, as in Marathon. */
const labelCharsMax = 512;
/** What an executor may take after its program has ended. */
const executorGraceMs = 2000;

/** What is taken from the agent, ports included. */
export function takenBy(task: Pick<TaskRecord, 'demand'>): PlainResources {
  return { ...task.demand, ports: task.demand.ports.map((port) => ({ begin: port, end: port })) };
}

/** What the executor of a replica is told beside its app. */
export interface ReplicaOrder {
  assignment: ReplicaAssignment;
  /** Of a replicated guest; null: of a program. */
  guest: GuestGroup | null;
}

export function taskInfo(
  spec: AppSpec,
  task: TaskRecord,
  resources: Resource[],
  options: Pick<SchedulerOptions, 'executorCommand' | 'executorUris' | 'secrets'>,
  replica: ReplicaOrder | null,
): TaskInfo {
  const grace = (ms: number) => ({ nanoseconds: ms * 1e6 });
  return {
    name: spec.id.slice(1).split('/').reverse().join('.'),
    task_id: { value: task.id },
    agent_id: { value: task.agent.id },
    resources,
    executor: {
      executor_id: { value: task.id },
      type: 'CUSTOM',
      name: `GAIA executor of ${spec.id}`,
      source: spec.id,
      command: executorOf(spec, options),
      shutdown_grace_period: grace(task.killGraceMs + executorGraceMs),
    },
    kill_policy: { grace_period: grace(task.killGraceMs) },
    ...limitsOf(spec, task.demand.mem - spec.mem),
    data: Buffer.from(JSON.stringify(assignment(spec, task, withSecrets(options, spec), replica))).toString('base64'),
    labels: { labels: Object.entries(spec.labels).map(([key, value]) => ({ key, value })) },
  };
}

/**
 * What an agent is told of an app without limits is what it always was: agents before Mesos 1.10 know none.
 * @param executorMb what the task has of memory beside the app's, in MB
 */
function limitsOf({ resourceLimits }: AppSpec, executorMb: number): Pick<TaskInfo, 'limits'> {
  if (!resourceLimits) return {};
  const limits = Object.entries(resourceLimits).map(([name, limit]) => {
    const beside = name === 'mem' ? executorMb : 0;
    return [name, { value: limit === 'unlimited' ? ('Infinity' as const) : limit + beside }];
  });
  return { limits: Object.fromEntries(limits) };
}

function executorOf(
  spec: AppSpec,
  { executorCommand, executorUris = [] }: Pick<SchedulerOptions, 'executorCommand' | 'executorUris'>,
): CommandInfo {
  const fetched = spec.fetch.map(({ uri, extract, executable, cache, destPath }) => ({
    value: uri,
    extract,
    executable,
    cache,
    ...(destPath ? { output_file: destPath } : {}),
  }));
  return {
    shell: true,
    value: executorCommand,
    uris: [...executorUris, ...fetched],
    ...(spec.user ? { user: spec.user } : {}),
  };
}

function assignment(
  spec: AppSpec,
  task: TaskRecord,
  env: Record<string, string>,
  replica: ReplicaOrder | null,
): Assignment {
  return {
    appId: spec.id,
    appVersion: task.version,
    taskId: task.id,
    deploymentId: task.deploymentId ?? null,
    command: commandOf(spec, task, replica?.guest ?? null),
    env: { ...taskEnvironment(spec, task), ...env },
    user: spec.user,
    ports: task.ports,
    killGraceMs: task.killGraceMs,
    replica: replica?.assignment ?? null,
    health: healthAssignment(spec, task.ports),
    check: spec.check ? checkAssignment(spec.check, task.ports) : null,
  };
}

function commandOf(spec: AppSpec, task: TaskRecord, group: GuestGroup | null): Assignment['command'] {
  const { container, cmd, args } = spec;
  // Records of earlier versions have no container.
  if (container) return { vm: guestOf(container.vm, spec, task, group) };
  return cmd !== null ? { shell: cmd } : { argv: args ?? [] };
}

function guestOf(vm: VmSpec, spec: AppSpec, { id, ports, agent }: TaskRecord, group: GuestGroup | null): VmAssignment {
  const {
    kernel = null,
    initrd = null,
    image = null,
    disk: diskMb,
    commandLine,
    vcpus,
    memory,
    ports: guestPorts,
  } = vm;
  const { portDefinitions, residency } = spec;
  // gaia-vm opens doors at one address, and at 127.0.0.1 beside it.
  const listen = group !== null && vm.listen === '0.0.0.0' ? agent.host : vm.listen;
  const doors = portDefinitions.flatMap(({ protocol }, index) =>
    (protocol.split(',') as Door['protocol'][]).map((one) => ({
      protocol: one,
      listen,
      hostPort: ports[index] as number,
      guestPort: guestPorts[index] as number,
    })),
  );
  const volume = residency?.volumes[0]?.containerPath ?? null;
  const bridge = bridgeOf(spec, group === null ? id : spec.id);
  const disk = diskMb === undefined ? null : { sizeMib: diskMb, image, volume };
  return { kernel, initrd, commandLine, memoryMib: memory, vcpus, disk, doors, bridge, group };
}

/** The variables Marathon sets. */
function taskEnvironment(spec: AppSpec, task: TaskRecord): Record<string, string> {
  const env: Record<string, string> = {
    HOST: task.agent.hostname,
    PORTS: task.ports.join(','),
    MARATHON_APP_ID: spec.id,
    MARATHON_APP_VERSION: task.version,
    MARATHON_APP_RESOURCE_CPUS: String(spec.cpus),
    MARATHON_APP_RESOURCE_MEM: String(spec.mem),
    MARATHON_APP_RESOURCE_DISK: String(spec.disk),
    MARATHON_APP_RESOURCE_GPUS: String(spec.gpus),
    MESOS_TASK_ID: task.id,
  };
  task.ports.forEach((port, index) => {
    env[`PORT${index}`] = String(port);
    const name = spec.portDefinitions[index]?.name;
    if (name) env[`PORT_${variableName(name)}`] = String(port);
  });
  if (task.ports[0] !== undefined) env.PORT = String(task.ports[0]);
  const labels = Object.entries(spec.labels).filter(
    ([key, value]) => key.length <= labelCharsMax && value.length <= labelCharsMax,
  );
  env.MARATHON_APP_LABELS = labels.map(([key]) => variableName(key)).join(' ');
  for (const [key, value] of labels) env[`MARATHON_APP_LABEL_${variableName(key)}`] = value;
  return env;
}

const variableName = (text: string) => text.toUpperCase().replace(/[^A-Z0-9]+/g, '_');

export function replicaAssignment(
  options: { dataDirectory: string },
  spec: AppSpec,
  group: GroupRecord,
  self: MemberAddress,
  peers: MemberAddress[],
  how: { join: boolean; returns: boolean },
): ReplicaAssignment {
  const [volume] = spec.residency?.volumes ?? [];
  return {
    group: groupName(spec.id, group),
    secretHex: group.secretHex,
    seedHex: group.seedHex,
    epochMs: group.epochMs,
    ...how,
    self,
    peers,
    transport: spec.replication?.transport ?? 'auto',
    suspicionMs: spec.replication?.suspicionMs ?? suspicionMsDefault,
    gateway: spec.replication?.via === 'gateway' ? { compareOutput: spec.replication.compareOutput !== false } : null,
    durability: group.durability,
    snapshot: group.snapshot,
    dataDirectory: group.durability === 'disk' ? (volume?.containerPath ?? options.dataDirectory) : null,
  };
}

export const groupName = (appId: string, group: Pick<GroupRecord, 'generation'>) => `${appId}@${group.generation}`;
