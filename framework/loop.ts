/** Carries out what the scheduler decides: stores first, then calls Mesos and answers users. */
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { PreemptionPlan } from '../placement/index.js';
import type { Plan } from '../placement/types.js';
import type { AppSpec } from './app.js';
import { tasksOfCall } from './call-tasks.js';
import { isLost, LostReign, type Reign } from './election/reign.js';
import { EventLog } from './events/log.js';
import {
  type ConnectionState,
  type FrameworkInfo,
  type MesosError,
  type SchedulerCallBody,
  SchedulerClient,
  type SchedulerClientOptions,
  type SchedulerEvent,
  schedulerEventProblem,
} from './mesos-http-client/index.js';
import { MasterDetector } from './mesos-masters.js';
import { Outbox } from './outbox.js';
import type { Picture } from './picture/rows.js';
import { Planner } from './planner.js';
import type { PlanJob, PlanOf } from './planning.js';
import { Prober } from './prober.js';
import { Pulse } from './pulse.js';
import type { Action, Event } from './scheduler/context.js';
import type { Scheduler } from './scheduler.js';
import type { SeriesPoint } from './series.js';
import {
  type AgentView,
  type ClusterView,
  type Command,
  type CommandResult,
  type FrameworkService,
  type FrameworkView,
  NotLeading,
  type OfferView,
  type SandboxView,
  type Vitals,
} from './service.js';
import type { Store } from './store/store.js';
import type { ZooKeeperUrl } from './zookeeper/index.js';

const tickEveryMs = 250;
/** Events handled between two writes of the store. */
const batchEventsMax = 1024;
/** So many may wait for that before the master's stream is read on. */
const waitingEventsMax = 4096;
/** A step looks at every app, whatever has happened: the longer it takes, the more events are to share the next one. */
const gatherFactor = 3;
const gatherMaxMs = 100;

export interface LoopOptions {
  scheduler: Scheduler;
  store: Store;
  /** Framework; masters, events and states are the loop's. */
  client: Omit<SchedulerClientOptions, 'masters' | 'onEvent' | 'onState'>;
  /** Their addresses, or where the leading one is to be looked up. */
  masters: readonly string[] | ZooKeeperUrl;
  log: Logger;
}

interface Queued {
  event: Event;
  handled: () => void;
}

export class Loop implements FrameworkService, Reign {
  /** Rejects when the framework cannot go on: the store fails, or the master does not want it any more. */
  readonly failed: Promise<never>;
  readonly events = new EventLog(randomUUID().slice(0, 8));
  readonly #options: LoopOptions;
  readonly #client: SchedulerClient;
  readonly #outbox: Outbox;
  readonly #planner = new Planner();
  #detector: MasterDetector | null = null;
  readonly #replies = new Map<string, { resolve: (result: CommandResult) => void; reject: (error: Error) => void }>();
  readonly #prober = new Prober();
  readonly #pulse = new Pulse();
  #queue: Queued[] = [];
  #running: Promise<void> | null = null;
  /** What commands are refused with since it cannot go on. */
  #refusal: Error | null = null;
  #fail!: (error: Error) => void;
  #ticking: NodeJS.Timeout | null = null;
  #closed = false;
  #tickWaits = false;
  #restUntilMs = 0;
  /** What the master has been told of the scheduler's taste for revocable resources. */
  #toldRevocable: boolean;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#toldRevocable = options.scheduler.takesRevocable;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch((error) => this.#refuseAll(isLost(error) ? new NotLeading() : error));
    this.#client = new SchedulerClient({
      ...options.client,
      masters: 'servers' in options.masters ? [] : options.masters,
      framework: { ...options.client.framework, ...this.#capabilities() },
      onEvent: (event) => this.#receive(event),
      onState: (state) => this.#changed(state),
    });
    this.#outbox = new Outbox(
      (call) => this.#client.call(call),
      (call, error) => this.#callFailed(call, error),
    );
  }

  start(): void {
    const { masters, client, log } = this.#options;
    const found = (address: string) => this.#client.setMasters([address]);
    if ('servers' in masters) this.#detector = new MasterDetector(masters, client.tls !== undefined, log, found);
    this.#client.subscribe();
    this.#ticking = setInterval(() => this.#tick(), tickEveryMs);
  }

  /** Leaves Mesos without a teardown: the tasks live on for `failover_timeout`. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#ticking) clearInterval(this.#ticking);
    this.#outbox.clear();
    this.events.end();
    this.#detector?.close();
    this.#prober.close();
    await this.#client.close();
    await this.#planner.close();
    await this.#running;
    this.#refuseAll(new NotLeading());
    await this.#options.store.close();
  }

  /** Those that wait for an answer, and those that come later. */
  #refuseAll(error: Error): void {
    this.#refusal ??= error;
    for (const { reject } of this.#replies.values()) reject(error);
    this.#replies.clear();
  }

  view(): FrameworkView {
    return this.#options.scheduler.view(Date.now());
  }

  picture(): Picture {
    return this.#options.scheduler.picture(Date.now());
  }

  vitals(): Vitals {
    return this.#pulse.vitals(this.#client.heardMs, this.#queue.length);
  }

  agents(): AgentView[] {
    return this.#options.scheduler.agents(Date.now());
  }

  lastOffers(agentIds: Iterable<string>): OfferView[] {
    return this.#options.scheduler.lastOffers(agentIds);
  }

  series(appId: string): readonly SeriesPoint[] {
    return this.#options.scheduler.series(appId);
  }

  sandbox(appId: string, taskId: string): SandboxView | null {
    return this.#options.scheduler.sandbox(appId, taskId);
  }

  plan(spec: AppSpec): Plan {
    return this.#options.scheduler.plan(spec);
  }

  async preemption(spec: AppSpec): Promise<PreemptionPlan | null> {
    const job = this.#options.scheduler.preemptionJob(spec);
    return job && this.compute(job);
  }

  compute<Job extends PlanJob>(job: Job): Promise<PlanOf<Job>> {
    return this.#planner.plan(job);
  }

  cluster(): ClusterView {
    return this.#options.scheduler.cluster(Date.now());
  }

  command(command: Command): Promise<CommandResult> {
    const requestId = randomUUID();
    return new Promise((resolve, reject) => {
      const refusal = this.#closed ? new NotLeading() : this.#refusal;
      if (refusal) return reject(refusal);
      this.#replies.set(requestId, { resolve, reject });
      void this.#handle({ type: 'command', now: Date.now(), requestId, command });
    });
  }

  /** Read ahead of the store: what has not been acknowledged comes again after a crash. */
  #receive(event: SchedulerEvent): Promise<void> | undefined {
    const problem = schedulerEventProblem(event);
    if (problem !== null) {
      this.#options.log.warn(
        { problem },
        'left out an event that is none of Mesos; look at what answers as the master',
      );
      return undefined;
    }
    const handled = this.#handle({ type: 'mesos', now: Date.now(), event });
    return this.#queue.length < waitingEventsMax ? undefined : handled;
  }

  #handle(event: Event): Promise<void> {
    return new Promise((handled) => {
      this.#queue.push({ event, handled });
      this.#running ??= this.#drain();
    });
  }

  /** One tick waits in line at most. */
  #tick(): void {
    if (this.#tickWaits) return;
    this.#tickWaits = true;
    const answers = this.#prober.take();
    if (answers.length > 0) void this.#handle({ type: 'probed', now: Date.now(), answers });
    void this.#handle({ type: 'ticked', now: Date.now() }).then(() => {
      this.#tickWaits = false;
    });
  }

  async #drain(): Promise<void> {
    try {
      while (this.#queue.length > 0 && !this.#closed) {
        await this.#gather();
        const batch = this.#queue.splice(0, batchEventsMax);
        await this.#perform(this.#step(batch.map(({ event }) => event)));
        await this.#tellCapabilities();
        for (const { handled } of batch) handled();
      }
    } catch (error) {
      this.#closed = true;
      this.#fail(error as Error);
    } finally {
      this.#running = null;
    }
  }

  /** What arrives meanwhile goes into the same batch, and calls go out: in proportion to how long the last step took. */
  async #gather(): Promise<void> {
    const restMs = this.#restUntilMs - performance.now();
    await (restMs > 0 ? sleep(restMs) : nextTurn());
  }

  #step(events: Event[]): Action[] {
    const startMs = performance.now();
    const actions = this.#options.scheduler.step(...events);
    const endMs = performance.now();
    this.#restUntilMs = endMs + Math.min(gatherFactor * (endMs - startMs), gatherMaxMs);
    return actions;
  }

  /** Revocable resources are offered only while some app takes them. */
  #capabilities(): Pick<FrameworkInfo, 'capabilities'> {
    const always = this.#options.client.framework.capabilities ?? [];
    return { capabilities: this.#toldRevocable ? [...always, { type: 'REVOCABLE_RESOURCES' }] : always };
  }

  /** A master that does not take it is told again after the next batch. */
  async #tellCapabilities(): Promise<void> {
    const { scheduler, client, log } = this.#options;
    if (scheduler.takesRevocable === this.#toldRevocable) return;
    this.#toldRevocable = scheduler.takesRevocable;
    const suppressed = scheduler.suppressed ? (client.framework.roles ?? []) : [];
    try {
      await this.#client.update(this.#capabilities(), suppressed);
    } catch (error) {
      this.#toldRevocable = !this.#toldRevocable;
      log.warn({ cause: (error as Error).message }, 'the master has not taken the capability for revocable resources');
    }
  }

  /** Everything a batch of steps has changed is stored as one, before anybody is told of any of it. */
  async #perform(actions: Action[]): Promise<void> {
    const changes = actions.flatMap((action) => (action.type === 'persist' ? action.changes : []));
    if (changes.length > 0) await this.#pulse.write(() => this.#options.store.write(changes));
    for (const action of actions) {
      if (action.type === 'call') this.#send(action.call);
      else if (action.type === 'reply') this.#reply(action.requestId, action.result);
      else if (action.type === 'log') this.#options.log.info(action.fields, action.text);
      else if (action.type === 'publish') this.events.publish(action.event);
      else if (action.type === 'plan') void this.#plan(action);
      else if (action.type === 'probe') this.#prober.start(action);
    }
  }

  #send(call: SchedulerCallBody): void {
    const { log } = this.#options;
    if (log.isLevelEnabled('debug')) log.debug({ call: call.type, taskIds: tasksOfCall(call) }, 'call to the master');
    this.#pulse.called(call.type);
    this.#outbox.push(call);
  }

  async #plan({ id, job }: Extract<Action, { type: 'plan' }>): Promise<void> {
    const plan = await this.#planner.plan(job).catch((error: Error) => {
      if (!this.#closed) this.#options.log.warn({ id, job: job.type, cause: error.message }, 'no plan');
      return null;
    });
    if (!this.#closed) void this.#handle({ type: 'planned', of: job.type, now: Date.now(), id, plan } as Event);
  }

  #reply(requestId: string, result: CommandResult): void {
    this.#replies.get(requestId)?.resolve(result);
    this.#replies.delete(requestId);
  }

  #callFailed(call: SchedulerCallBody, error: Error | 'dropped'): void {
    this.#pulse.callLost();
    const cause = error === 'dropped' ? 'too many calls are waiting' : error.message;
    this.#options.log.warn(
      { call: call.type, cause },
      'a call to the master was lost; it is repeated if it still matters',
    );
    const isAnswered = error !== 'dropped' && (error as MesosError).status != null;
    if (!isAnswered && !this.#closed) void this.#handle({ type: 'callLost', now: Date.now(), call });
  }

  #changed(state: ConnectionState): void {
    const { log } = this.#options;
    if (state.type === 'subscribed') {
      this.#pulse.subscribed();
      log.info({ master: state.url }, 'subscribed');
    }
    if (state.type === 'connecting' && state.attempt === 1) log.info({ master: state.url }, 'connecting');
    if (state.type === 'disconnected')
      log.warn({ cause: state.cause.message, retryInMs: state.retryInMs }, 'disconnected from the master');
    if (state.type === 'disconnected' || state.type === 'ended') {
      this.#outbox.clear();
      void this.#handle({ type: 'disconnected', now: Date.now() });
    }
    if (state.type === 'ended' && state.cause && !this.#closed)
      this.#fail(endOf(this.#client.frameworkId, state.cause));
  }
}

function endOf(frameworkId: string | null, cause: MesosError): Error {
  if (cause.code === 'frameworkRemoved') {
    return new Error(
      `the master has removed framework ${frameworkId} (torn down, or away for longer than its fail-over time-out) and ` +
        'with it all tasks. Start with a new --store directory, and deploy the apps again',
    );
  }
  if (cause.code === 'failedOver')
    return new LostReign(`another process has subscribed as framework ${frameworkId}; only one may run at a time`);
  return new Error(`the master refuses framework ${frameworkId ?? '(new)'}: ${cause.message}`);
}
