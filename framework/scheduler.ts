/**
 * The scheduler: `step(event) -> actions`, without clock, socket or randomness.
 *
 * Every step handles one event, or several that came together, then moves every app a step towards what is wanted, then gathers what has changed into
 * one `persist` that goes before all other actions. So whatever Mesos or a user is told has been stored first, and a
 * crash between any two actions leaves a store from which the next start goes on.
 */

import type { Plan } from '../placement/types.js';
import type { AppSpec } from './app.js';
import type { SchedulerEvent } from './mesos-http-client/index.js';
import type { Picture } from './picture/rows.js';
import type { PreemptionJob } from './planning.js';
import { convergePlain } from './scheduler/apps.js';
import { appsToLookAt, putToRest } from './scheduler/awake.js';
import { clusterOf } from './scheduler/cluster.js';
import { runCommand } from './scheduler/commands.js';
import { type Action, type Context, type Event, emptyMemory, type SchedulerOptions } from './scheduler/context.js';
import { failOverdue } from './scheduler/deadlines.js';
import { type Demand, requestNow } from './scheduler/demand.js';
import { advanceDeployments, isRestarting } from './scheduler/deployments.js';
import { noteDrains } from './scheduler/drains.js';
import { convergeGroup } from './scheduler/groups.js';
import { forgetGuestWishes } from './scheduler/guest-orders.js';
import { stopUnhealthy } from './scheduler/health.js';
import { agentViews, hostReportIn, receiveHost } from './scheduler/hosts.js';
import { forgetUnheard, receiveInverseOffers, rescindInverseOffer } from './scheduler/inverse-offers.js';
import { lastOffers } from './scheduler/last-offers.js';
import { mendLostCalls, noteLostCall } from './scheduler/lost-calls.js';
import { match } from './scheduler/match.js';
import { countMoves } from './scheduler/moving.js';
import { forgetAgent, receiveOffers } from './scheduler/offers.js';
import { PictureMaker } from './scheduler/picture.js';
import { advancePreemptions, holdRoom, previewJob, receivePlan } from './scheduler/preemptions.js';
import { orderProbes, receiveProbes } from './scheduler/probes.js';
import { publish, publishMessage, publishSubscribed } from './scheduler/publish.js';
import { advanceRebalances, replan } from './scheduler/rebalances.js';
import { reconcile, repeatKills, startReconciliation } from './scheduler/reconcile.js';
import type { AppRecord } from './scheduler/records.js';
import { receiveReport, reportIn } from './scheduler/reports.js';
import { askForStrays, release, releaseUnused } from './scheduler/reservations.js';
import { convergeResident } from './scheduler/residents.js';
import { sandboxOf } from './scheduler/sandboxes.js';
import { sampleSeries, seriesOf } from './scheduler/series.js';
import { State } from './scheduler/state.js';
import { planOver } from './scheduler/surroundings.js';
import { ageUnreachable, forgiveBackoff } from './scheduler/tasks.js';
import { receiveUpdate } from './scheduler/updates.js';
import { viewOf } from './scheduler/views.js';
import type { SeriesPoint } from './series.js';
import type { AgentView, ClusterView, FrameworkView, OfferView, SandboxView } from './service.js';

export class Scheduler {
  readonly #context: Context;
  readonly #pictures = new PictureMaker();
  #looks = 0;

  /** `stored`: the entries of the store. Throws if they are not of this version. */
  constructor(options: SchedulerOptions, stored: Iterable<[key: string, value: object]>) {
    this.#context = { now: 0, state: new State(stored), memory: emptyMemory(), options, actions: [] };
    noteDrains(this.#context);
  }

  /** Null until the first subscription. */
  get frameworkId(): string | null {
    return this.#context.state.frameworkId;
  }

  /** An app may be given revocable resources: the framework is to be offered them. */
  get takesRevocable(): boolean {
    return this.#context.state.apps.takesRevocable;
  }

  /** Mesos has been asked for no more offers. */
  get suppressed(): boolean {
    return this.#context.memory.suppressed;
  }

  /** `events` came together: they are handled one after the other, then every app makes one step for all of them. */
  step(...events: Event[]): Action[] {
    const context = this.#context;
    context.actions = [];
    for (const event of events) {
      context.now = event.now;
      handle(context, event);
    }
    holdRoom(context);
    this.#looks += converge(context, events.some(letsTimePass));
    const changes = context.state.drain();
    return changes.length > 0 ? [{ type: 'persist', changes }, ...context.actions] : context.actions;
  }

  /** At apps and what they wait for, by all steps so far: what their work grows with. */
  get looks(): number {
    return this.#looks + this.#context.memory.demands.looks;
  }

  view(now: number): FrameworkView {
    return viewOf({ ...this.#context, now });
  }

  picture(now: number): Picture {
    return this.#pictures.make({ ...this.#context, now });
  }

  agents(now: number): AgentView[] {
    return agentViews({ ...this.#context, now });
  }

  lastOffers(agentIds: Iterable<string>): OfferView[] {
    return lastOffers(this.#context, agentIds);
  }

  series(appId: string): readonly SeriesPoint[] {
    return seriesOf(this.#context.memory, appId);
  }

  sandbox(appId: string, taskId: string): SandboxView | null {
    return sandboxOf(this.#context, appId, taskId);
  }

  /** What placement would do with a new app on what the agents offered last. Changes nothing. */
  plan(spec: AppSpec): Plan {
    const offered = [...this.#context.memory.agents.values()].map(({ snapshot }) => snapshot);
    return planOver(this.#context, requestNow(this.#context, spec), offered);
  }

  /** What finds out whom a new app would make leave; null: nobody may leave for it. Changes nothing. */
  preemptionJob(spec: AppSpec): PreemptionJob | null {
    return previewJob(this.#context, spec);
  }

  /** What runs where, and what is known of the agents. */
  cluster(now: number): ClusterView {
    return clusterOf({ ...this.#context, now });
  }
}

function handle(context: Context, event: Event): void {
  switch (event.type) {
    case 'mesos':
      handleMesos(context, event.event);
      return;
    case 'disconnected':
      if (context.memory.connected) publish(context, { eventType: 'scheduler_disconnected_event' });
      if (context.memory.connected) context.memory.masterSinceMs = context.now;
      context.memory.connected = false;
      context.memory.offers.clear();
      return;
    case 'command': {
      const result = runCommand(context, event.command);
      context.actions.push({ type: 'reply', requestId: event.requestId, result });
      return;
    }
    case 'planned':
      if (event.of === 'preemption') receivePlan(context, event.id, event.plan);
      else replan(context, event.id, event.plan);
      return;
    case 'probed':
      receiveProbes(context, event.answers);
      return;
    case 'callLost':
      noteLostCall(context, event.call);
      return;
    case 'ticked':
      forgetUnheard(context);
      sampleSeries(context);
      mendLostCalls(context);
      orderProbes(context);
      return;
  }
}

function handleMesos(context: Context, event: SchedulerEvent): void {
  switch (event.type) {
    case 'SUBSCRIBED':
      subscribed(context, event.subscribed);
      return;
    case 'OFFERS':
      receiveOffers(context, event.offers.offers);
      return;
    case 'RESCIND':
      context.memory.offers.delete(event.rescind.offer_id.value);
      context.memory.counts.offersRescinded += 1;
      return;
    case 'INVERSE_OFFERS':
      receiveInverseOffers(context, event.inverse_offers.inverse_offers);
      return;
    case 'RESCIND_INVERSE_OFFER':
      rescindInverseOffer(context, event.rescind_inverse_offer.inverse_offer_id.value);
      return;
    case 'UPDATE':
      receiveUpdate(context, event.update.status);
      return;
    case 'MESSAGE': {
      const report = reportIn(event.message.data);
      const host = report ? null : hostReportIn(event.message.data);
      if (report) receiveReport(context, event.message.executor_id.value, report);
      else if (host) receiveHost(context, event.message.agent_id.value, host);
      else publishMessage(context, event.message);
      return;
    }
    case 'FAILURE':
      if (event.failure.agent_id && !event.failure.executor_id) forgetAgent(context, event.failure.agent_id.value);
      return;
    default:
      return;
  }
}

/** The offers of an earlier subscription are void; everything Mesos was told in it is asked for again. */
function subscribed(
  context: Context,
  { framework_id, master_info }: Extract<SchedulerEvent, { type: 'SUBSCRIBED' }>['subscribed'],
): void {
  const { memory, state } = context;
  const isKnown = state.frameworkId === framework_id.value;
  const address = master_info?.address;
  const master = address ? `${address.ip ?? address.hostname}:${address.port}` : (master_info?.hostname ?? null);
  Object.assign(memory, {
    connected: true,
    master,
    masterSinceMs: context.now,
    suppressed: false,
    revivedMs: 0,
  });
  if (!isKnown) state.framework.put('id', { id: framework_id.value });
  publishSubscribed(context, framework_id.value, isKnown);
  for (const repeats of [memory.offers, memory.unavailable, memory.asked, memory.kills, memory.orders, memory.releases])
    repeats.clear();
  for (const lost of Object.values(memory.lostCalls)) lost.clear();
  startReconciliation(context);
}

/** Word of Mesos about tasks and offers changes the records of those that it is about, or is looked at for all that wait. */
const letsTimePass = (event: Event): boolean =>
  event.type !== 'mesos' || !['UPDATE', 'MESSAGE', 'OFFERS', 'RESCIND', 'FAILURE'].includes(event.event.type);

/**
 * Moves every app that has changed, or has been awake for a while, a step on; returns how many were looked at. What is decided here depends on the
 * state alone, so that a lost event is made good later.
 */
function converge(context: Context, timePasses: boolean): number {
  const apps = appsToLookAt(context, timePasses);
  for (const app of apps) for (const task of context.state.tasksOf(app.id)) ageUnreachable(context, app, task);
  stopUnhealthy(context, apps);
  advanceRebalances(context);
  countMoves(context);
  advanceDeployments(context);
  failOverdue(context);
  match(context, noteDemands(context, apps));
  advancePreemptions(context);
  advanceDeployments(context);
  repeatKills(context, apps);
  reconcile(context, apps);
  askForStrays(context);
  putToRest(context, apps);
  return apps.length;
}

/** What these apps want. Of the others what they wanted still holds: nothing of them has changed. */
function noteDemands(context: Context, apps: AppRecord[]): Demand[] {
  return apps.flatMap(({ id }) => {
    const wanted = convergeApp(context, id);
    setDemands(context, id, wanted);
    return wanted;
  });
}

function setDemands({ memory }: Context, appId: string, wanted: Demand[]): void {
  memory.demands.set(appId, wanted);
  if (wanted.length === 0) memory.waiting.delete(appId);
}

function convergeApp(context: Context, id: string): Demand[] {
  const app = context.state.apps.get(id);
  if (!app) return [];
  const tasks = context.state.tasksOf(app.id);
  if (app.deleting && tasks.every((task) => task.stopping && task.state === 'TASK_UNREACHABLE'))
    return removeApp(context, app);
  const present = forgiveBackoff(context, app, tasks);
  const restarting = isRestarting(context, app.id);
  if (app.spec.replication) {
    const demands = convergeGroup(context, present, tasks, restarting);
    releaseUnused(context, app.id);
    return demands;
  }
  if (app.spec.residency) return convergeResident(context, present, tasks, restarting);
  return listed(convergePlain(context, present, tasks, restarting));
}

const listed = (demand: Demand | null) => (demand ? [demand] : []);

/** Tasks that cannot be reached are forgotten too: they are killed as strays when they come back. */
function removeApp(context: Context, app: AppRecord): [] {
  for (const task of context.state.tasksOf(app.id)) context.state.tasks.remove(task.id);
  for (const kept of context.state.reservationsOf(app.id)) release(context, kept, 'its app is deleted');
  context.state.apps.remove(app.id);
  context.state.stories.remove(app.id);
  publish(context, { eventType: 'app_terminated_event', appId: app.id });
  setDemands(context, app.id, []);
  context.memory.handOvers.delete(app.id);
  context.memory.secrets.delete(app.id);
  context.memory.leaderChanges.delete(app.id);
  forgetGuestWishes(context, app.id);
  context.memory.preemption.nextMsOf.delete(app.id);
  return [];
}
