/** What the API shows. Built from records that are never modified; group secrets stay out. */
import type { AttributeValue } from '../../placement/types.js';
import type { TaskState } from '../mesos-http-client/index.js';
import type {
  AppView,
  DeploymentView,
  FrameworkView,
  GroupView,
  QueueView,
  ReadinessView,
  ReservationView,
  TaskView,
} from '../service.js';
import { type Context, isoTime, type Waiting } from './context.js';
import { currentActions, waitingFor } from './deployments.js';
import { guestView } from './guests.js';
import { healthView } from './health-view.js';
import { newestFirst } from './history.js';
import { drainDeployments, drainViews, rebalanceDeployments } from './moves-view.js';
import { preemptionSentence } from './preemptions.js';
import { caughtUp, groupOf, groupState, leaderTask, lostSentence } from './quorum.js';
import { readinessView } from './readiness.js';
import type { AppRecord, DeploymentRecord, ReplicaRecord, ReservationRecord, TaskRecord } from './records.js';
import { owed } from './reservations.js';
import { awaitedSentence } from './returning.js';

export function viewOf(context: Context): FrameworkView {
  const { memory, state, options } = context;
  return {
    frameworkId: state.frameworkId,
    role: options.role,
    principal: options.principal,
    secrets: options.secrets !== undefined,
    servicePorts: options.servicePorts ?? null,
    master: masterView(context),
    offers: { held: memory.offers.size, suppressed: memory.suppressed, lastAt: timeOrNull(memory.offeredMs) },
    apps: [...state.apps.values()]
      .map((app) => appView(context, app))
      .sort((a, b) => a.spec.id.localeCompare(b.spec.id)),
    appGroups: [...state.appGroups.values()],
    treeChanges: newestFirst(state.treeChanges.values()),
    deployments: deploymentViews(context),
    drains: drainViews(context),
    queue: queueViews(context, memory.waiting),
    releasing: owed(state).map((kept) => reservationView(kept, state.tasksOf(kept.appId))),
    counts: { ...memory.counts, offersDeclined: { ...memory.counts.offersDeclined } },
  };
}

export const masterView = ({ memory }: Context): FrameworkView['master'] => {
  return { connected: memory.connected, address: memory.master, since: timeOrNull(memory.masterSinceMs) };
};

/** Drains and rebalances among them. */
export function deploymentViews(context: Context): DeploymentView[] {
  return [
    ...[...context.state.deployments.values()].map((deployment) => deploymentView(context, deployment)),
    ...drainDeployments(context),
    ...rebalanceDeployments(context),
  ];
}

export function queueViews(context: Context, waiting: Iterable<[appId: string, Waiting]>): QueueView[] {
  return [...waiting].flatMap(([id, one]) => queueView(context, context.state.apps.get(id), one));
}

const timeOrNull = (ms: number | null) => (ms === null ? null : isoTime(ms));

function appView(context: Context, app: AppRecord): AppView {
  const tasks = context.state.tasksOf(app.id);
  return {
    spec: app.spec,
    ...(app.deleting && { deleting: true as const }),
    tasks: tasks
      .map((task) => taskView(context, app, task))
      .sort((a, b) => (a.replica?.slot ?? 0) - (b.replica?.slot ?? 0) || a.stagedAt.localeCompare(b.stagedAt)),
    deploymentIds: context.state.deploymentsOf(app.id).map(({ id }) => id),
    lastTaskFailure: app.lastTaskFailure,
    versions: app.versions,
    reservations: context.state.reservationsOf(app.id).map((kept) => reservationView(kept, tasks)),
    group: groupView(context, app, tasks),
    story: context.state.stories.get(app.id)?.lines ?? [],
  };
}

function reservationView(kept: ReservationRecord, tasks: readonly TaskRecord[]): ReservationView {
  const { id, appId, agent, demand, volumes, releasing } = kept;
  return {
    instanceId: id,
    appId,
    host: agent.hostname,
    agentId: agent.id,
    ports: demand.ports,
    volumes,
    taskId: tasks.find(({ reservationId }) => reservationId === id)?.id ?? null,
    releasing: releasing?.reason ?? null,
  };
}

function taskView(context: Context, app: AppRecord, task: TaskRecord): TaskView {
  const { agent, replica } = task;
  const health = healthView(context, app, task);
  const readiness = readinessView(context, app, task);
  return {
    id: task.id,
    appId: task.appId,
    state: shownState(task),
    host: agent.hostname,
    agentId: agent.id,
    region: agent.region,
    zone: agent.zone,
    attributes: attributeTexts(agent.attributes),
    ports: task.ports,
    stagedAt: task.stagedAt,
    startedAt: task.startedAt,
    version: task.version,
    message: task.message,
    ...(health && { health }),
    ...(readiness && { readiness }),
    ...(task.checkStatus && { checkStatus: task.checkStatus }),
    replica: replica && {
      slot: replica.self.slot,
      member: replica.self.member,
      address: clientAddress(task, replica),
      report: replica.report,
      reportedAt: replica.reportedAt,
    },
    placement: task.placement,
  };
}

export const shownState = ({ state, stopping }: TaskRecord): TaskState =>
  stopping && state !== 'TASK_UNREACHABLE' ? 'TASK_KILLING' : state;

/** Its first port; of a guest without any, the host. */
function clientAddress({ ports }: TaskRecord, { self }: ReplicaRecord): string {
  return ports.length === 0 ? self.host : `${self.host}:${ports[0]}`;
}

export const attributeTexts = (attributes: Record<string, AttributeValue>): Record<string, string> =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, attributeText(value)]));

/** Ranges and sets as Mesos prints them. */
function attributeText(attribute: AttributeValue): string {
  switch (attribute.type) {
    case 'ranges':
      return `[${attribute.value.map(({ begin, end }) => `${begin}-${end}`).join(',')}]`;
    case 'set':
      return `{${attribute.value.join(',')}}`;
    default:
      return String(attribute.value);
  }
}

export function groupView({ memory }: Context, app: AppRecord, tasks: readonly TaskRecord[]): GroupView | null {
  const group = groupOf(app, tasks);
  if (!group) return null;
  const leader = leaderTask(group);
  const guest = guestView(group);
  const { generation, leader: ballot } = group.record;
  const state = groupState(group);
  return {
    state,
    generation,
    leader:
      leader && ballot
        ? {
            slot: leader.replica.self.slot,
            member: leader.replica.self.member,
            address: clientAddress(leader, leader.replica),
            term: ballot.term,
          }
        : null,
    awaits: awaitedSentence(group.record.away),
    lost: state === 'lost' ? lostSentence(group) : null,
    caughtUp: caughtUp(group).length,
    leaderChanges: memory.leaderChanges.get(app.id) ?? 0,
    ...(guest && { guest }),
  };
}

function deploymentView(context: Context, deployment: DeploymentRecord): DeploymentView {
  const { id, version, affectedApps, steps, currentStep } = deployment;
  const waiting = currentActions(deployment).map((action) => waitingFor(context, action));
  const waits = waiting.filter((sentence) => sentence !== null);
  return {
    id,
    version,
    affectedApps,
    steps,
    currentStep,
    currentActions: currentActions(deployment).map((action) => ({
      ...action,
      readiness: readinessIn(context, action.app),
    })),
    waitingFor: waits.length > 0 ? waits.join('; ') : null,
    stepSince: deployment.stepSince ?? deployment.startedAt,
    deadline: deployment.deadline ? isoTime(deployment.deadline.atMs) : null,
  };
}

function readinessIn(context: Context, appId: string): ReadinessView[] {
  const app = context.state.apps.get(appId);
  if (!app) return [];
  const running = context.state.tasksOf(appId).filter(({ state, stopping }) => state === 'TASK_RUNNING' && !stopping);
  return running.flatMap((task) => readinessView(context, app, task) ?? []);
}

function joined(sentences: (string | null)[]): string | null {
  const known = sentences.filter((sentence) => sentence !== null);
  return known.length > 0 ? known.join('; ') : null;
}

function queueView(context: Context, app: AppRecord | undefined, waiting: Waiting): QueueView[] {
  if (!app) return [];
  const earmark = context.memory.earmarks.get(app.id);
  const preempted = preemptionSentence(context, app);
  return [
    {
      appId: app.id,
      spec: app.active,
      count: waiting.count,
      delaySecondsLeft: Math.max(0, Math.ceil(((app.backoff?.untilMs ?? 0) - context.now) / 1000)),
      since: isoTime(waiting.sinceMs),
      processedOffersCount: waiting.processedOffers,
      unusedOffersCount: waiting.unusedOffers,
      declinedFor: waiting.declinedFor,
      refusals: waiting.refusals,
      sentence: joined([preempted, waiting.sentence]),
      waitsFor: waitsFor(context, app, waiting, preempted !== null),
      earmark: earmark
        ? {
            since: isoTime(earmark.sinceMs),
            until: isoTime(earmark.untilMs),
            agents: earmark.agents.map(({ demand: _, ...agent }) => agent),
          }
        : null,
    },
  ];
}

function waitsFor({ now }: Context, app: AppRecord, { delayed, lacks }: Waiting, isPreempted: boolean): string {
  if (delayed) return (app.backoff?.untilMs ?? 0) > now ? 'backoff' : 'secret';
  return isPreempted ? 'preempted' : (lacks ?? 'offers');
}
