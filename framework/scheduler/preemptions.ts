/**
 * Priorities: when an app of a priority above 0 does not fit, tasks of apps of lower priority leave for it. Replicas leave their
 * group first, never its last majority. The room is kept for it for a while; those that have left wait for other places.
 */
import type { AgentName, PreemptionPlan, Victim } from '../../placement/index.js';
import type { AppSpec } from '../app.js';
import type { PreemptionJob } from '../planning.js';
import { clusterOf } from './cluster.js';
import { agentNamed, type Context } from './context.js';
import { type Demand, type MixedRequest, partsOf, priorityOf, requestNow } from './demand.js';
import { retire } from './members.js';
import { groupOf, type MemberTask } from './quorum.js';
import type { AppRecord, PreemptionRecord, TaskRecord } from './records.js';
import type { State } from './state.js';
import { describeAgent, tell } from './story.js';
import { isStaying, nameOf, stop } from './tasks.js';

/** An app waits so long before room is made for it: other agents may offer, tasks may end. */
export const preemptAfterMs = 10_000;
/** Room that is being made is kept so long at most. */
export const preemptionHoldMs = 300_000;
/** Between two plans, which cost time, of whatever app; and between two of one app. */
const planEveryMs = 5000;
const planAgainMs = 60_000;
/** After room that was made in vain. */
const vainPauseMs = 3_600_000;

/** What finds out whom a new app would make leave; null: nobody may leave for it. */
export function previewJob(context: Context, spec: AppSpec): PreemptionJob | null {
  if (priorityOf(spec) <= 0) return null;
  const job = jobFor(context, requestNow(context, spec), priorityOf(spec));
  const groups = job.cluster.groups.filter(({ id }) => id !== spec.id);
  return { ...job, cluster: { ...job.cluster, groups } };
}

function jobFor(context: Context, request: MixedRequest, priority: number): PreemptionJob {
  return { type: 'preemption', cluster: clusterOf(context).cluster, parts: partsOf(request), priority };
}

/** Which agents are kept, and for whom. */
export function holdRoom({ state, memory }: Context): void {
  memory.held = new Map();
  for (const { id: app, priority, agents } of state.preemptions.values())
    for (const { agentId } of agents)
      if ((memory.held.get(agentId)?.priority ?? 0) < priority) memory.held.set(agentId, { app, priority });
}

/** Ends what has been reached or has taken too long, and asks for a plan for one more app. */
export function advancePreemptions(context: Context): void {
  for (const record of [...context.state.preemptions.values()]) {
    const [demand] = context.memory.demands.of(record.id);
    if (!demand || priorityOf(demand.app.active) < record.priority) context.state.preemptions.remove(record.id);
    else if (context.now >= record.untilMs) giveUp(context, record);
  }
  forgetPlaced(context);
  const next = nextToPlan(context);
  if (next) askForPlan(context, next);
}

/** Whatever kept the app away would do so again: others do not lose their places for nothing too often. */
function giveUp(context: Context, { id, agents }: PreemptionRecord): void {
  context.state.preemptions.remove(id);
  context.memory.preemption.nextMsOf.set(id, context.now + vainPauseMs);
  const names = agents.map(({ hostname }) => hostname).join(', ');
  const minutes = (ms: number) => `${ms / 60_000} minutes`;
  const text = `the room made on ${names} has not helped it within ${minutes(preemptionHoldMs)}; for ${minutes(vainPauseMs)} none is made again`;
  tell(context, id, text);
}

/** Whoever waits for nothing any more has its place again. */
function forgetPlaced({ state, memory }: Context): void {
  for (const app of state.apps.of('preempted')) {
    const leaving = state.tasksOf(app.id).some(({ stopping, replica }) => stopping || replica?.retiring);
    if (!leaving && memory.demands.of(app.id).length === 0) state.apps.put(app.id, { ...app, preemptedBy: null });
  }
}

function nextToPlan({ state, memory, now }: Context): Demand | undefined {
  if (!memory.connected || memory.preemption.planning || now < memory.preemption.nextMs) return undefined;
  const due = state.apps
    .of('urgent')
    .flatMap(({ id }) => memory.demands.of(id))
    .filter((demand) => {
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

function askForPlan(context: Context, { app, request }: Demand): void {
  const { preemption } = context.memory;
  preemption.planning = true;
  preemption.nextMsOf.set(app.id, context.now + planAgainMs);
  context.actions.push({ type: 'plan', id: app.id, job: jobFor(context, request, priorityOf(app.active)) });
}

/** Makes room as planned, if the app waits still and those that are to leave are where they were. */
export function receivePlan(context: Context, appId: string, plan: PreemptionPlan | null): void {
  const { memory, state, now } = context;
  Object.assign(memory.preemption, { planning: false, nextMs: now + planEveryMs });
  const app = state.apps.get(appId);
  if (!plan || !app || !memory.waiting.has(appId) || plan.victims.length === 0) return;
  const priority = priorityOf(app.active);
  const tasks = tasksOf(state, plan.victims);
  if (tasks.length < plan.victims.length || tasks.some((task) => priorityOfApp(state, task.appId) >= priority)) return;
  const leaving = tasks.map((task) => `${nameOf(task)} of ${task.appId} on ${describeAgent(task.agent)}`);
  tell(context, appId, `room is made for it, which has priority ${priority}; leaving: ${leaving.join(', ')}`);
  state.preemptions.put(appId, {
    ...{ id: appId, priority, untilMs: now + preemptionHoldMs },
    victims: tasks.map((task) => task.id),
    agents: namesOf(context, plan.seats),
  });
  evict(context, tasks, `it is preempted by ${appId}, which has priority ${priority}`, appId);
}

const priorityOfApp = (state: State, appId: string) => priorityOf(state.apps.get(appId)?.active ?? {});

function namesOf({ memory }: Context, seats: { agentId: string }[]): AgentName[] {
  const ids = [...new Set(seats.map(({ agentId }) => agentId))];
  return ids.map((agentId) => agentNamed(memory, agentId));
}

/** The tasks that the plan means: of an app as many on an agent as it names there. */
function tasksOf(state: State, victims: Victim[]): TaskRecord[] {
  const taken = new Set<TaskRecord>();
  for (const { group, slot, agentId } of victims) {
    const task = state.tasksOf(group).find((one) => {
      const stays = isStaying(one) && !taken.has(one);
      return stays && one.agent.id === agentId && (one.replica === null || one.replica.self.slot === slot);
    });
    if (task) taken.add(task);
  }
  return [...taken];
}

/** The guard of `members.ts` holds replicas back while their groups need them. */
function evict(context: Context, tasks: readonly TaskRecord[], reason: string, by: string): void {
  for (const task of tasks) {
    const app = context.state.apps.get(task.appId) as AppRecord;
    context.state.apps.put(app.id, { ...app, preemptedBy: by });
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
  const left = own?.victims.filter((id) => state.tasks.get(id)).length;
  const names = own?.agents.map(({ hostname }) => hostname).join(', ');
  if (own) return `room is kept for it on ${names}; ${left} of ${own.victims.length} tasks have to leave yet`;
  return preemptedBy ? `preempted by ${preemptedBy}` : null;
}
