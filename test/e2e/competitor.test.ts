/** Another framework on the same cluster, which holds what it is offered for longer than GAIA does without need. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { frameworkInfo, RawScheduler } from '../conformance/scheduler.js';
import { redisSpec, System, until } from './system.js';

const holdMs = 3000;
const agentCount = 5;

/** Holds every offer for a while, and then leaves it to others for Mesos' default of five seconds. */
class Hoarder {
  private stopped = false;
  private readonly ended: Promise<void>;

  constructor(readonly scheduler: RawScheduler) {
    this.ended = this.run();
  }

  private async run(): Promise<void> {
    for (let seen = 0; !this.stopped; ) {
      const fresh = this.scheduler.offers.slice(seen);
      seen += fresh.length;
      await sleep(fresh.length > 0 ? holdMs : 50);
      const offer_ids = fresh.map(({ id }) => id);
      if (fresh.length > 0) await this.scheduler.call({ type: 'DECLINE', decline: { offer_ids } });
    }
  }

  /** Agents that have been offered since `offers` had come. */
  agentsSince(offers: number): Set<string> {
    return new Set(this.scheduler.offers.slice(offers).map(({ agent_id }) => agent_id.value));
  }

  stop(): Promise<void> {
    this.stopped = true;
    return this.ended;
  }
}

describe('beside another framework that holds its offers', function () {
  this.timeout(180_000);
  let system: System;
  let hoarder: Hoarder;

  before(async () => {
    system = await System.start({ agents: agentCount });
    hoarder = new Hoarder(
      await RawScheduler.subscribe(system.mesos.masterUrl, frameworkInfo({ name: 'hoarder', roles: ['hoarder'] })),
    );
  });
  after(async () => {
    await hoarder?.stop();
    await system?.stop();
  });

  const everyAgentIsOffered = (what: string) => {
    const before = hoarder.scheduler.offers.length;
    return until(what, 60_000, async () => hoarder.agentsSince(before).size === agentCount);
  };

  it('a group of as many replicas as there are agents is placed, and what it does not need is let go', async () => {
    await system.deploy(redisSpec('/beside/wide', { instances: agentCount }));
    await system.whole('/beside/wide', agentCount);
    await everyAgentIsOffered('the other framework is offered every agent while nothing waits');
  });

  it('a group that waits for more than there is keeps no agent from the other framework, nor another group from its place', async () => {
    const big = redisSpec('/beside/big', { cpus: 1000 });
    const answer = await system.request('POST', '/v2/apps', big);
    assert.equal(answer.status, 201);
    await everyAgentIsOffered('the other framework is offered every agent while a group waits');
    await system.deploy(redisSpec('/beside/small'));
    await system.whole('/beside/small');
  });
});
