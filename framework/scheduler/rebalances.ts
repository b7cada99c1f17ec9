/** Rebalances: planned moves that are carried out one after another, as far as they stand as planned. */
import lodash from 'lodash';
import type { RebalancePlan } from '../../placement/index.js';
import { isReplicatedGuest } from '../replicated-guest.js';
import type { Command, CommandResult } from '../service.js';
import { clusterOf, isPinned, residentSentence } from './cluster.js';
import { type Context, isoTime } from './context.js';
import { countEnd } from './deployments.js';
import { forgetSilent } from './offers.js';
import type { AppRecord, PlannedMove, RebalanceRecord, TaskRecord } from './records.js';
import type { State } from './state.js';
import { describeAgent, tell } from './story.js';
import { isStaying, nameOf } from './tasks.js';

/** A move whose successor has found no place for so long is left out. */
export const moveWaitMs = 600_000;

/** A rebalance is planned anew so often at most; then what does not stand as planned is just left out. */
const plansMax = 5;
const planAgainMs = 10_000;

/** Its memory would have to be copied, with nobody to cover it meanwhile. */
const guestSentence = 'a member of a replicated guest moves only when its agent is drained';

type Moves = Extract<Command, { type: 'rebalance' }>['moves'];

export function startRebalance(context: Context, moves: Moves, gainMin: number): CommandResult {
  const { state, options, now } = context;
  const [other] = state.rebalances.values();
  if (other) return { ok: false, reason: 'busy', message: `Rebalance ${other.id} is under way` };
  if (moves.length === 0)
    return { ok: false, reason: 'invalid', message: 'moves: the list is empty; nothing would gain' };
  const id = options.ids.uuid();
  const planned = withOthers(state, moves);
  const startedAt = isoTime(now);
  const plan = { gainMin, toPlan: 0, plansLeft: plansMax };
  state.rebalances.put(id, { id, startedAt, moves: planned, current: 0, taskId: null, sinceMs: now, ...plan });
  return { ok: true, deploymentId: id, version: startedAt };
}

/** A successor that has not joined yet is given up; moves that are done stay done. */
export function endRebalance({ state }: Context, { id, startedAt }: RebalanceRecord): CommandResult {
  state.rebalances.remove(id);
  return { ok: true, deploymentId: null, version: startedAt };
}

/** Where the group's other replicas are when each move's turn comes, if all goes as planned. */
function withOthers(state: State, moves: Moves): PlannedMove[] {
  const places = new Map<string, string[]>();
  return moves.map(({ group: app, from, to, sentence }) => {
    const before = places.get(app) ?? placesOf(stayingTasks(state, app));
    const beside = before.filter((agentId) => agentId !== from.agentId);
    places.set(app, [...beside, to.agentId].sort());
    return { app, from, to, beside: state.apps.get(app)?.group ? beside : null, sentence };
  });
}

const placesOf = (tasks: TaskRecord[]): string[] => tasks.map(({ agent }) => agent.id).sort();

const stayingTasks = (state: State, appId: string): TaskRecord[] => state.tasksOf(appId).filter(isStaying);

export function advanceRebalances(context: Context): void {
  for (const { id } of [...context.state.rebalances.values()]) {
    let record = context.state.rebalances.get(id);
    for (let before = null; record && record !== before; ) {
      before = record;
      advance(context, record);
      record = context.state.rebalances.get(id);
    }
  }
}

function advance(context: Context, record: RebalanceRecord): void {
  const move = record.moves[record.current];
  if (record.toPlan > 0) askForPlan(context, record);
  else if (!move) finish(context, record);
  else if (record.taskId === null) choose(context, record, move);
  else judge(context, record, move, context.state.tasks.get(record.taskId));
}

function finish(context: Context, record: RebalanceRecord): void {
  context.state.rebalances.remove(record.id);
  countEnd(context, record, 'deploymentsDone');
}

function choose(context: Context, record: RebalanceRecord, move: PlannedMove): void {
  const tasks = stayingTasks(context.state, move.app);
  const task = tasks.find(({ agent }) => agent.id === move.from.agentId);
  const others = placesOf(tasks.filter((other) => other !== task));
  const asPlanned = move.beside === null || lodash.isEqual(others, move.beside);
  const app = context.state.apps.get(move.app);
  if (app && isPinned(app)) skip(context, record, move, `its tasks stay, ${residentSentence}`);
  else if (app && isReplicatedGuest(app.active)) skip(context, record, move, guestSentence);
  else if (task && asPlanned)
    context.state.rebalances.put(record.id, { ...record, taskId: task.id, sinceMs: context.now });
  else skip(context, record, move, 'its tasks do not run where they did when the move was planned');
}

/** Until the task has left, or it is time to leave the move out. */
function judge(context: Context, record: RebalanceRecord, move: PlannedMove, task: TaskRecord | undefined): void {
  const { memory, state, now } = context;
  const app = state.apps.get(move.app);
  if (!task || !app) next(context, record);
  else if (task.stopping || task.replica?.retiring) return;
  else if (Object.hasOwn(memory.closed, move.to.agentId)) skip(context, record, move, `${move.to.hostname} is closed`);
  else if (now - record.sinceMs >= moveWaitMs && hasNoSuccessor(context, app)) giveUp(context, record, move, task);
}

/** Agents that have offered nothing meanwhile are not planned with again. */
function giveUp(context: Context, record: RebalanceRecord, move: PlannedMove, task: TaskRecord): void {
  forgetSilent(context, move.to.agentId, record.sinceMs);
  const where = `${nameOf(task)} on ${describeAgent(task.agent)}`;
  skip(context, record, move, `no successor of ${where} within ${moveWaitMs / 60_000} minutes`);
}

function hasNoSuccessor({ state, memory }: Context, { id, group }: AppRecord): boolean {
  if (memory.waiting.has(id) || !group) return true;
  return !state.tasksOf(id).some(({ replica }) => replica?.self.slot === group.moving?.spare);
}

function skip(context: Context, record: RebalanceRecord, { app, from, to }: PlannedMove, why: string): void {
  if (context.state.apps.get(app))
    tell(context, app, `the move from ${from.hostname} to ${to.hostname} is left out: ${why}`);
  if (record.plansLeft === 0) next(context, record);
  else planRest(context, record);
}

function planRest({ state, now }: Context, record: RebalanceRecord): void {
  const moves = record.moves.slice(0, record.current);
  const [toPlan, plansLeft] = [record.moves.length - record.current, record.plansLeft - 1];
  state.rebalances.put(record.id, { ...record, moves, toPlan, plansLeft, taskId: null, sinceMs: now });
}

/** What is known of agents may be old when the cluster has just changed: it is asked once per pause. */
function askForPlan(context: Context, { id, toPlan, gainMin }: RebalanceRecord): void {
  const { memory, now } = context;
  if (memory.replanMs > now || memory.agents.size === 0) return;
  memory.replanMs = Number.POSITIVE_INFINITY;
  const job = {
    type: 'rebalance' as const,
    cluster: clusterOf(context).cluster,
    options: { movesMax: toPlan, gainMin },
  };
  context.actions.push({ type: 'plan', id, job });
}

/** The moves that gain now, in place of those that do not stand any more; null: no plan could be made. */
export function replan({ state, memory, now }: Context, id: string, plan: RebalancePlan | null): void {
  memory.replanMs = plan ? 0 : now + planAgainMs;
  const record = state.rebalances.get(id);
  if (!plan || !record || record.toPlan === 0) return;
  state.rebalances.put(id, {
    ...record,
    moves: [...record.moves, ...withOthers(state, plan.moves)],
    toPlan: 0,
    sinceMs: now,
  });
}

function next({ state, now }: Context, record: RebalanceRecord): void {
  state.rebalances.put(record.id, { ...record, current: record.current + 1, taskId: null, sinceMs: now });
}
