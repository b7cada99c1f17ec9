/** What changes again and again while a soak goes on: connections, apps, their sizes, their processes. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import lodash from 'lodash';
import { leader, portOf, redisSpec, type System, until } from '../e2e/system.js';
import { apps, plainSpec } from './apps.js';
import { openLines, openRedis } from './talk.js';

const pauseMs = 3000;
const doneMaxMs = 120_000;
const connectionsAtOnce = 20;
/** Names are used again: what the framework keeps of apps stays bounded. */
const namesMax = 4;
const visitorAt = (index: number) => `/soak/visitor-${index}`;
/** Of each name until the framework drops events: some 150 are enough. */
const visitsMax = 1000;
/** Rounds from one loss of a leader to the next, and from one new group to the next. */
const everyLoss = 5;
const everyGroup = 15;

export class Churn {
  rounds = 0;
  readonly errors: string[] = [];
  #stopped = false;

  constructor(private readonly system: System) {}

  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      await this.#round(this.rounds).catch((error: Error) =>
        this.errors.push(`round ${this.rounds}: ${error.message}`),
      );
      this.rounds += 1;
      await sleep(pauseMs);
    }
  }

  async #round(round: number): Promise<void> {
    await this.#connect();
    await this.#scale(1 + (round % 3));
    await this.#restart();
    await this.#comeAndGo(visitorAt(round % namesMax));
    if (round % everyGroup === everyGroup - 1) await this.#beginAgain();
    else if (round % everyLoss === everyLoss - 1) await this.#loseLeader();
  }

  /** Some say something, some nothing. */
  async #connect(): Promise<void> {
    for (const [app, open] of [
      [apps.redis, openRedis],
      [apps.gateway, openLines],
    ] as const) {
      const { replicas } = await this.system.group(app);
      const all = Array.from({ length: connectionsAtOnce }, async (_, index) => {
        const talk = await open(portOf(replicas[index % replicas.length] as { address: string }));
        if (index % 2 === 0) await talk.exchange([{ key: 'visited', value: `${index}` }]);
        talk.close();
      });
      await Promise.all(all);
    }
  }

  /** Apps come and go until the framework drops its oldest events: before that, what it keeps of them grows. */
  async fillEvents(): Promise<void> {
    for (let visit = 0; !(await this.#dropsEvents()); visit += 1) {
      assert.ok(visit < visitsMax, `the framework drops no event after ${visit} visits of each of ${namesMax} apps`);
      await Promise.all(lodash.times(namesMax, (index) => this.#comeAndGo(visitorAt(index))));
    }
  }

  async #dropsEvents(): Promise<boolean> {
    const headers = { accept: 'text/event-stream' };
    const answer = await fetch(`${this.system.apiUrl}/v2/events?after=oldest&follow=false`, { headers });
    assert.equal(answer.status, 200);
    const oldest = /^id: .*-(\d+)$/m.exec(await answer.text());
    return Number(oldest?.[1] ?? 0) > 0;
  }

  #scale(instances: number): Promise<void> {
    return this.#deploy('PUT', `/v2/apps${apps.plain}`, { instances });
  }

  #restart(): Promise<void> {
    return this.#deploy('POST', `/v2/apps${apps.plain}/restart`);
  }

  async #comeAndGo(id: string): Promise<void> {
    await this.#deploy('PUT', `/v2/apps${id}`, plainSpec(id));
    await this.#deploy('DELETE', `/v2/apps${id}`);
  }

  async #loseLeader(): Promise<void> {
    const lost = leader(await this.system.whole(apps.lossy));
    process.kill(lost.pid, 'SIGKILL');
    await this.system.replaced(apps.lossy, lost.member, 3, doneMaxMs);
  }

  async #beginAgain(): Promise<void> {
    await this.#deploy('DELETE', `/v2/apps${apps.lossy}`);
    await this.#deploy('PUT', `/v2/apps${apps.lossy}`, redisSpec(apps.lossy));
    await this.system.whole(apps.lossy, 3, doneMaxMs);
  }

  /** Until its deployment has ended. */
  async #deploy(method: string, path: string, body?: object): Promise<void> {
    const { status, body: answer } = await this.system.request(method, path, body);
    assert.ok(status === 200 || status === 201, `${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    const isDone = async () => {
      const { body: open } = await this.system.request('GET', '/v2/deployments');
      return (open as { affectedApps: string[] }[]).every(({ affectedApps }) => !path.includes(affectedApps[0] ?? '-'));
    };
    await until(`${method} ${path}`, doneMaxMs, isDone, 200);
  }
}
