/** A day of the scheduler: users, operators and machines do something every few minutes, and it comes to rest again. */
import { EventLog } from '../../../framework/events/log.js';
import { acts, keep, ledger, specOf, web } from '../../crash/model/acts.js';
import { Run } from '../../crash/model/run.js';
import { appSpec } from '../../framework/model/world.js';
import type { Sample } from '../../growth/growth.js';
import { ofDay } from '../../growth/rules.js';
import type { Below } from '../../random.js';
import { liveBytes } from './live.js';

/**
 * Everything but ends of the scheduler itself, after which its memory would be a new one, and deletions of apps that go on being wanted, whose
 * histories would begin anew and fill for hours.
 */
const daily = [
  ...['upgrade', 'scale', 'putGroup', 'deleteGroup', 'create', 'vip', 'restart', 'rollBack', 'kill'],
  ...['drain', 'endDrains', 'rebalance', 'maintenance', 'gone', 'rescind', 'reconnect'],
  ...['fail', 'sicken', 'down', 'burn'],
];
const picksMax = 1000;
const eventsKept = 512;
/** Each takes a second. */
const readings = 72;
const jobsAtATime = 4;
const tickSeconds = 5;
const { before, after } = ofDay([], {});
const compared = [before, after];
const roundSeconds = { min: 30, max: 180 };

export class SchedulerDay {
  readonly #run = new Run();
  readonly #events = new EventLog('day', eventsKept);
  readonly #counts: Record<string, number> = {};
  #jobs: string[] = [];
  #jobsSoFar = 0;

  constructor(
    private readonly below: Below,
    private readonly say: (sample: Sample) => void,
  ) {}

  get facts(): Record<string, unknown> {
    return { acts: this.#counts, eventsPublished: this.#events.next };
  }

  warmUp(rounds: number): void {
    for (let round = 0; round < rounds; round += 1) this.#round(roundSeconds.min);
  }

  /** `hourly`: it is read in all hours, not in those alone that are compared. */
  async through(overMs: number, hourly: boolean): Promise<void> {
    const { world } = this.#run.life;
    const beganMs = world.now;
    const isRead = (atMs: number) =>
      hourly || compared.some(([from, to]) => atMs >= from * overMs && atMs < to * overMs);
    for (let nextMs = 0; world.now - beganMs < overMs; ) {
      this.#round(roundSeconds.min + this.below(roundSeconds.max - roundSeconds.min));
      const atMs = world.now - beganMs;
      if (atMs < nextMs || !isRead(atMs)) continue;
      nextMs = atMs + overMs / readings;
      this.#comeToTheSame();
      await this.#read(Math.min(overMs, atMs));
    }
  }

  /** One thing happens, and some time later everything is well. */
  #round(seconds: number): void {
    const { wanted } = this.#run.life;
    const possible = daily.filter((name) => acts[name]?.possible?.(wanted) ?? true);
    const name = possible[this.below(possible.length)] as string;
    acts[name]?.carryOut(this.#run, this.below(picksMax));
    this.#counts[name] = (this.#counts[name] ?? 0) + 1;
    this.#takeNewJobs();
    this.#restAfter(seconds);
  }

  #restAfter(seconds: number): void {
    this.#pass(seconds);
    this.#run.mend();
    for (const event of this.#run.life.world.published) this.#events.publish(event);
    this.#run.forget();
  }

  /** At each reading users want the same: what is there beyond it was left behind. */
  #comeToTheSame(): void {
    const shop = [...this.#run.life.wanted.keys()].filter((id) => id.startsWith('/shop/'));
    if (shop.length > 0) this.#run.deleteTree('/shop', shop);
    this.#run.put([ledger, web, keep].map((id) => specOf(id)));
    this.#run.endDrains();
    this.#restAfter(roundSeconds.max);
  }

  /** Apps with names that were never there come, and those before go: of no name anything may stay. */
  #takeNewJobs(): void {
    const gone = this.#jobs;
    this.#jobs = Array.from({ length: jobsAtATime }, () => `/jobs/${++this.#jobsSoFar}`);
    const [first, other] = this.#jobs as [string, string];
    const affinity = [{ type: 'apart' as const, app: other, domain: 'host', required: true }];
    const small = { cpus: 0.1, instances: 0 };
    this.#run.put(this.#jobs.map((id) => appSpec(id, id === first ? { ...small, instances: 1, affinity } : small)));
    for (const id of gone) this.#run.life.delete(id);
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

  async #read(atMs: number): Promise<void> {
    const { apps, deployments, offers, treeChanges, queue, drains } = this.#run.life.world.view();
    const { stored } = this.#run.life.world;
    const most = (count: (app: (typeof apps)[number]) => number) => Math.max(0, ...apps.map(count));
    const reading = {
      liveBytes: await liveBytes(),
      residentBytes: process.memoryUsage.rss(),
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
    this.say({ atMs, reading });
  }
}
