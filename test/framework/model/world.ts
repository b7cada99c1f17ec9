/** A scheduler, its store and a tiny Mesos, driven by hand; the framework can crash at every write of the store. */
import assert from 'node:assert/strict';
import type { AppSpec, ReadinessCheck } from '../../../framework/app.js';
import type { PublicEvent } from '../../../framework/events/event.js';
import type { SchedulerCallBody, SchedulerEvent } from '../../../framework/mesos-http-client/index.js';
import { carryOut } from '../../../framework/planning.js';
import type { ProbeAnswer } from '../../../framework/prober.js';
import type { ProbeOrder, ProbeOutcome } from '../../../framework/probes/types.js';
import type { Action, Event, Secrets } from '../../../framework/scheduler/context.js';
import { Scheduler } from '../../../framework/scheduler.js';
import type { AppView, Command, CommandResult, FrameworkView } from '../../../framework/service.js';
import { parse } from '../../../framework/spec.js';
import { place } from '../../../placement/index.js';
import { FakeMesos, isForgotten } from './fake-mesos.js';

export const answered = (status: number): ProbeOutcome => ({ type: 'answered', status, contentType: '', body: '' });

type Planned = Omit<Extract<Event, { type: 'planned' }>, 'now'>;
/** What becomes of a call. `lost` and `unanswered`: its sender is told that no answer came, and the master has it not, or has it. */
export type Fate = 'taken' | 'swallowed' | 'lost' | 'unanswered';
export type Crash = 'beforeWrite' | 'afterWrite';

export class World {
  readonly mesos: FakeMesos;
  readonly stored = new Map<string, string>();
  readonly calls: SchedulerCallBody[] = [];
  readonly published: PublicEvent[] = [];
  readonly logged: Extract<Action, { type: 'log' }>[] = [];
  scheduler: Scheduler;
  now = 1_790_000_000_000;
  crashNext: Crash | null = null;
  crashes = 0;
  /** What has reached the store, Mesos or a user: so many actions. */
  performed = 0;
  /** It also crashes before these of them: a write is not begun, or what follows it is told in part. */
  readonly crashesBefore = new Set<number>();
  #counter = 0;
  /** What the provider of secrets knows. */
  readonly secrets = new Map<string, string>();
  /** What a probe finds; by default that all is well. */
  onProbe: (id: string, order: ProbeOrder) => ProbeOutcome = () => answered(200);
  /** Plans that are made beside the steps. */
  #planned: Planned[] = [];
  #answers: ProbeAnswer[] = [];
  fateOf: (call: SchedulerCallBody) => Fate = () => 'taken';
  #lostCalls: SchedulerCallBody[] = [];
  /** With which it is started. */
  role = 'gaia';
  servicePorts = { min: 10_000, max: 20_000 };
  #replies = new Map<string, CommandResult>();

  constructor(
    agentCount = 5,
    readonly executorMemoryMb = 0,
  ) {
    this.mesos = new FakeMesos(agentCount);
    this.scheduler = this.#start();
  }

  #start(): Scheduler {
    const next = () => String(++this.#counter);
    const ids = { uuid: () => `0000-${next()}`, secretHex: () => next().padStart(64, '0') };
    const entries = [...this.stored].map(([key, text]): [string, object] => [key, JSON.parse(text)]);
    return new Scheduler(
      {
        role: this.role,
        secrets: { read: (source) => this.#secret(source) },
        principal: 'gaia',
        executorCommand: 'exec true',
        executorMemoryMb: this.executorMemoryMb,
        dataDirectory: '/data',
        runningDeploymentsMax: 100,
        servicePorts: this.servicePorts,
        place,
        ids,
      },
      entries,
    );
  }

  #secret(source: string): ReturnType<Secrets['read']> {
    const value = this.secrets.get(source);
    return value === undefined ? { problem: `there is no ${source}` } : { value };
  }

  connect(): void {
    this.mesos.subscribe();
    this.deliverAll();
  }

  /** kill -9 and a new start from the store. */
  crash(): void {
    this.crashes += 1;
    this.#planned = [];
    this.#answers = [];
    this.#lostCalls = [];
    this.mesos.disconnect();
    this.mesos.role = this.role;
    this.scheduler = this.#start();
    this.mesos.subscribe();
  }

  command(command: Command): CommandResult | undefined {
    const requestId = String(++this.#counter);
    this.feed({ type: 'command', now: this.now, requestId, command });
    return this.#replies.get(requestId);
  }

  feed(...events: Event[]): void {
    const scheduler = this.scheduler;
    for (const action of scheduler.step(...events)) {
      if (this.scheduler !== scheduler) return;
      this.#perform(action);
    }
  }

  #perform(action: Action): void {
    const isOutside = action.type === 'persist' || action.type === 'call' || action.type === 'reply';
    if (isOutside && this.crashesBefore.has(this.performed++)) {
      this.crash();
      return;
    }
    if (action.type === 'reply') this.#replies.set(action.requestId, action.result);
    if (action.type === 'log') this.logged.push(action);
    if (action.type === 'publish') this.published.push(action.event);
    if (action.type === 'plan')
      this.#planned.push({
        type: 'planned',
        of: action.job.type,
        id: action.id,
        plan: carryOut(action.job),
      } as Planned);
    if (action.type === 'probe') this.#answers.push({ id: action.id, outcome: this.onProbe(action.id, action.order) });
    if (action.type === 'call') {
      this.calls.push(action.call);
      const fate = this.fateOf(action.call);
      if (fate === 'taken' || fate === 'unanswered') this.mesos.handle(action.call);
      if (fate === 'lost' || fate === 'unanswered') this.#lostCalls.push(action.call);
    }
    if (action.type !== 'persist') return;
    const crash = this.crashNext;
    this.crashNext = null;
    if (crash === 'beforeWrite') {
      this.crash();
      return;
    }
    for (const { key, value } of action.changes) {
      if (value === null) this.stored.delete(key);
      else this.stored.set(key, JSON.stringify(value));
    }
    if (crash === 'afterWrite') this.crash();
  }

  deliver(index: number): void {
    const [event] = this.mesos.events.splice(index, 1);
    if (event) this.feed({ type: 'mesos', now: this.now, event });
  }

  /** In one step. */
  deliverTogether(indices: number[]): void {
    const events = indices.flatMap((index) => this.mesos.events[index] ?? []);
    this.mesos.events = this.mesos.events.filter((event) => !events.includes(event));
    this.feed(...events.map((event): Event => ({ type: 'mesos', now: this.now, event })));
  }

  duplicate(index: number): void {
    const event = this.mesos.events[index];
    if (event?.type === 'UPDATE' || event?.type === 'MESSAGE')
      this.mesos.events.push(structuredClone(event) as SchedulerEvent);
  }

  deliverAll(): void {
    for (let i = 0; i < 10_000 && this.mesos.events.length > 0; i++) this.deliver(0);
  }

  tick(ms: number): void {
    this.now += ms;
    this.mesos.advance(ms);
    for (const planned of this.#planned.splice(0)) this.feed({ now: this.now, ...planned } as Event);
    for (const call of this.#lostCalls.splice(0)) this.feed({ type: 'callLost', now: this.now, call });
    const answers = this.#answers.splice(0);
    if (answers.length > 0) this.feed({ type: 'probed', now: this.now, answers });
    this.feed({ type: 'ticked', now: this.now });
  }

  /** Runs a healthy world until `done`, at most `seconds` of its time. */
  until(done: (view: FrameworkView) => boolean, seconds = 600): void {
    for (let i = 0; i < seconds * 2; i++) {
      if (done(this.view())) return;
      for (const task of [...this.mesos.tasks.values()]) this.mesos.progress(task);
      this.mesos.reports(() => true);
      this.deliverAll();
      this.tick(500);
      this.deliverAll();
    }
    const { apps, deployments, queue } = this.view();
    const state = apps.map((app) => ({
      id: app.spec.id,
      group: app.group,
      tasks: app.tasks.map(({ id, state, replica }) => [id, state, replica?.slot, replica?.member]),
      story: app.story.slice(-12),
    }));
    assert.fail(
      `not reached within ${seconds} s: ${JSON.stringify({ state, deployments, queue: queue.map(({ sentence, count }) => [count, sentence]) }, null, 1)}`,
    );
  }

  /** What has been seen, and what Mesos need not remember: a world can go on without end. */
  forget(): void {
    for (const seen of [this.calls, this.published, this.logged]) seen.length = 0;
    this.#replies.clear();
    for (const [id, task] of this.mesos.tasks) if (isForgotten(task)) this.mesos.tasks.delete(id);
    this.mesos.groups.forgetEnded();
  }

  view(): FrameworkView {
    return this.scheduler.view(this.now);
  }

  app(id: string): AppView {
    const app = this.view().apps.find(({ spec }) => spec.id === id);
    assert.ok(app, `${id} is not there`);
    return app;
  }
}

let versions = 0;
const program = { cmd: 'exec sleep 1000', instances: 3 };

/** An app with the defaults of the spec, and a version later than all before. */
function spec(body: object, change: Partial<AppSpec>): AppSpec {
  const version = new Date(1_790_000_000_000 + ++versions).toISOString();
  const result = parse(
    { cpus: 0.5, ...body },
    { mode: 'create', existing: null, version, role: 'gaia', principal: 'gaia' },
  );
  assert.ok(result.ok, JSON.stringify(result));
  return { ...result.spec, ...change };
}

/** `appSpec`'s port has this name. */
export const readinessCheck: ReadinessCheck = {
  name: 'warm',
  protocol: 'HTTP',
  path: '/ready',
  portName: 'default',
  intervalSeconds: 5,
  timeoutSeconds: 2,
  httpStatusCodesForReady: [200],
  preserveLastResponse: false,
};

export function appSpec(id: string, change: Partial<AppSpec> = {}): AppSpec {
  return spec({ id, ...program }, change);
}

export function replicatedSpec(id: string, change: Partial<AppSpec> = {}): AppSpec {
  return spec({ id, ...program, replication: {} }, change);
}

export function guestSpec(id: string, change: Partial<AppSpec> = {}): AppSpec {
  const vm = { kernel: '/boot/vmlinuz', initrd: '/boot/initrd.gz', memory: 128, ports: [6379] };
  return spec({ id, container: { type: 'VM', vm }, replication: { protocol: 'vm' } }, change);
}
