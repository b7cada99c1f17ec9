import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import lodash from 'lodash';
import type { Offer } from '../../framework/mesos-http-client/types.js';
import { page as pageOf, send } from './raw-http.js';
import { commandTask, frameworkInfo, RawScheduler } from './scheduler.js';
import { activeAgents, startTarget, type Target } from './target.js';
import { until } from './wait.js';

describe('conformance: offers and filters', () => {
  let target: Target;
  let scheduler: RawScheduler;
  let agents: number;
  before(async () => {
    target = await startTarget();
    agents = await activeAgents(target.masterUrl);
  });
  after(() => target.stop());
  beforeEach(async () => {
    scheduler = await RawScheduler.subscribe(target.masterUrl, frameworkInfo());
    await scheduler.nextOffers(0, agents);
  });
  afterEach(() => scheduler.teardown());

  /** Declines the first offer and tells after how many ms its agent comes again. */
  async function delayAfter(filters: { refuse_seconds?: number } | undefined): Promise<number> {
    const seen = scheduler.offers.length;
    const [offer] = scheduler.offers.slice(-1) as [Offer];
    const sentMs = Date.now();
    await scheduler.call({ type: 'DECLINE', decline: { offer_ids: [offer.id], ...(filters && { filters }) } });
    await scheduler.nextOffers(seen);
    return Date.now() - sentMs;
  }

  it('brings a declined offer back after refuse_seconds and at most two allocation intervals', async () => {
    const { allocationIntervalMs } = target.timings;
    const cases: [{ refuse_seconds?: number } | undefined, number][] = [
      [{ refuse_seconds: 0 }, 0],
      [{ refuse_seconds: 0.05 }, allocationIntervalMs],
      [{ refuse_seconds: 1.5 }, 1500],
      [undefined, 5000],
    ];
    for (const [filters, leastMs] of cases) {
      const delay = await delayAfter(filters);
      const slackMs = 2 * allocationIntervalMs + 400;
      assert.ok(delay >= leastMs - 20 && delay <= leastMs + slackMs, `${JSON.stringify(filters)}: after ${delay} ms`);
    }
  }).timeout(30_000);

  it('treats a negative time as the default of 5 s, and REVIVE lifts filters at once', async () => {
    const seen = scheduler.offers.length;
    const offer_ids = scheduler.offers.map((offer) => offer.id);
    await scheduler.call({ type: 'DECLINE', decline: { offer_ids, filters: { refuse_seconds: -5 } } });
    await sleep(3 * target.timings.allocationIntervalMs);
    assert.equal(scheduler.offers.length, seen);
    await scheduler.call({ type: 'REVIVE' });
    await until('all agents offered', () => scheduler.offers.length === seen + agents, 2000);
  });

  it('SUPPRESS stops new offers and takes none back; REVIVE starts them again', async () => {
    const seen = scheduler.offers.length;
    await scheduler.call({ type: 'SUPPRESS' });
    const offer_ids = scheduler.offers.map((offer) => offer.id);
    await scheduler.call({ type: 'DECLINE', decline: { offer_ids, filters: { refuse_seconds: 0 } } });
    await sleep(4 * target.timings.allocationIntervalMs);
    assert.equal(scheduler.offers.length, seen);
    assert.equal(scheduler.of('RESCIND').length, 0);
    await scheduler.call({ type: 'REVIVE', revive: { roles: ['not-ours'] } });
    await sleep(2 * target.timings.allocationIntervalMs);
    assert.equal(scheduler.offers.length, seen, 'a foreign role is ignored');
    await scheduler.call({ type: 'REVIVE' });
    await scheduler.nextOffers(seen, 2);
  });

  it('ACCEPT filters what it leaves over; freed resources lift the filter', async () => {
    scheduler.acknowledgeAll();
    const [offer] = scheduler.offers as [Offer];
    const seen = scheduler.offers.length;
    const lifeSeconds = (2.5 * target.timings.allocationIntervalMs) / 1000;
    await scheduler.launch(offer, [commandTask(offer, 'short', `sleep ${lifeSeconds}`)], 3600);
    await scheduler.reached('short', 'TASK_RUNNING');
    await sleep(target.timings.allocationIntervalMs);
    assert.equal(scheduler.offers.length, seen, 'the remainder is filtered while the task runs');
    await scheduler.reached('short', 'TASK_FINISHED');
    const [again] = await scheduler.nextOffers(seen);
    assert.equal(again?.agent_id.value, offer.agent_id.value);
    assert.deepEqual(amounts(again as Offer), amounts(offer));
  });

  it('DEACTIVATE_AGENT rescinds and offers nothing of it; DRAIN_AGENT ends its tasks, too; REACTIVATE_AGENT ends both', async () => {
    scheduler.acknowledgeAll();
    const [offer] = scheduler.offers as [Offer];
    const { agent_id } = offer;
    const operate = async (type: string, more: object = {}) => {
      const body = JSON.stringify({ type, [type.toLowerCase()]: { agent_id, ...more } });
      const headers = { 'Content-Type': 'application/json' };
      return (await send(target.masterUrl, { path: '/api/v1', headers, body })).status;
    };
    const again = async (seen: number) => {
      await until('its offer', () => scheduler.offers.slice(seen).some((o) => o.agent_id.value === agent_id.value));
    };
    const page = async () => {
      const { slaves } = await pageOf<{ slaves: AgentPage[] }>(target.masterUrl, '/slaves');
      return slaves.find(({ id }) => id === agent_id.value) as AgentPage;
    };
    let seen = scheduler.offers.length;
    assert.equal(await operate('DEACTIVATE_AGENT'), 200);
    await until('RESCIND', () =>
      scheduler.of('RESCIND').some(({ rescind }) => rescind.offer_id.value === offer.id.value),
    );
    assert.deepEqual([(await page()).active, (await page()).deactivated], [false, true]);
    await sleep(3 * target.timings.allocationIntervalMs);
    assert.equal(scheduler.offers.length, seen);
    assert.equal(await operate('REACTIVATE_AGENT'), 200);
    await again(seen);
    await scheduler.launch(scheduler.offers.at(-1) as Offer, [commandTask(offer, 'drained', 'sleep 1000')]);
    await scheduler.reached('drained', 'TASK_RUNNING');
    assert.equal(await operate('DRAIN_AGENT', { max_grace_period: { seconds: 2 } }), 200);
    const killed = await scheduler.reached('drained', 'TASK_KILLED');
    assert.deepEqual([killed.reason, killed.source], ['REASON_AGENT_DRAINING', 'SOURCE_EXECUTOR']);
    assert.equal((await scheduler.reached('drained', 'TASK_KILLING')).reason, 'REASON_AGENT_DRAINING');
    await until('DRAINED', async () => (await page()).drain_info?.state === 'DRAINED');
    seen = scheduler.offers.length;
    assert.equal(await operate('REACTIVATE_AGENT'), 200);
    await again(seen);
    assert.deepEqual([(await page()).deactivated, (await page()).drain_info], [false, undefined]);
  });

  it('UPDATE_FRAMEWORK to another role: offers are rescinded and come for the new one; tasks run on', async () => {
    scheduler.acknowledgeAll();
    const [offer] = scheduler.offers as [Offer];
    await scheduler.launch(offer, [commandTask(offer, 'stays', 'sleep 1000')]);
    await scheduler.reached('stays', 'TASK_RUNNING');
    const seen = scheduler.offers.length;
    const out = scheduler.offers.filter(({ id }) => id.value !== offer.id.value);
    const rescinded = ({ id }: Offer) =>
      scheduler.of('RESCIND').some(({ rescind }) => rescind.offer_id.value === id.value);
    const framework_info = frameworkInfo({ id: { value: scheduler.frameworkId }, roles: ['conformance-other'] });
    const answer = await scheduler.send({ type: 'UPDATE_FRAMEWORK', update_framework: { framework_info } });
    assert.equal(answer.status, 200, answer.text);
    await until('RESCIND of all', () => out.every(rescinded));
    const offers = await scheduler.nextOffers(seen, agents);
    assert.deepEqual(
      new Set(offers.map(({ allocation_info }) => allocation_info?.role)),
      new Set(['conformance-other']),
    );
    const { agent_id } = offer;
    await scheduler.call({ type: 'RECONCILE', reconcile: { tasks: [{ task_id: { value: 'stays' }, agent_id }] } });
    await until('it still runs', () => scheduler.statuses('stays').at(-1)?.reason === 'REASON_RECONCILIATION');
    assert.equal(scheduler.statuses('stays').at(-1)?.state, 'TASK_RUNNING');
  });

  it('offers an agent to one framework at a time, and shares fairly between two', async () => {
    const other = await RawScheduler.subscribe(target.masterUrl, frameworkInfo({ name: 'other' }));
    try {
      await sleep(2 * target.timings.allocationIntervalMs);
      assert.equal(other.offers.length, 0, 'all agents are held by the first framework');
      const offer_ids = scheduler.offers.map((offer) => offer.id);
      await scheduler.call({ type: 'DECLINE', decline: { offer_ids, filters: { refuse_seconds: 0 } } });
      const got = () => [other.offers.length, scheduler.offers.length - agents] as const;
      await until(
        () => `as many agents each; got ${got()}`,
        () => lodash.sum(got()) === agents && Math.abs(got()[0] - got()[1]) <= 1,
      );
    } finally {
      await other.teardown();
    }
  });
});

interface AgentPage {
  id: string;
  active: boolean;
  deactivated: boolean;
  drain_info?: { state: string };
}

function amounts(offer: Offer): Record<string, unknown> {
  const entries = (offer.resources ?? []).map((r) => [
    r.name,
    r.type === 'SCALAR' ? r.scalar : r.type === 'RANGES' ? r.ranges : r.set,
  ]);
  return Object.fromEntries(entries);
}
