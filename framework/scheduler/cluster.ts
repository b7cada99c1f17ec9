/** What runs where, for previews of moves: the records, and what agents had free when they last offered. */
import lodash from 'lodash';
import {
  type AgentSnapshot,
  type Resources,
  type RunningGroup,
  type RunningReplica,
  sharedBy,
} from '../../placement/index.js';
import { isReplicatedGuest } from '../replicated-guest.js';
import type { ClusterView } from '../service.js';
import type { Context, KnownAgent } from './context.js';
import {
  currentlyAvoided,
  demandIn,
  livingReplica,
  type MixedRequest,
  ownRoles,
  priorityOf,
  requestNow,
} from './demand.js';
import { caughtUp, groupOf, leaderTask } from './quorum.js';
import type { AppRecord, TaskRecord } from './records.js';
import { isStaying } from './tasks.js';

export function clusterOf(context: Context): ClusterView {
  const { memory, state, now } = context;
  const tasks = [...state.tasks.values()];
  const byAgent = lodash.groupBy(tasks, ({ agent }) => agent.id);
  const unknown = Object.values(byAgent).flatMap(([task]) => (task && !memory.agents.has(task.agent.id) ? [task] : []));
  const agents = [...memory.agents.values()];
  return {
    cluster: {
      agents: agents.map((known) => withTotal(context, known, byAgent[known.snapshot.id] ?? [])),
      groups: [...state.apps.values()].filter(({ deleting }) => !deleting).map((app) => runningGroup(context, app)),
    },
    unknownAgents: unknown.map(({ agent }) => ({ agentId: agent.id, hostname: agent.hostname })),
    oldestOfferSeconds:
      agents.length === 0 ? null : secondsSince(now, lodash.minBy(agents, 'offeredMs')?.offeredMs ?? now),
  };
}

const secondsSince = (now: number, ms: number) => Math.max(0, Math.round((now - ms) / 1000));

/** Its tasks have data on their agents that nobody else has a copy of. */
export const isPinned = ({ active }: AppRecord): boolean => active.residency !== undefined && !active.replication;

export const residentSentence =
  'with their data in volumes there, and nowhere else; to empty the agent, scale or delete the app';

/** What other frameworks have there is not known; the total is what is free and what our tasks have. */
function withTotal({ memory, options }: Context, { snapshot }: KnownAgent, tasks: TaskRecord[]): AgentSnapshot {
  const { free } = sharedBy(ownRoles(options.role), snapshot);
  const sum = (field: 'cpus' | 'mem' | 'disk' | 'gpus') =>
    tasks.reduce((total, { demand }) => total + demand[field], free[field]);
  const total: Resources = {
    ...free,
    cpus: sum('cpus'),
    mem: sum('mem'),
    disk: sum('disk'),
    gpus: sum('gpus'),
  };
  return { ...snapshot, free, portions: [], total, unavailable: memory.unavailable.get(snapshot.id) ?? null };
}

/** Tasks that are to stay; those that end or are given up are on their way out anyway. */
function runningGroup(context: Context, app: AppRecord): RunningGroup {
  const tasks = context.state.tasksOf(app.id);
  const group = groupOf(app, tasks);
  const members = (group?.members ?? tasks).filter(isStaying);
  const current = new Set<TaskRecord>(group ? caughtUp(group) : tasks.filter(({ state }) => state === 'TASK_RUNNING'));
  const request = lodash.omit(requestNow(context, app.active), ['slots', 'living', 'whole']);
  return {
    ...request,
    avoid: lodash.mapValues(currentlyAvoided(app, context.now), ({ reason }) => reason),
    size: app.active.instances,
    priority: priorityOf(app.active),
    replicated: app.active.replication !== null,
    leader: group ? (leaderTask(group)?.replica.self.slot ?? null) : null,
    ...(isPinned(app) ? { pinned: `its tasks stay, ${residentSentence}` } : {}),
    // Its memory would have to be copied, with nobody to cover it meanwhile.
    ...(isReplicatedGuest(app.active) ? { settled: true } : {}),
    replicas: members.map((task, index) => runningReplica(request, task, index, current.has(task))),
  };
}

function runningReplica(
  request: Pick<MixedRequest, 'demand' | 'witness'>,
  task: TaskRecord,
  index: number,
  runs: boolean,
): RunningReplica {
  const living = livingReplica(task, index);
  const demand = demandIn(request, living.slot);
  return { ...living, ...(demand !== request.demand && { demand }), ports: task.demand.ports, runs };
}
