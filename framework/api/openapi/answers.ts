/** What clients get. */
import {
  anything,
  count,
  flag,
  list,
  mapOf,
  maybe,
  number,
  object,
  ref,
  type Schema,
  text,
  time,
  whole,
} from './types.js';

const counts = { tasksStaged: count, tasksRunning: count, tasksHealthy: count, tasksUnhealthy: count };
const shownApp = { id: text, instances: count, cpus: number, mem: number, disk: number, gpus: count, version: time };
const actions = list(object({ action: text, app: text }));
const steps = list(object({ actions }));
const agents = list(object({ agentId: text, hostname: text }));
const version = { version: time };
const points = list(maybe(number));
const kinds = ['leader', 'divergence', 'failure', 'member', 'deployment', 'other'];
const known = object({ agents: count, oldestOfferSeconds: maybe(number), unknownAgents: agents });

const concerns = list(object({ check: text, sentence: text }));

const failure = object({
  ...{
    appId: text,
    host: text,
    message: text,
    state: text,
    taskId: text,
    timestamp: time,
    version: time,
    slaveId: text,
  },
});

const rejects = list(object({ reason: text, declined: count, processed: count }));
const queued = object({
  app: anything,
  count,
  role: text,
  delay: object({ timeLeftSeconds: count, overdue: flag }),
  since: time,
  processedOffersSummary: object({
    processedOffersCount: count,
    unusedOffersCount: count,
    rejectSummaryLastOffers: rejects,
    rejectSummaryLaunchAttempt: rejects,
  }),
  'lastUnusedOffers?': list(object({ offer: anything, reason: list(text), timestamp: time })),
  sentence: maybe(text),
  waitsFor: text,
  refusals: list(anything),
  earmark: anything,
});

const deployment = object({
  id: text,
  version: text,
  affectedApps: list(text),
  affectedPods: list(text),
  steps,
  currentActions: list(object({ action: text, app: text, readinessCheckResults: list(anything) })),
  currentStep: whole,
  totalSteps: whole,
  waitingFor: maybe(text),
  'deadline?': time,
});

const task = object({
  ...{ id: text, appId: text, state: text, host: text, slaveId: text, ports: list(whole), servicePorts: list(whole) },
  ...{ stagedAt: time, 'startedAt?': time, version: time, 'message?': text, 'region?': text, 'zone?': text },
  ipAddresses: list(object({ ipAddress: text, protocol: text })),
  healthCheckResults: list(anything),
  localVolumes: list(object({ runSpecId: text, containerPath: text, uuid: text, persistenceId: text })),
});

const group = object({
  ...{ id: text, version: time, dependencies: list(text), enforceRole: flag },
  'apps?': list(object(shownApp)),
  'groups?': list(ref('Group')),
  'pods?': list(anything),
});

export const answerSchemas: Record<string, Schema> = {
  Error: object({
    message: text,
    'details?': { oneOf: [text, list(object({ path: text, errors: list(text) }))] },
    'remedy?': text,
    'deployments?': list(object({ id: text })),
  }),
  DeploymentResult: object({ ...version, 'deploymentId?': text }),
  DeploymentSteps: object({ steps }),
  Deployment: deployment,
  Deployments: list(ref('Deployment')),
  AppInfo: object({
    ...shownApp,
    ...counts,
    deployments: list(object({ id: text })),
    group: anything,
    'lastTaskFailure?': failure,
    'tasks?': list(ref('Task')),
    'taskStats?': mapOf(object({ stats: object({ counts: mapOf(count), 'lifeTime?': mapOf(number) }) })),
  }),
  AppAnswer: object({ app: ref('AppInfo') }),
  Apps: object({ apps: list(ref('AppInfo')) }),
  AppsBelow: object({ '*': list(ref('AppInfo')) }),
  AppsOfGroup: list(ref('AppInfo')),
  AppVersion: object({ ...shownApp, versionInfo: object({ lastScalingAt: time, lastConfigChangeAt: time }) }),
  Versions: object({ versions: list(time) }),
  Task: task,
  TaskAnswer: { oneOf: [object({ task: ref('Task') }), ref('DeploymentResult')] },
  Tasks: { oneOf: [object({ tasks: list(ref('Task')) }), ref('DeploymentResult')] },
  Group: group,
  Change: { oneOf: [ref('DeploymentResult'), ref('DeploymentSteps')] },
  GroupVersions: list(time),
  Queue: object({ queue: list(queued) }),
  Placement: object({ appId: text, tasks: list(anything), survives: anything, waiting: anything }),
  Replicas: object({ appId: text }),
  LeaderOrder: object({ appId: text, slot: maybe(whole) }),
  Guest: object({
    ...{ appId: text, primary: maybe(whole), backup: maybe(whole), covered: flag, lost: maybe(text) },
    members: list(anything),
  }),
  GuestOrder: object({ appId: text, 'request?': whole }),
  Plan: object({
    app: object(shownApp),
    exists: flag,
    plan: object({ assigned: list(anything), unplaced: list(anything) }),
  }),
  Moves: object({ known, plan: { type: 'object' }, 'version?': time, 'deploymentId?': text }),
  Drains: object({
    drains: list(object({ id: text, wanted: { type: 'object' }, agents, tasks: count, startedAt: time })),
  }),
  Agents: object({
    agents: list(
      object({ agentId: text, hostname: text, offeredSecondsAgo: maybe(number), host: maybe({ type: 'object' }) }),
    ),
  }),
  Info: object({
    ...{ name: text, version: text, executorArchive: maybe(text) },
    ...{ elected: flag, leader: maybe(text), frameworkId: maybe(text) },
  }),
  Series: object({
    ...{ appId: text, intervalMs: count, at: list(count) },
    ...{ commitsPerSecond: points, p50Ns: points, p99Ns: points, lagEntries: points, elections: points },
  }),
  Timeline: object({ appId: text, events: list(object({ at: time, kind: { enum: kinds }, text })) }),
  TaskLog: object({ taskId: text, file: text, offset: count, next: count, size: count, text }),
  Me: object({ name: maybe(text), role: text, paths: maybe(list(text)), authenticated: flag }),
  Leader: object({ leader: text }),
  Message: object({ message: text }),
  Pods: { ...list(anything), maxItems: 0 },
  Plugins: object({ plugins: list(anything) }),
  Health: object({ status: text, leader: maybe(text), 'reasons?': concerns, 'warnings?': concerns }),
  Document: object({ openapi: text, paths: { type: 'object' } }),
};
