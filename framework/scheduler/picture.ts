/** What those that watch are shown, in short rows, several times a second: so each is made anew only when its records have changed. */
import lodash from 'lodash';
import { sharedBy } from '../../placement/index.js';
import type { Unavailability } from '../../placement/types.js';
import { stagedStates } from '../mesos-http-client/index.js';
import { KeptRows } from '../picture/kept-rows.js';
import type { AgentRow, Amounts, AppRow, Picture, QueuedRow, TaskRow } from '../picture/rows.js';
import { areAlive } from './check-health.js';
import { type Context, isoTime, type KnownAgent } from './context.js';
import { ownRoles } from './demand.js';
import { healthOf } from './health.js';
import type { AgentRef, AppRecord, TaskRecord } from './records.js';
import { scalars } from './room.js';
import { attributeTexts, deploymentViews, groupView, masterView, queueViews, shownState } from './views.js';

const queuedMax = 200;

export class PictureMaker {
  readonly #agents = new KeptRows<AgentRow>();
  readonly #apps = new KeptRows<AppRow>();
  readonly #tasks = new KeptRows<TaskRow>();

  make(context: Context): Picture {
    const tasks = this.#tasks.renew(taskEntries(context));
    return {
      at: isoTime(context.now),
      master: masterView(context),
      agents: this.#agents.renew(agentEntries(context)),
      apps: this.#apps.renew(appEntries(context, tasks)),
      tasks,
      deployments: deploymentViews(context),
      queue: longestWaiting(context),
    };
  }
}

function* taskEntries(context: Context) {
  for (const app of context.state.apps.values())
    for (const task of context.state.tasksOf(app.id)) {
      const healthy = healthyOf(context, app, task);
      yield { id: task.id, of: [task, healthy], make: () => taskRow(task, healthy) };
    }
}

/** Undefined: its app has no health checks. */
function healthyOf(context: Context, app: AppRecord, task: TaskRecord): boolean | null | undefined {
  const checks = healthOf(context, app, task);
  return checks.length === 0 ? undefined : areAlive(checks);
}

function taskRow(task: TaskRecord, healthy: boolean | null | undefined): TaskRow {
  const { id, appId, agent, startedAt, replica } = task;
  return {
    ...{ id, appId, agentId: agent.id, state: shownState(task), startedAt },
    ...(replica && { slot: replica.self.slot }),
    ...(replica?.report && { role: replica.report.role }),
    ...(healthy !== undefined && { healthy }),
  };
}

function* appEntries(context: Context, rows: ReadonlyMap<string, TaskRow>) {
  for (const app of context.state.apps.values()) {
    const tasks = context.state.tasksOf(app.id);
    const shown = tasks.flatMap(({ id }) => rows.get(id) ?? []);
    const waiting = context.memory.waiting.get(app.id)?.count ?? 0;
    const deploymentIds = context.state.deploymentsOf(app.id).map(({ id }) => id);
    const about = { waiting, deploymentIds };
    const of = [app, waiting, deploymentIds.join(' '), ...tasks, ...shown];
    yield { id: app.id, of, make: () => appRow(context, app, tasks, shown, about) };
  }
}

function appRow(
  context: Context,
  app: AppRecord,
  tasks: readonly TaskRecord[],
  shown: TaskRow[],
  about: Pick<AppRow, 'waiting' | 'deploymentIds'>,
): AppRow {
  const { id, instances, cpus, mem, replication, container, version } = app.spec;
  const group = groupView(context, app, tasks);
  const count = (holds: (row: TaskRow) => boolean) => shown.filter(holds).length;
  return {
    ...{ id, instances, cpus, mem, replicated: replication !== null, vm: container !== null, version },
    group: group && lodash.pick(group, ['state', 'caughtUp', 'leader']),
    tasksRunning: count(({ state }) => state === 'TASK_RUNNING'),
    tasksStaged: count(({ state }) => stagedStates.includes(state)),
    tasksHealthy: count(({ healthy }) => healthy === true),
    tasksUnhealthy: count(({ healthy }) => healthy === false),
    ...about,
    ...(app.deleting && { deleting: true as const }),
    ...(tasks.some(({ replica }) => replica?.report?.divergence) && { diverged: true as const }),
  };
}

/** Those that have offered, and those where tasks run without. */
function* agentEntries(context: Context) {
  const { memory, state, options } = context;
  const [used, refs] = usedBy(state.tasks.values());
  const none: Amounts = { cpus: 0, mem: 0, disk: 0, gpus: 0 };
  for (const [id, known] of memory.agents) {
    const ours = used.get(id) ?? none;
    const [draining, window] = [memory.drained.has(id), memory.unavailable.get(id)];
    const of = [known, ours.cpus, ours.mem, ours.disk, ours.gpus, draining, window];
    yield { id, of, make: () => offeredRow(options.role, known, ours, draining, window) };
  }
  for (const [id, ref] of refs) {
    if (memory.agents.has(id)) continue;
    const [draining, window] = [memory.drained.has(id), memory.unavailable.get(id)];
    const unknown = { free: null, total: null, offered: false };
    const make = () => ({ ...placeOf(ref), ...unknown, draining, ...windowOf(window) });
    yield { id, of: [ref, draining, window], make };
  }
}

function usedBy(tasks: Iterable<TaskRecord>): [Map<string, Amounts>, Map<string, AgentRef>] {
  const [used, refs] = [new Map<string, Amounts>(), new Map<string, AgentRef>()];
  for (const { agent, demand } of tasks) {
    const sum = used.get(agent.id) ?? { cpus: 0, mem: 0, disk: 0, gpus: 0 };
    for (const name of scalars) sum[name] += demand[name];
    used.set(agent.id, sum);
    if (!refs.has(agent.id)) refs.set(agent.id, agent);
  }
  return [used, refs];
}

/** Mesos reckons in thousandths. */
const thousandths = (value: number) => Math.round(value * 1000) / 1000;

function offeredRow(
  role: string,
  { snapshot }: KnownAgent,
  used: Amounts,
  draining: boolean,
  window: Unavailability | undefined,
): AgentRow {
  const free = lodash.mapValues(lodash.pick(sharedBy(ownRoles(role), snapshot).free, scalars), thousandths);
  const total = lodash.mapValues(free, (value, name) => thousandths(value + used[name as keyof Amounts]));
  return { ...placeOf(snapshot), free, total, offered: true, draining, ...windowOf(window) };
}

function placeOf({ id, hostname, region, zone, attributes }: Omit<AgentRef, 'host'>) {
  return { id, hostname, region, zone, attributes: attributeTexts(attributes) };
}

const windowOf = (window: Unavailability | undefined) => (window ? { unavailable: window } : {});

function longestWaiting(context: Context): QueuedRow[] {
  const waiting = [...context.memory.waiting].filter(([, { count }]) => count > 0);
  const longest = lodash.sortBy(waiting, ([, { sinceMs }]) => sinceMs).slice(0, queuedMax);
  return queueViews(context, longest).map((one) =>
    lodash.pick(one, ['appId', 'count', 'since', 'waitsFor', 'sentence', 'delaySecondsLeft']),
  );
}
