import type { AppSpec } from '../../../framework/app.js';
import type { Event } from '../../../framework/scheduler/context.js';
import { Scheduler } from '../../../framework/scheduler.js';
import { parse } from '../../../framework/spec.js';
import { place } from '../../../placement/index.js';
import { percentile, round } from '../measure.js';
import { World } from './world.js';

/** The scheduler itself in a world of books, in simulated time: what a loop with a fast store would hand it. */

/** As `framework/loop.ts` has them. */
const batchEventsMax = 1024;
const tickEveryMs = 250;
/** From one step to the next while events wait. */
const busyStepMs = 10;
const startMs = Date.UTC(2026, 0, 1);

export class Simulation {
  now = startMs;
  readonly world: World;
  scheduler: Scheduler;
  readonly stored = new Map<string, object>();
  events = 0;
  stepsMs: number[] = [];
  /** Of records, as a store would write them. */
  written = 0;
  #looksBefore = 0;
  #nextTickMs = startMs;
  #ids = 0;

  constructor(agents: number) {
    this.world = new World(agents);
    this.scheduler = this.#start([]);
    this.world.subscribe();
  }

  #start(entries: Iterable<[string, object]>): Scheduler {
    const next = () => String(++this.#ids);
    return new Scheduler(
      {
        role: 'gaia',
        principal: null,
        executorCommand: 'exec gaia-executor',
        dataDirectory: '/var/lib/gaia',
        runningDeploymentsMax: 100,
        ids: { uuid: () => `0000-${next()}`, secretHex: () => next().padStart(64, '0') },
        place,
      },
      entries,
    );
  }

  /** Of what has been written, each record as JSON. The former one is gone before: two would need twice the memory. */
  restart(): void {
    this.#looksBefore = this.looks;
    this.scheduler = this.#start([]);
    this.scheduler = this.#start(parsed(this.stored));
    this.world.subscribe();
  }

  get looks(): number {
    return this.#looksBefore + this.scheduler.looks;
  }

  post(specs: AppSpec[]): void {
    const command = { type: 'putApps' as const, specs, create: true, force: false };
    this.#step([{ type: 'command', now: this.now, requestId: 'post', command }]);
  }

  /** Steps until it holds. @throws Error after `simulatedMs` */
  until(what: string, condition: () => boolean, simulatedMs = 600_000): void {
    const endMs = this.now + simulatedMs;
    while (!condition()) {
      if (this.now > endMs) throw new Error(`${what}: not within ${simulatedMs} simulated ms`);
      this.advance();
    }
  }

  advance(): void {
    const mesos = this.world.take(batchEventsMax, this.now);
    const events: Event[] = mesos.map((event) => ({ type: 'mesos', now: this.now, event }));
    if (this.now >= this.#nextTickMs) events.push({ type: 'ticked', now: this.now });
    if (this.now >= this.#nextTickMs) this.#nextTickMs = this.now + tickEveryMs;
    if (events.length > 0) this.#step(events);
    this.now = this.world.waiting > 0 ? this.now + busyStepMs : this.#nextTickMs;
  }

  #step(events: Event[]): void {
    const beganMs = cpuMs();
    const actions = this.scheduler.step(...events);
    this.stepsMs.push(cpuMs() - beganMs);
    this.events += events.length;
    for (const action of actions) {
      if (action.type === 'call') this.world.call(action.call, this.now);
      else if (action.type === 'reply' && !action.result.ok) throw new Error(action.result.message);
      else if (action.type === 'persist') for (const { key, value } of action.changes) this.#store(key, value);
    }
  }

  /** A store makes text of each record, and flat strings of those that were put together. */
  #store(key: string, value: object | null): void {
    if (value) this.stored.set(key, value);
    else this.stored.delete(key);
    this.written += value ? JSON.stringify(value).length : 0;
  }

  /** What a phase has taken, in time of a processor. Its own steps' time only: the world's is not the framework's. */
  phase(work: () => void): object {
    const [events, looks, simulated, written] = [this.events, this.looks, this.now, this.written];
    this.stepsMs = [];
    work();
    const seconds = this.stepsMs.reduce((sum, ms) => sum + ms, 0) / 1000;
    const { rss } = process.memoryUsage();
    globalThis.gc?.();
    return {
      events: this.events - events,
      steps: this.stepsMs.length,
      looks: this.looks - looks,
      cpuSeconds: round(seconds),
      eventsPerSecond: Math.round((this.events - events) / seconds),
      stepP50Ms: round(percentile(this.stepsMs, 0.5)),
      stepP99Ms: round(percentile(this.stepsMs, 0.99)),
      simulatedSeconds: (this.now - simulated) / 1000,
      writtenMb: Math.round((this.written - written) / 1e6),
      rssMb: Math.round(rss / 1e6),
      liveMb: Math.round(process.memoryUsage().heapUsed / 1e6),
    };
  }
}

/** Of all threads of this process: on a busy machine this says more than the clock. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function* parsed(stored: Map<string, object>): Generator<[string, object]> {
  for (const [key, record] of stored) {
    const copy = JSON.parse(JSON.stringify(record)) as object;
    stored.set(key, copy);
    yield [key, copy];
  }
}

/** Groups of three, one replica in each zone. */
export function groups(from: number, count: number): AppSpec[] {
  const version = new Date(startMs).toISOString();
  return Array.from({ length: count }, (_, index) => {
    const json = {
      id: `/scale/app-${from + index}`,
      cmd: 'exec redis-server --port $PORT0',
      cpus: 0.1,
      mem: 64,
      instances: 3,
      replication: { protocol: 'apus', durability: 'memory', spread: ['zone', 'host'] },
    };
    const result = parse(json, { mode: 'create', existing: null, version });
    if (!result.ok) throw new Error(JSON.stringify(result));
    return result.spec;
  });
}
