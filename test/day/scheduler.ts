/** A day of the scheduler: users, operators and machines do something every few minutes, and it comes to rest again. */
import { getHeapCodeStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { EventLog } from '../../framework/events/log.js';
import { acts } from '../crash/model/acts.js';
import { Run } from '../crash/model/run.js';
import type { Reading, Sample } from '../growth/growth.js';
import { type Below, below, randomFrom } from '../random.js';
import type { Day } from './verdict.js';

/** Everything but ends of the scheduler itself, after which its memory would be a new one. */
const daily = [
  ...['upgrade', 'scale', 'putGroup', 'deleteGroup', 'delete', 'create', 'vip', 'restart', 'rollBack', 'kill'],
  ...['drain', 'endDrains', 'rebalance', 'maintenance', 'gone', 'rescind', 'reconnect'],
  ...['fail', 'sicken', 'down', 'burn'],
];
const picksMax = 1000;
const eventsKept = 512;
/** So many readings in all: they lie in the memory that they tell of. */
const readings = 240;
const tickSeconds = 2;
const roundSeconds = { min: 30, max: 180 };

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

export interface SchedulerOptions {
  minutes: number;
  /** Before the day: what is remembered of each app has a bound, which is reached first. */
  roundsBefore: number;
  seed: number;
}

/** Of apps, which come and go, of agents, which are drained until somebody ends it, and of pages between two collections. */
const breathes: Reading = {
  residentBytes: 64 * 2 ** 20,
  tasks: 8,
  records: 16,
  offers: 8,
  storyLines: 64,
  versions: 32,
  deployments: 2,
  drains: 8,
  waiting: 8,
};

export async function schedulerDay(
  { minutes, roundsBefore, seed }: SchedulerOptions,
  say: (text: string) => void,
): Promise<Day> {
  const overMs = minutes * 60_000;
  const day = new SchedulerDay(below(randomFrom(seed)), say);
  const faults: string[] = [];
  try {
    day.warmUp(roundsBefore);
    day.through(overMs);
  } catch (error) {
    faults.push((error as Error).stack ?? String(error));
  }
  return { overMs, samples: day.samples, breathes, faults, facts: day.facts };
}

class SchedulerDay {
  readonly samples: Sample[] = [];
  readonly #run = new Run();
  readonly #events = new EventLog('day', eventsKept);
  readonly #counts: Record<string, number> = {};

  constructor(
    private readonly below: Below,
    private readonly say: (text: string) => void,
  ) {}

  get facts(): Record<string, unknown> {
    return { acts: this.#counts, eventsPublished: this.#events.next };
  }

  warmUp(rounds: number): void {
    for (let round = 0; round < rounds; round += 1) this.#round(roundSeconds.min);
  }

  through(overMs: number): void {
    const { world } = this.#run.life;
    const beganMs = world.now;
    for (let nextMs = 0; world.now - beganMs < overMs; ) {
      this.#round(roundSeconds.min + this.below(roundSeconds.max - roundSeconds.min));
      if (world.now - beganMs < nextMs) continue;
      nextMs = world.now - beganMs + overMs / readings;
      this.#read(Math.min(overMs, world.now - beganMs));
    }
  }

  /** One thing happens, and some time later everything is well. */
  #round(seconds: number): void {
    const { life } = this.#run;
    const possible = daily.filter((name) => acts[name]?.possible?.(life.wanted) ?? true);
    const name = possible[this.below(possible.length)] as string;
    acts[name]?.carryOut(this.#run, this.below(picksMax));
    this.#counts[name] = (this.#counts[name] ?? 0) + 1;
    this.#pass(seconds);
    this.#run.mend();
    for (const event of life.world.published) this.#events.publish(event);
    this.#run.forget();
  }

  #pass(seconds: number): void {
    const { world } = this.#run.life;
    for (let second = 0; second < seconds; second += tickSeconds) {
      for (const task of world.mesos.living()) world.mesos.progress(task);
      world.mesos.reports(() => true);
      world.deliverAll();
      world.tick(tickSeconds * 1000);
      world.deliverAll();
    }
  }

  #read(atMs: number): void {
    const { apps, deployments, offers, treeChanges, queue, drains } = this.#run.life.world.view();
    const { stored } = this.#run.life.world;
    const most = (count: (app: (typeof apps)[number]) => number) => Math.max(0, ...apps.map(count));
    const reading = {
      ...memory(),
      records: stored.size,
      tasks: apps.reduce((sum, app) => sum + app.tasks.length, 0),
      storyLines: most(({ story }) => story.length),
      versions: most(({ versions }) => versions.length),
      deployments: deployments.length,
      offers: offers.held,
      treeChanges: treeChanges.length,
      waiting: queue.length,
      drains: drains.length,
      eventsKept: this.#events.next - this.#events.oldest,
    };
    this.samples.push({ atMs, reading });
    this.say(`minute ${Math.round(atMs / 60_000)}: ${JSON.stringify(reading)}`);
  }
}

/** Live is what is still needed, but for code: what runs often is compiled again for hours, up to a megabyte. */
function memory(): Reading {
  collectGarbage();
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  const { code_and_metadata_size: compiled, bytecode_and_metadata_size: bytecode } = getHeapCodeStatistics();
  return { liveBytes: heapUsed + external - compiled - bytecode, residentBytes: rss };
}
