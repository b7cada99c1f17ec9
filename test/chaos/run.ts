/** One run: a system, clients, a schedule carried out, peace, and what was found. */
import { setTimeout as sleep } from 'node:timers/promises';
import lodash from 'lodash';
import type { StoryLine } from '../../framework/story.js';
import { NotInTime, until } from '../e2e/system.js';
import { groupSpec, groups, plainApps } from './apps.js';
import { Client } from './client.js';
import type { Cluster } from './cluster.js';
import { History } from './history.js';
import { unlessInterrupted } from './interruption.js';
import { leftInCluster, leftOnMachine, membersGivenUp } from './leftovers.js';
import { Observer } from './observer.js';
import { type Violated, violatedOf } from './report/calls.js';
import { type GroupHistory, longestPauseMs, type Report, type Story } from './report/report.js';
import type { Schedule } from './schedule.js';
import { StarvationWatch } from './starvation.js';
import { Arena } from './strikes/arena.js';
import { carryOut, type Failure } from './striking.js';
import { Supervisor } from './supervisor.js';
import { tallyOf } from './tally.js';
import { Timeline } from './timeline.js';
import { type Finding, late, linearizability, none } from './verdict.js';

const clientsPerGroup = 4;
const deployMaxMs = 120_000;
const convergeMaxMs = 120_000;
const removeMaxMs = 60_000;
const endMaxMs = 10_000;
const endLookMs = 200;

export class Run {
  readonly timeline = new Timeline();
  readonly findings: Finding[] = [];
  readonly #histories = groups.map(({ id, program }) => new History(id, program.types));
  readonly #stories: Story[] = [];
  readonly #violated: Violated[] = [];
  readonly #starvation: StarvationWatch;
  #beginNs = 0;
  #striking: Promise<Failure[]> = Promise.resolve([]);

  constructor(
    private readonly schedule: Schedule,
    private readonly callsPerSecond: number,
    private readonly say: (text: string) => void,
    private readonly interrupted: AbortSignal,
  ) {
    this.#starvation = new StarvationWatch((text) => this.timeline.tell('system', text));
  }

  async through(start: () => Promise<Cluster>): Promise<Report> {
    const cluster = await start();
    try {
      await unlessInterrupted(this.interrupted, () => this.#within(cluster));
    } finally {
      // What an operator has begun can be ended while there is a scheduler.
      await Promise.race([this.#striking, sleep(endMaxMs, undefined, { ref: false })]);
      await this.#starvation.stop();
      await cluster.stop();
    }
    if (cluster.machines !== null) await this.#noneLeftOnMachine();
    const histories: GroupHistory[] = this.#histories.map(({ group, calls }) => ({ group, calls }));
    const { schedule, findings, timeline } = this;
    return {
      schedule,
      findings,
      timeline: timeline.moments,
      nemeses: tallyOf(schedule.strikes, timeline.moments),
      histories,
      violated: this.#violated,
      stories: this.#stories,
      beginNs: this.#beginNs,
    };
  }

  /** Guardians and executors that were killed with their machines need a moment to end. */
  async #noneLeftOnMachine(): Promise<void> {
    const deadlineMs = performance.now() + endMaxMs;
    while (leftOnMachine().length > 0 && performance.now() < deadlineMs) await sleep(endLookMs);
    this.findings.push(none('no process and no shared memory is left', leftOnMachine(), 'none'));
  }

  async #within(cluster: Cluster): Promise<void> {
    const arena = new Arena(cluster);
    const supervisor = new Supervisor(arena, (text) => this.timeline.tell('system', text));
    try {
      this.say('deploying the apps');
      for (const spec of [...groups.map(groupSpec), ...plainApps]) await cluster.api.deploy(spec);
      await this.#converged(cluster, deployMaxMs);
      const observer = new Observer(arena);
      await this.#strike(cluster, arena);
      await this.#calm(cluster);
      await observer.stop();
      await this.#keepStories(cluster);
      this.#judge(observer);
      await this.#remove(cluster);
    } finally {
      await supervisor.stop();
    }
  }

  async #strike(cluster: Cluster, arena: Arena): Promise<void> {
    const { seed, strikes, seconds } = this.schedule;
    this.say(`seed ${seed}: ${strikes.length} strikes within ${seconds} s`);
    const clients = groups.flatMap((_, group) =>
      lodash.range(clientsPerGroup).map((at) => this.#client(cluster, group, seed + group * clientsPerGroup + at)),
    );
    this.timeline.begin();
    this.#beginNs = performance.now() * 1e6;
    for (const client of clients) client.begin();
    this.#striking = carryOut(this.schedule, arena, this.timeline, this.interrupted);
    const failed = await this.#striking;
    this.interrupted.throwIfAborted();
    this.#judgeStrikes(failed);
    this.say('the strikes are over');
    this.timeline.tell('system', 'the strikes are over');
    await this.#found('everything is as wanted again, soon after the strikes', () =>
      this.#converged(cluster, convergeMaxMs),
    );
    await Promise.all(clients.map((client) => client.stop()));
  }

  #client(cluster: Cluster, group: number, seed: number): Client {
    const beatMs = (groups.length * clientsPerGroup * 1000) / this.callsPerSecond;
    const { program } = groups[group] as (typeof groups)[number];
    return new Client(cluster, program, this.#histories[group] as History, seed, beatMs);
  }

  #judgeStrikes(failed: Failure[]): void {
    const check = 'every strike was carried out and ended, or had nobody to meet';
    const inTime = failed.filter(({ lateSinceMs }) => lateSinceMs === undefined);
    this.findings.push(
      none(
        check,
        inTime.map(({ text }) => text),
        `${this.schedule.strikes.length} strikes`,
      ),
    );
    for (const { text, lateSinceMs } of failed)
      if (lateSinceMs !== undefined)
        this.findings.push(late('strikes end in their time', text, this.#starvation.since(lateSinceMs)));
  }

  async #calm(cluster: Cluster): Promise<void> {
    for (const [group, { id }] of groups.entries())
      await this.#found(`${id} answers`, () => this.#client(cluster, group, this.schedule.seed).readAll());
  }

  /** What the scheduler tells of each app; empty when it cannot be had. */
  async #keepStories({ api }: Cluster): Promise<void> {
    for (const { id } of [...groups, ...plainApps]) {
      const answer = await api.request('GET', `/v2/apps${id}`).catch(() => null);
      const story: StoryLine[] = answer?.body?.app?.story ?? [];
      this.#stories.push({ app: id, lines: story.map(({ at, text }) => `${at} ${text}`) });
    }
  }

  #judge(observer: Observer): void {
    const texts = observer.violations.map(
      ({ atMs, text }) => `${(this.timeline.msOf(atMs) / 1000).toFixed(2)} s: ${text}`,
    );
    this.findings.push(none('invariants held at every look', texts, `${observer.looks} looks`));
    this.findings.push(none('plain tasks were seen', observer.unseen, 'of each app'));
    for (const history of this.#histories) {
      for (const judged of history.judge()) {
        this.findings.push(linearizability({ group: history.group, ...judged }));
        this.#violated.push(...violatedOf(history.group, judged.verdict));
      }
      this.findings.push(none(`${history.group} gave no wrong answer`, history.wrongReplies, 'none'));
      const unavailable = longestPauseMs(history, this.#beginNs);
      this.timeline.tell('system', `${history.group}: at most ${unavailable} ms without an answer`);
    }
  }

  /** All that is wanted runs, no deployment is under way, and nothing else of ours. */
  #converged(cluster: Cluster, maxMs: number): Promise<void> {
    return until('all apps are as wanted', maxMs, async () => {
      const { api } = cluster;
      const { body } = await api.request('GET', '/v2/deployments');
      if (body.length > 0) throw new Error(`a deployment is under way: ${JSON.stringify(body).slice(0, 500)}`);
      for (const { id } of groups) {
        const { instances } = (await api.request('GET', `/v2/apps${id}`)).body.app;
        await api.whole(id, instances, 1000);
      }
      for (const { id } of plainApps) {
        const { app } = (await api.request('GET', `/v2/apps${id}`)).body;
        if (app.tasksRunning !== app.instances || app.tasks.length !== app.instances)
          throw new Error(`${id}: ${app.tasksRunning} of ${app.instances} run, ${app.tasks.length} tasks are known`);
      }
      return true;
    }).then(() => undefined);
  }

  async #remove(cluster: Cluster): Promise<void> {
    this.say('removing the apps');
    for (const { id } of [...groups, ...plainApps])
      await this.#found(`${id} can be removed`, () =>
        // Whoever is asked may just have ended: no strike is under way, but machines are slow.
        until(`${id} is removed`, removeMaxMs, async () => {
          const { status } = await cluster.api.request('DELETE', `/v2/apps${id}?force=true&wipe=true`);
          return status === 200 || status === 404;
        }),
      );
    const givenUp = membersGivenUp(cluster.schedulers.map(({ log }) => log).join(''));
    let left: string[] = [];
    await this.#found('nothing is left in the cluster when the apps are removed', () =>
      until('nothing is left', removeMaxMs, async () => {
        left = await leftInCluster(cluster, givenUp);
        if (left.length > 0) throw new Error(left.slice(0, 20).join('\n'));
        return true;
      }),
    );
  }

  async #found(check: string, attempt: () => Promise<unknown>): Promise<void> {
    const beginMs = performance.now();
    try {
      await attempt();
      this.findings.push({
        check,
        outcome: 'kept',
        said: `after ${((performance.now() - beginMs) / 1000).toFixed(1)} s`,
      });
    } catch (error) {
      const starved = error instanceof NotInTime ? this.#starvation.since(beginMs) : null;
      this.findings.push(late(check, (error as Error).message, starved));
    }
  }
}
