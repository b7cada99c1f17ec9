import lodash from 'lodash';
import { taskStates } from '../../mesos-http-client/task-status.js';
import type { TaskState } from '../../mesos-http-client/types.js';
import { OPERATION_TYPES, SCHEDULER_CALL_TYPES } from '../call-schema.js';
import { ACTIVE, type Metrics, resourceMetrics, tasksIn } from '../metrics.js';
import { rolesOf } from './framework-validation.js';
import { isActive, totalOfActive, usedEverywhere } from './offers.js';
import { consumedBy, quantitiesOf } from './quota.js';
import type { Framework, MasterState } from './state.js';

/** The master's part of `/metrics/snapshot` (docs/monitoring.md of Apache Mesos; of its names those that operators watch). */

const SHOWN_ACTIVE: readonly TaskState[] = [...ACTIVE, 'TASK_UNREACHABLE', 'TASK_UNKNOWN'];
const ENDED = taskStates.filter((state) => !SHOWN_ACTIVE.includes(state));
const EVENTS = [
  'error',
  'failure',
  'heartbeat',
  'inverse_offers',
  'message',
  'offers',
  'rescind',
  'rescind_inverse_offer',
  'subscribed',
  'update',
  'update_operation_status',
];

export function masterMetrics(state: MasterState, nowMs: number): Metrics {
  return {
    ...allocatorMetrics(state),
    'master/elected': 1,
    'master/uptime_secs': (nowMs - state.startedAtMs) / 1000,
    'master/outstanding_offers': state.offers.size,
    ...peers(state),
    ...taskMetrics(state),
    ...Object.assign({}, ...[...state.frameworks.values()].map((framework) => frameworkMetrics(framework))),
  };
}

function peers(state: MasterState): Metrics {
  const { frameworks, unreachableAgents } = state;
  const all = [...state.agents.values()];
  const active = all.filter((agent) => isActive(state, agent)).length;
  const connected = all.filter((agent) => agent.connection !== null).length;
  const subscribed = [...frameworks.values()].filter(({ stream }) => stream !== null).length;
  return {
    'master/slaves_active': active,
    'master/slaves_inactive': all.length - active,
    'master/slaves_connected': connected,
    'master/slaves_disconnected': all.length - connected,
    'master/slaves_unreachable': unreachableAgents.size,
    'master/frameworks_active': subscribed,
    'master/frameworks_inactive': frameworks.size - subscribed,
    'master/frameworks_connected': subscribed,
    'master/frameworks_disconnected': frameworks.size - subscribed,
  };
}

const nameOf = (state: TaskState): string => state.toLowerCase();

function taskMetrics(state: MasterState): Metrics {
  const { counters } = state;
  const tasks = [...state.frameworks.values()].flatMap((framework) => [...framework.tasks.values()]);
  const now = lodash.countBy(tasks, ({ latestState }) => latestState);
  const unreachable = lodash.sumBy([...state.frameworks.values()], ({ unreachableTasks }) => unreachableTasks.size);
  const amount = (name: string) => counters.get(name) ?? 0;
  const reasons = [...counters].filter(([name]) => name.startsWith('master/task_'));
  return {
    ...Object.fromEntries(ACTIVE.map((one) => [tasksIn('master', one), now[one] ?? 0])),
    'master/tasks_unreachable': unreachable,
    ...Object.fromEntries(ENDED.map((one) => tasksIn('master', one)).map((name) => [name, amount(name)])),
    ...Object.fromEntries(reasons),
    'master/valid_status_updates': amount('master/valid_status_updates'),
    'master/invalid_status_updates': amount('master/invalid_status_updates'),
  };
}

function allocatorMetrics(state: MasterState): Metrics {
  const total = totalOfActive(state);
  const used = usedEverywhere(state);
  const inUse = used.flatMap(({ resources }) => resources);
  const taken = quantitiesOf([...inUse, ...[...state.offers.values()].flatMap(({ resources }) => resources)]);
  const whole = quantitiesOf(total);
  const names = ['cpus', 'disk', 'gpus', 'mem'].filter((name) => whole[name] !== undefined);
  const amounts = names.flatMap((name) => [
    [`allocator/mesos/resources/${name}/total`, (whole[name] ?? 0) / 1000],
    [`allocator/mesos/resources/${name}/offered_or_allocated`, (taken[name] ?? 0) / 1000],
  ]);
  const quotas = [...state.quotas].flatMap(([role, { guarantees, limits }]) => {
    const kinds = Object.entries({ guarantee: guarantees, limit: limits, consumed: consumedBy(role, total, used) });
    return kinds.flatMap(([kind, all]) =>
      Object.entries(all).map(([name, amount]) => [quotaName(role, name, kind), amount / 1000]),
    );
  });
  const filters = lodash.countBy(state.filters, ({ role }) => `allocator/mesos/offer_filters/roles/${role}/active`);
  return {
    'allocator/mesos/allocation_runs': state.counters.get('allocator/mesos/allocation_runs') ?? 0,
    ...Object.fromEntries([...amounts, ...quotas]),
    ...filters,
    ...resourceMetrics('master', total, inUse),
  };
}

const quotaName = (role: string, resource: string, kind: string): string =>
  `allocator/mesos/quota/roles/${role}/resources/${resource}/${kind}`;

function frameworkMetrics(framework: Framework): Metrics {
  const { counters, info, id, stream, suppressedRoles } = framework;
  const start = `master/frameworks/${encodeURIComponent(info.name)}/${id}`;
  const now = lodash.countBy([...framework.tasks.values(), ...framework.unreachableTasks.values()], 'latestState');
  const counted = [
    'calls',
    ...SCHEDULER_CALL_TYPES.map((type) => `calls/${type.toLowerCase()}`),
    'events',
    ...EVENTS.map((type) => `events/${type}`),
    ...['sent', 'accepted', 'declined', 'rescinded'].map((what) => `offers/${what}`),
    'operations',
    ...OPERATION_TYPES.map((type) => `operations/${type.toLowerCase()}`),
    ...ENDED.map((state) => `tasks/terminal/${nameOf(state)}`),
  ];
  return {
    [`${start}/subscribed`]: stream === null ? 0 : 1,
    ...Object.fromEntries(counted.map((name) => [`${start}/${name}`, counters.get(name) ?? 0])),
    ...Object.fromEntries(SHOWN_ACTIVE.map((state) => [`${start}/tasks/active/${nameOf(state)}`, now[state] ?? 0])),
    ...Object.fromEntries(
      rolesOf(info).map((role) => [`${start}/roles/${role}/suppressed`, suppressedRoles.has(role) ? 1 : 0]),
    ),
  };
}
