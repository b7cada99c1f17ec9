/** What people are told of moves that are under way. */
import lodash from 'lodash';
import type { DeploymentView, DrainView } from '../service.js';
import { isPinned, residentSentence } from './cluster.js';
import { type Context, isoTime } from './context.js';
import { isRestarting } from './deployments.js';
import { agentsOf, tasksOn } from './drains.js';
import { type Group, groupOf, groupState, lostSentence } from './quorum.js';
import type { DrainRecord, RebalanceRecord, TaskRecord } from './records.js';

export function drainViews(context: Context): DrainView[] {
  return [...context.state.drains.values()].map((drain) => {
    const { id, wanted, startedAt } = drain;
    return { id, wanted, agents: agentsOf(context, drain), tasks: tasksOn(context, drain).length, startedAt };
  });
}

/** Drains of agents where something runs still: one step, of all tasks that are to leave. */
export function drainDeployments(context: Context): DeploymentView[] {
  const drains = [...context.state.drains.values()].map((drain) => ({ drain, tasks: tasksOn(context, drain) }));
  return drains
    .filter(({ tasks }) => tasks.length > 0)
    .map(({ drain, tasks }) => drainDeployment(context, drain, tasks));
}

function drainDeployment(context: Context, { id, startedAt, left }: DrainRecord, tasks: TaskRecord[]): DeploymentView {
  const byApp = lodash.groupBy(tasks, 'appId');
  const affectedApps = Object.keys(byApp).sort();
  const actions = affectedApps.flatMap((app) => (byApp[app] as TaskRecord[]).map(() => ({ action: 'MoveTask', app })));
  const waits = affectedApps.map((app) => waitingFor(context, app, byApp[app] as TaskRecord[]));
  const waiting = `${left} have left, ${tasks.length} are there still; ${waits.join('; ')}`;
  return {
    ...{ id, version: startedAt, affectedApps, steps: [{ actions }], currentStep: 1, currentActions: actions },
    waitingFor: waiting,
    stepSince: startedAt,
    deadline: null,
  };
}

/** One step for each move. */
export function rebalanceDeployments(context: Context): DeploymentView[] {
  return [...context.state.rebalances.values()].map((record) => {
    const { id, startedAt, moves, current, sinceMs } = record;
    const steps = moves.map(({ app }) => ({ actions: [{ action: 'MoveTask', app }] }));
    const affectedApps = [...new Set(moves.map(({ app }) => app))].sort();
    const currentActions = steps[current]?.actions ?? [];
    const waitingFor = moveProgress(context, record);
    return {
      id,
      version: startedAt,
      affectedApps,
      steps,
      currentStep: Math.min(current + 1, Math.max(1, steps.length)),
      currentActions,
      waitingFor,
      stepSince: isoTime(sinceMs),
      deadline: null,
    };
  });
}

function moveProgress(context: Context, { moves, current, taskId, toPlan }: RebalanceRecord): string | null {
  if (toPlan > 0) return `the last ${toPlan} moves are planned anew`;
  const move = moves[current];
  const task = taskId === null ? undefined : context.state.tasks.get(taskId);
  if (!move || !task) return null;
  return `${move.from.hostname} -> ${move.to.hostname}: ${waitingFor(context, move.app, [task])}`;
}

/** Why these tasks of one app are not elsewhere yet. */
function waitingFor(context: Context, appId: string, tasks: TaskRecord[]): string {
  const app = context.state.apps.get(appId);
  if (!app || tasks.every(({ stopping }) => stopping)) return `${appId}: ${tasks.length} are being stopped`;
  const group = groupOf(app, context.state.tasksOf(appId));
  const why = context.memory.waiting.get(appId)?.sentence;
  if (isPinned(app)) return `${appId}: ${tasks.length} stay, ${residentSentence}`;
  const progress = group ? groupProgress(context, group) : `${tasks.length} wait for successors`;
  return `${appId}: ${progress}${why ? `: ${why}` : ''}`;
}

function groupProgress(context: Context, group: Group): string {
  const { app, members, record } = group;
  if (groupState(group) === 'lost') return lostSentence(group);
  const leaving = members.find(({ replica, stopping }) => replica.retiring !== null && !stopping);
  if (leaving) return `replica ${leaving.replica.self.slot} leaves its group`;
  if (record.moving) return successorProgress(group, record.moving.slot, record.moving.spare);
  if (isRestarting(context, app.id)) return 'waits for the deployment that restarts it';
  if (groupState(group) === 'whole') return 'waits for its turn';
  return `the group is ${groupState(group)}; replicas move when it is whole`;
}

function successorProgress({ members }: Group, slot: number, spare: number): string {
  const successor = members.find(({ replica }) => replica.self.slot === spare);
  if (!successor) return `a successor of replica ${slot} waits for an agent`;
  return `replica ${spare} on ${successor.agent.hostname} joins, then replica ${slot} leaves`;
}
