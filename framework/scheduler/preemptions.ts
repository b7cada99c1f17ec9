/**
 * Priorities: when an app of a priority above 0 does not fit, tasks of apps of lower priority leave for it. Replicas leave their
 * group first, never its last majority. The room is kept for it for a while; those that have left wait for other places.
 */
import { type PreemptionPlan, planPreemption, type Victim } from '../../placement/index.js';
import type { AppSpec } from '../app.js';
import { clusterOf } from './cluster.js';
import type { Context } from './context.js';
import { type Demand, priorityOf, requestNow } from './demand.js';
import { retire } from './members.js';
import { groupOf, type MemberTask } from './quorum.js';
import type { AppRecord, PreemptionRecord, TaskRecord } from './records.js';
import { describeAgent, tell } from './story.js';
import { nameOf, stop } from './tasks.js';

/** An app waits so long before room is made for it: other agents may offer, tasks may end. */
export const preemptAfterMs = 10_000;
/** Room that is being made is kept so long at most. */
export const preemptionHoldMs = 300_000;
/** Between two plans, which cost time, of whatever app; and between two of one app. */
const planEveryMs = 5000;
const planAgainMs = 60_000;

/** Whom a new app would make leave; null: nobody may leave for it. Changes nothing. */
export function previewPreemption(context: Context, spec: AppSpec): PreemptionPlan | null {
  if (priorityOf(spec) <= 0) return null;
  const { agents, groups } = clusterOf(context).cluster;
  const others = groups.filter(({ id }) => id !== spec.id);
  return planPreemption({ agents, groups: others }, requestNow(context, spec), priorityOf(spec));
}

/** Which agents are kept, and for whom. */
export function holdRoom({ state, memory }: Context): void {
  memory.held = new Map();
  for (const { id: app, priority, agents } of state.preemptions.values())
    for (const { agentId } of agents)
      if ((memory.held.get(agentId)?.priority ?? 0) < priority) memory.held.set(agentId, { app, priority });
}

/** Ends what has been reached or has taken too long, and makes room for one more app. */
export function advancePreemptions(context: Context, demands: Demand[]): void {
  for (const record of [...context.state.preemptions.values()]) {
    const demand = demands.find(({ request }) => request.id === record.id);
    const isOver = !demand || priorityOf(demand.app.active) < record.priority || context.now >= record.untilMs;
    if (isOver) context.state.preemptions.remove(record.id);
  }
  forgetPlaced(context, demands);
  const next = nextToPlan(context, demands);
  if (next) makeRoom(context, next);
}

/** Whoever waits for nothing any more has its place again. */
function forgetPlaced({ state }: Context, demands: Demand[]): void {
  for (const app of [...state.apps.values()].filter(({ preemptedBy }) => preemptedBy)) {
    const leaving = state.tasksOf(app.id).some(({ stopping, replica }) => stopping || replica?.retiring);
    const waits = demands.some(({ request }) => request.id === app.id);
    if (!leaving && !waits) state.apps.put(app.id, { ...app, preemptedBy: null });
  }
}

function nextToPlan({ state, memory, now }: Context, demands: Demand[]): Demand | undefined {
  if (!memory.connected || now < memory.preemption.nextMs) return undefined;
  const due = demands.filter((demand) => {
    const waiting = memory.waiting.get(demand.request.id);
    const isNew =
      !state.preemptions.get(demand.request.id) && (memory.preemption.nextMsOf.get(demand.request.id) ?? 0) <= now;
    const waits = waiting && !waiting.fits && !waiting.delayed && now - waiting.sinceMs >= preemptAfterMs;
    return isNew && waits && waiting.count === demand.request.slots.length && mayPreempt(demand);
  });
  return due.sort((a, b) => priorityOf(b.app.active) - priorityOf(a.app.active))[0];
}

/** Not for a member that returns to its own agent, nor for one that only moves. */
function mayPreempt({ app, request, returning }: Demand): boolean {
  const moves = app.group?.moving && request.slots.includes(app.group.moving.spare);
  return priorityOf(app.active) > 0 && !returning && !moves;
}

function makeRoom(context: Context, { app, request }: Demand): void {
  const { memory, now } = context;
  memory.preemption.nextMs = now + planEveryMs;
  memory.preemption.nextMsOf.set(app.id, now + planAgainMs);
  const priority = priorityOf(app.active);
  const { cluster } = clusterOf(context);
  const plan = [request.slots, ...(request.whole ? [] : [request.slots.slice(0, 1)])]
    .map((slots) => planPreemption(cluster, { ...request, slots }, priority))
    .find(({ victims }) => victims.length > 0);
  const tasks = plan ? tasksOf(context, plan.victims) : [];
  if (!plan || tasks.length < plan.victims.length) return;
  const names = new Map(cluster.agents.map(({ id, hostname }) => [id, hostname]));
  const agents = [...new Set(plan.seats.map(({ agentId }) => agentId))];
  const record = context.state.preemptions.put(app.id, {
    id: app.id,
    priority,
    victims: tasks.map((task) => ({ app: task.appId, taskId: task.id })),
    agents: agents.map((agentId) => ({ agentId, hostname: names.get(agentId) ?? agentId })),
    untilMs: now + preemptionHoldMs,
  });
  const leaving = tasks.map((task) => `${nameOf(task)} of ${task.appId} on ${describeAgent(task.agent)}`);
  tell(context, app.id, `room is made for it, which has priority ${priority}: ${leaving.join(', ')} leave`);
  evict(context, record);
}

/** The tasks that the plan means: of an app as many on an agent as it names there. */
function tasksOf({ state }: Context, victims: Victim[]): TaskRecord[] {
  const taken = new Set<TaskRecord>();
  for (const { group, slot, agentId } of victims) {
    const task = state.tasksOf(group).find((one) => {
      const stays = !one.stopping && !one.inactive && !one.replica?.retiring && !taken.has(one);
      return stays && one.agent.id === agentId && (one.replica === null || one.replica.self.slot === slot);
    });
    if (task) taken.add(task);
  }
  return [...taken];
}

/** The guard of `members.ts` holds replicas back while their groups need them. */
function evict(context: Context, { id, priority, victims }: PreemptionRecord): void {
  const reason = `it is preempted by ${id}, which has priority ${priority}`;
  for (const { app: appId, taskId } of victims) {
    const task = context.state.tasks.get(taskId);
    const app = context.state.apps.get(appId);
    if (!task || !app || task.stopping || task.replica?.retiring) continue;
    context.state.apps.put(appId, { ...app, preemptedBy: id });
    if (isMember(app, task)) retire(context, task, reason);
    else stop(context, task, reason);
  }
}

function isMember(app: AppRecord, task: TaskRecord): task is MemberTask {
  return groupOf(app, [task])?.members.length === 1;
}

/** What the queue says beside what is missing; null: nothing. */
export function preemptionSentence({ state }: Context, { id, preemptedBy }: AppRecord): string | null {
  const own = state.preemptions.get(id);
  const left = own?.victims.filter(({ taskId }) => state.tasks.get(taskId)).length;
  const names = own?.agents.map(({ hostname }) => hostname).join(', ');
  if (own) return `room is kept for it on ${names}; ${left} of ${own.victims.length} tasks have to leave yet`;
  return preemptedBy ? `preempted by ${preemptedBy}` : null;
}
