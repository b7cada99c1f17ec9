/**
 * What agents keep for instances with volumes: made with the first launch, found again by the labels that offers show, and
 * given back. The record is stored before anything is asked of Mesos; what an offer shows for this framework and no record
 * wants is given back, too. So nothing stays behind, wherever the framework has crashed.
 */
import lodash from 'lodash';
import type { ReplicaDemand } from '../../placement/types.js';
import {
  add,
  diskBelow,
  isTerminal,
  isVolume,
  type OfferOperation,
  type ReservationInfo,
  type Resource,
  type TaskState,
  type TaskStatus,
} from '../mesos-http-client/index.js';
import { instanceIdOf, instanceOfTask, safePath, taskIdOf } from '../task-ids.js';
import { type Context, call, isDue } from './context.js';
import type { Filling, Fillings } from './filling.js';
import { instanceOf, labelKeys } from './portions.js';
import type { AgentRef, AppRecord, ReservationRecord, TaskRecord } from './records.js';
import { describeAgent, tell } from './story.js';

const releaseFirstMs = 5000;
const releaseMaxMs = 60_000;
/** An agent that offers nothing for longer is asked about. */
const silentMs = 60_000;

/** For the next instance of the app; its task is about to be launched on this agent. */
export function newReservation(
  { state, options }: Context,
  app: AppRecord,
  agent: AgentRef,
  demand: ReplicaDemand,
): ReservationRecord {
  const uuid = options.ids.uuid();
  const id = instanceIdOf(app.id, uuid);
  const volumes = (app.active.residency?.volumes ?? []).map((volume) => ({
    ...volume,
    persistenceId: `${safePath(app.id)}#${volume.containerPath}#${uuid}`,
  }));
  const fresh = { attempts: 1, confirmed: false, idleSinceMs: null, releasing: null };
  return state.reservations.put(id, { id, appId: app.id, agent, demand, volumes, ...fresh });
}

/** One more task on it. */
export function useAgain({ state }: Context, kept: ReservationRecord): ReservationRecord {
  return state.reservations.put(kept.id, { ...kept, attempts: kept.attempts + 1, idleSinceMs: null });
}

/** The reservation as Mesos is told of it. */
export function reservationInfo({ state, options }: Context, { id, appId }: ReservationRecord): ReservationInfo {
  const labels = [
    { key: labelKeys.framework, value: state.frameworkId ?? '' },
    { key: labelKeys.app, value: appId },
    { key: labelKeys.instance, value: id },
  ];
  const principal = options.principal === null ? {} : { principal: options.principal };
  return { type: 'DYNAMIC', role: options.role, ...principal, labels: { labels } };
}

/** Gives up what is kept: the instance does not come back. Its volumes are destroyed as soon as an offer shows them. */
export function release(context: Context, kept: ReservationRecord, reason: string): void {
  const known = context.state.reservations.get(kept.id);
  if (!known || known.releasing !== null) return;
  context.state.reservations.put(kept.id, { ...known, releasing: { reason, asked: false } });
  tell(context, kept.appId, `what ${describeAgent(kept.agent)} keeps for ${kept.id} is given back: ${reason}`);
}

/** Of a replicated app: what is kept for members that are gone and will not return. */
export function releaseUnused(context: Context, appId: string): void {
  const away = context.state.apps.get(appId)?.group?.away ?? [];
  const used = [...context.state.tasksOf(appId), ...away].map(({ reservationId }) => reservationId);
  for (const kept of context.state.reservationsOf(appId))
    if (!used.includes(kept.id)) release(context, kept, 'its member does not return');
}

const keptForTask = ({ state }: Context, { reservationId }: TaskRecord) =>
  reservationId === undefined ? undefined : state.reservations.get(reservationId);

/** Ends that do not say that the agent has had the task. */
const neverReached: TaskState[] = ['TASK_DROPPED', 'TASK_ERROR', 'TASK_GONE', 'TASK_LOST', 'TASK_UNKNOWN'];

/** The agent has the task, so it has what the task runs on. */
export function noteReached(context: Context, task: TaskRecord): void {
  const kept = keptForTask(context, task);
  if (kept && !kept.confirmed) context.state.reservations.put(kept.id, { ...kept, confirmed: true });
}

export function noteEnded(context: Context, task: TaskRecord, { state }: TaskStatus): void {
  const kept = keptForTask(context, task);
  if (kept) noteIdle(context, kept, state);
}

/**
 * Of a task that the store does not know any more: its app has been deleted while it was out of reach, or it has been asked for since
 * its agent does not offer what it keeps. That it has ended is known in this case, only that its agent is gone is news.
 */
export function noteStray(context: Context, { task_id, state, uuid }: TaskStatus): void {
  const kept = context.state.reservations.get(instanceOfTask(task_id.value));
  if (!kept || lastTaskOf(kept) !== task_id.value || state === 'TASK_UNREACHABLE') return;
  if (kept.idleSinceMs !== null && uuid === undefined && state !== 'TASK_GONE_BY_OPERATOR') return;
  if (isTerminal(state) || state === 'TASK_UNKNOWN') noteIdle(context, kept, state);
  else if (!kept.confirmed) context.state.reservations.put(kept.id, { ...kept, confirmed: true });
}

const lastTaskOf = ({ id, attempts }: ReservationRecord) => taskIdOf(id, attempts);

/** No task of it runs any more. */
function noteIdle(context: Context, kept: ReservationRecord, state: TaskState): void {
  if (state === 'TASK_GONE_BY_OPERATOR') {
    forgetGone(context, kept);
    return;
  }
  const reached = kept.confirmed || !neverReached.includes(state);
  context.state.reservations.put(kept.id, { ...kept, confirmed: reached, idleSinceMs: context.now });
  if (!reached) release(context, kept, state === 'TASK_ERROR' ? refusedReason(context) : unreachedReason);
}

/** A member that was to return to it does not. */
function forgetGone(context: Context, kept: ReservationRecord): void {
  const { state, memory } = context;
  state.reservations.remove(kept.id);
  for (const key of [kept.id, lastTaskOf(kept)]) memory.releases.delete(key);
  const app = state.apps.get(kept.appId);
  const away = app?.group?.away.filter(({ reservationId }) => reservationId !== kept.id);
  if (app?.group && away?.length !== app.group.away.length)
    state.apps.put(app.id, { ...app, group: { ...app.group, away: away ?? [] } });
  tell(context, kept.appId, `${describeAgent(kept.agent)} is gone, and with it what it kept for ${kept.id}`);
}

const unreachedReason = 'its first task has not reached the agent';

/** A refused operation without an id vanishes, and then the launch asks for what is not there. */
function refusedReason({ options: { principal, role } }: Context): string {
  return `Mesos has refused its first task; if that happens again, do its ACLs let principal "${principal}" reserve and create volumes for role "${role}"?`;
}

/** Gives back what the offers at hand show and nobody wants, and forgets what they do not show any more. */
export function releaseOffered(context: Context, agents: Fillings): void {
  const owedBy = lodash.groupBy(owed(context.state), ({ agent }) => agent.id);
  const frameworkId = context.state.frameworkId;
  for (const agentId of new Set([...context.memory.offers.mixed, ...Object.keys(owedBy)])) {
    const filling = agents.get(agentId);
    if (!filling) continue;
    const kept = filling.left.filter((resource) => instanceOf(resource, frameworkId) !== null);
    const shown = lodash.groupBy(kept, (resource) => instanceOf(resource, frameworkId));
    for (const [id, resources] of Object.entries(shown)) lookAt(context, filling, id, resources);
    forgetAbsent(context, owedBy[agentId] ?? [], shown);
  }
}

function lookAt(context: Context, filling: Filling, id: string, resources: Resource[]): void {
  const kept = context.state.reservations.get(id);
  if (kept && kept.releasing === null) {
    if (!kept.confirmed) context.state.reservations.put(id, { ...kept, confirmed: true });
    return;
  }
  if (!isDue(context.memory.releases, id, context.now, releaseFirstMs, releaseMaxMs)) return;
  if (kept?.releasing)
    context.state.reservations.put(id, { ...kept, confirmed: true, releasing: { ...kept.releasing, asked: true } });
  filling.left = filling.left.filter((resource) => !resources.includes(resource));
  filling.operations.push(...givingBack(resources));
}

function givingBack(resources: Resource[]): OfferOperation[] {
  const volumes = resources.filter(isVolume);
  const bare = add(resources.map((resource) => (isVolume(resource) ? diskBelow(resource) : resource)));
  const destroy: OfferOperation[] = volumes.length > 0 ? [{ type: 'DESTROY', destroy: { volumes } }] : [];
  return [...destroy, { type: 'UNRESERVE', unreserve: { resources: bare } }];
}

/** An offer without it says that it has been given back, or was never made; while a task uses it, it says nothing. */
function forgetAbsent(
  { state, memory }: Context,
  owedThere: ReservationRecord[],
  shown: Record<string, Resource[]>,
): void {
  for (const { id, agent, attempts, releasing, confirmed, idleSinceMs } of owedThere) {
    const newestMs = Math.max(...memory.offers.of(agent.id).map(({ receivedMs }) => receivedMs));
    const gone = !shown[id] && (releasing?.asked || !confirmed);
    if (!gone || idleSinceMs === null || newestMs < idleSinceMs) continue;
    state.reservations.remove(id);
    for (const key of [id, taskIdOf(id, attempts)]) memory.releases.delete(key);
  }
}

/**
 * Asks for tasks that the store does not know any more: until they have ended, what they run on is not offered. And for the last one on what
 * an agent keeps, and has not offered lately: the answer is all that says of an idle agent that it is gone.
 */
export function askForStrays(context: Context): void {
  const { state, memory, now } = context;
  for (const kept of state.reservations.values()) {
    const id = lastTaskOf(kept);
    const offeredMs = memory.agents.get(kept.agent.id)?.offeredMs ?? 0;
    const isOpen =
      kept.idleSinceMs === null ? kept.releasing !== null : now - Math.max(kept.idleSinceMs, offeredMs) > silentMs;
    if (!isOpen || state.tasks.get(id)) continue;
    if (!isDue(memory.releases, id, now, releaseFirstMs, releaseMaxMs)) continue;
    const tasks = [{ task_id: { value: id }, agent_id: { value: kept.agent.id } }];
    call(context, { type: 'RECONCILE', reconcile: { tasks } });
  }
}

/** What is still to be given back. */
export const owed = (state: Context['state']): ReservationRecord[] =>
  [...state.reservations.values()].filter(({ releasing }) => releasing !== null);
