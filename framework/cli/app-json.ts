import type { Rung } from '../../placement/index.js';
import type { EarmarkView, GroupView, HealthResultView, ReservationView, TaskFailure, TaskView } from '../service.js';

/** The parts of GET /v2/apps/{id} that the commands show. */
export interface AppJson {
  id: string;
  cmd?: string;
  args?: string[];
  /** With `vm` a virtual machine, else volumes. */
  container?: {
    vm?: { kernel?: string; initrd?: string; image?: string; disk?: number; vcpus: number; memory: number };
  };
  instances: number;
  cpus: number;
  mem: number;
  version: string;
  tasksRunning: number;
  tasksStaged: number;
  tasksHealthy: number;
  tasksUnhealthy: number;
  healthChecks?: object[];
  deployments: { id: string }[];
  replication?: { protocol: string; transport: string; durability: string; spread: Rung[] };
  tasks: TaskJson[];
  reservations?: ReservationView[];
  group: GroupView | null;
  story: { at: string; text: string }[];
  waiting: Waiting | null;
  lastTaskFailure?: Omit<TaskFailure, 'agentId'> & { slaveId: string };
}

/** A task as the API shows it: null fields are left out, and the agent's id has Mesos' old name. */
export type TaskJson = Pick<TaskView, 'id' | 'appId' | 'state' | 'host' | 'attributes' | 'ports'> & {
  slaveId: string;
  zone?: string;
  region?: string;
  message?: string;
  startedAt?: string;
  healthCheckResults?: HealthResultView[];
  replica?: NonNullable<TaskView['replica']>;
  placement?: NonNullable<TaskView['placement']>;
};

export interface Waiting {
  count: number;
  since: string;
  delaySecondsLeft: number;
  sentence: string | null;
  refusals: { agentId: string; hostname: string; rule: string; sentence: string }[];
  earmark: EarmarkView | null;
}

/** '100 MB at data': the volumes of an instance. */
export function volumesOf({ volumes }: ReservationView): string {
  return volumes.map(({ containerPath, sizeMb }) => `${sizeMb} MB at ${containerPath}`).join(', ');
}

/** `zone a, rack r1`: where an agent is, as far as it says so. */
export function placeOf(task: Pick<TaskJson, 'zone' | 'attributes'>): string {
  const zone = task.zone ?? task.attributes.zone;
  const rack = task.attributes.rack;
  return (
    [zone === undefined ? null : `zone ${zone}`, rack === undefined ? null : `rack ${rack}`]
      .filter(Boolean)
      .join(', ') || '–'
  );
}

function guestOf({ kernel, initrd, image, disk }: NonNullable<NonNullable<AppJson['container']>['vm']>): string {
  const boots = kernel === undefined ? image : `${kernel} with ${initrd}`;
  const begins = image === undefined || kernel === undefined ? '' : ` that begins with ${image}`;
  return disk === undefined ? `${boots}` : `${boots}, a disk of ${disk} MB${begins}`;
}

/** The program of a task in the words of a shell; of a virtual machine what it boots. */
export function programOf(app: Pick<AppJson, 'cmd' | 'args' | 'container'>): string {
  const vm = app.container?.vm;
  if (vm !== undefined) return `virtual machine: ${guestOf(vm)}`;
  return app.cmd ?? app.args?.join(' ') ?? '';
}
