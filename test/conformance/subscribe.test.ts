import assert from 'node:assert/strict';
import { frameworkInfo, oldFrameworkInfo, RawScheduler, ROLE } from './scheduler.js';
import { startTarget, type Target } from './target.js';
import { until } from './wait.js';

describe('conformance: SUBSCRIBE', () => {
  let target: Target;
  let scheduler: RawScheduler;
  before(async () => {
    target = await startTarget();
  });
  after(() => target.stop());
  afterEach(() => scheduler.teardown());

  it('answers with a stream id and SUBSCRIBED, HEARTBEAT and one offer per agent', async () => {
    scheduler = await RawScheduler.subscribe(target.masterUrl, frameworkInfo());
    assert.equal(scheduler.status, 200);
    assert.equal(scheduler.headers['content-type'], 'application/json');
    assert.equal(scheduler.headers['transfer-encoding'], 'chunked');
    assert.match(String(scheduler.headers['mesos-stream-id']), /^[0-9a-f-]{36}$/);
    const [subscribed] = scheduler.of('SUBSCRIBED');
    const info = subscribed?.subscribed.master_info;
    assert.equal(scheduler.events[0]?.event.type, 'SUBSCRIBED');
    assert.match(scheduler.frameworkId, /^[0-9a-f-]{36}-\d{4,}$/);
    assert.equal(subscribed?.subscribed.heartbeat_interval_seconds, target.timings.heartbeatIntervalMs / 1000);
    assert.equal(info?.pid, `master@${info?.address?.ip}:${info?.port}`);
    await scheduler.nextOffers(0, 2);
    assert.equal(new Set(scheduler.offers.map((offer) => offer.agent_id.value)).size, scheduler.offers.length);
    assert.ok(scheduler.of('HEARTBEAT').length >= 1);
  });

  it('sends every record in one chunk, and doubles with a fraction', async () => {
    scheduler = await RawScheduler.subscribe(target.masterUrl, frameworkInfo());
    await scheduler.nextOffers(0, 2);
    const offers = scheduler.chunks.join('').match(/"name":"cpus","type":"SCALAR","scalar":\{"value":(\d+\.\d+)\}/);
    assert.ok(offers, 'a whole number of cpus is printed like 4.0');
    assert.ok(scheduler.chunks.some((chunk) => /^20\n\{"type":"HEARTBEAT"\}/.test(chunk)));
  });

  it('sends HEARTBEAT in the interval it announces', async () => {
    scheduler = await RawScheduler.subscribe(target.masterUrl, frameworkInfo());
    const { heartbeatIntervalMs } = target.timings;
    const beats = () => scheduler.events.filter(({ event }) => event.type === 'HEARTBEAT').map(({ atMs }) => atMs);
    await until('three heartbeats', () => beats().length >= 3, 3 * heartbeatIntervalMs + 2000);
    const [, second = 0, third = 0] = beats();
    assert.ok(third - second >= heartbeatIntervalMs * 0.8, `heartbeats ${third - second} ms apart`);
  }).timeout(60_000);

  it('shows offers in the format of the capabilities', async () => {
    scheduler = await RawScheduler.subscribe(target.masterUrl, frameworkInfo());
    const [offer] = await scheduler.nextOffers(0);
    assert.deepEqual(offer?.allocation_info, { role: ROLE });
    for (const resource of offer?.resources ?? []) {
      assert.deepEqual(resource.allocation_info, { role: ROLE });
      assert.equal(resource.role, undefined);
    }
    await scheduler.teardown();
    const old = await RawScheduler.subscribe(target.masterUrl, oldFrameworkInfo());
    scheduler = old;
    const [oldOffer] = await old.nextOffers(0);
    assert.equal(oldOffer?.allocation_info, undefined);
    for (const resource of oldOffer?.resources ?? []) {
      assert.equal(resource.allocation_info, undefined);
      assert.equal(resource.role, '*');
    }
  });

  const refusals: [string, Parameters<typeof frameworkInfo>[0], string[], RegExp][] = [
    [
      'role with MULTI_ROLE',
      { role: 'x' },
      [],
      /^'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE/,
    ],
    ['a role with a blank', { roles: ['a b'] }, [], /'a b' is invalid because it contains backspace or whitespace/],
    ['duplicate roles', { roles: ['a', 'a'] }, [], /^'FrameworkInfo.roles' contains duplicate items: \{ a \}$/],
    [
      'roles without MULTI_ROLE',
      { capabilities: [] },
      [],
      /roles' must not be set when the framework is not MULTI_ROLE/,
    ],
    ['foreign suppressed roles', {}, ['other'], /^Suppressed roles \{ other \} are not contained in the set of roles$/],
  ];
  for (const [what, changes, suppressed, message] of refusals) {
    it(`refuses ${what} with 200, an ERROR event and the end of the stream`, async () => {
      scheduler = await RawScheduler.subscribe(target.masterUrl, frameworkInfo(changes), suppressed);
      assert.equal(scheduler.status, 200);
      assert.match(scheduler.of('ERROR')[0]?.error.message ?? '', message);
      await until('the last chunk', () => scheduler.ended);
    });
  }

  it('accepts what Mesos accepts: no roles, the role *, an empty user, a negative failover_timeout', async () => {
    for (const changes of [{ roles: [] }, { roles: ['*'] }, { user: '' }, { failover_timeout: -1 }]) {
      scheduler = await RawScheduler.subscribe(target.masterUrl, frameworkInfo(changes));
      assert.ok(scheduler.frameworkId);
      await scheduler.teardown();
    }
  });
});
