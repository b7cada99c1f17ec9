import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FrameworkInfo, Offer } from '../../framework/mesos-http-client/types.js';
import { credential } from './credential.js';
import { commandTask, frameworkInfo, RawScheduler } from './scheduler.js';
import { startTarget, type Target } from './target.js';
import { isRunning, until } from './wait.js';

describe('conformance: framework fail-over, disconnection and teardown', () => {
  let target: Target;
  let scheduler: RawScheduler;
  const others: RawScheduler[] = [];
  before(async () => {
    target = await startTarget();
  });
  after(() => target.stop());
  beforeEach(async () => {
    scheduler = await RawScheduler.subscribe(target.masterUrl, frameworkInfo({ failover_timeout: 2 }));
  });
  afterEach(async () => {
    for (const other of [...others.splice(0), scheduler]) await other.teardown();
  });

  async function again(changes: Partial<FrameworkInfo> = {}, id = scheduler.frameworkId): Promise<RawScheduler> {
    const info = frameworkInfo({ failover_timeout: 2, ...changes, id: { value: id } });
    const other = await RawScheduler.subscribe(target.masterUrl, info);
    others.push(other);
    return other;
  }

  it('a second subscription takes over: the old stream ends with ERROR, tasks live, offers come fresh', async () => {
    scheduler.acknowledgeAll();
    const [offer] = (await scheduler.nextOffers(0, 2)) as [Offer];
    await scheduler.launch(offer, [commandTask(offer, 'survivor', 'sleep 100')]);
    await scheduler.reached('survivor', 'TASK_RUNNING');
    const successor = await again();
    await until('the end of the old stream', () => scheduler.ended);
    assert.equal(scheduler.of('ERROR')[0]?.error.message, 'Framework failed over');
    assert.equal(scheduler.of('RESCIND').length, 0, 'its offers vanish without RESCIND');
    assert.equal(successor.frameworkId, scheduler.frameworkId);
    await successor.nextOffers(0, 2);
    await successor.call({ type: 'RECONCILE', reconcile: { tasks: [] } });
    const answer = () => successor.statuses('survivor').at(-1);
    await until('the answer', () => answer()?.reason === 'REASON_RECONCILIATION');
    assert.equal(answer()?.state, 'TASK_RUNNING');
    const old = await scheduler.send({ type: 'REVIVE' });
    assert.equal(old.status, 400);
    assert.match(old.text, /^The stream ID '.*' included in this request didn't match/);
  });

  it('what was not acknowledged is sent again at once to a subscription that takes over', async () => {
    const [offer] = (await scheduler.nextOffers(0)) as [Offer];
    await scheduler.launch(offer, [commandTask(offer, 'untold', 'sleep 100')]);
    const { uuid } = await scheduler.reached('untold', 'TASK_STARTING');
    const takenOverMs = Date.now();
    const successor = await again();
    assert.equal((await successor.reached('untold', 'TASK_STARTING')).uuid, uuid);
    assert.ok(Date.now() - takenOverMs < target.timings.retryBaseMs, `${Date.now() - takenOverMs} ms`);
  });

  it('while disconnected calls get 403; updates wait for the return', async () => {
    const [offer] = (await scheduler.nextOffers(0)) as [Offer];
    await scheduler.launch(offer, [commandTask(offer, 'patient', 'sleep 100')]);
    const starting = await scheduler.reached('patient', 'TASK_STARTING');
    scheduler.disconnect();
    await until('403', async () => (await scheduler.send({ type: 'SUPPRESS' })).status === 403);
    assert.equal((await scheduler.send({ type: 'SUPPRESS' })).text, 'Framework is not subscribed');
    const successor = await again({ name: 'renamed' });
    assert.equal((await successor.reached('patient', 'TASK_STARTING')).uuid, starting.uuid);
    successor.acknowledgeAll();
    await successor.reached('patient', 'TASK_RUNNING');
  }).timeout(30_000);

  it('after failover_timeout the framework and its tasks are removed for good', async () => {
    scheduler.acknowledgeAll();
    const [offer] = (await scheduler.nextOffers(0)) as [Offer];
    await scheduler.launch(offer, [commandTask(offer, 'doomed', 'sleep 100')]);
    const running = await scheduler.reached('doomed', 'TASK_RUNNING');
    scheduler.disconnect();
    await until('400', async () => (await scheduler.send({ type: 'SUPPRESS' })).status === 400);
    const late = await again();
    assert.equal(late.of('ERROR')[0]?.error.message, 'Framework has been removed');
    await until('the last chunk', () => late.ended);
    if (!target.cluster) return;
    const pid = running.container_status?.executor_pid ?? 0;
    await until('the executor ends', () => !isRunning(pid));
  });

  it('failover_timeout 0 removes at once', async () => {
    const hasty = await again({ failover_timeout: 0, name: 'hasty' });
    hasty.disconnect();
    await until('400', async () => (await hasty.send({ type: 'REVIVE' })).status === 400);
    assert.equal((await again()).of('ERROR')[0]?.error.message, 'Framework has been removed');
  });

  it('TEARDOWN ends the stream and the tasks; the id is never accepted again', async () => {
    await scheduler.send({ type: 'TEARDOWN' });
    await until('the last chunk', () => scheduler.ended);
    const answer = await scheduler.send({ type: 'REVIVE' });
    assert.deepEqual([answer.status, answer.text], [400, 'Framework cannot be found']);
    assert.equal((await again()).of('ERROR')[0]?.error.message, 'Framework has been removed');
  });

  it('an id never seen is accepted; a changed principal is not; a changed user or checkpoint is', async () => {
    const stranger = await again({}, `never-existed-${Date.now()}`);
    assert.match(stranger.frameworkId, /^never-existed-/);
    if (!credential()) {
      const changed = await again({ principal: 'somebody' });
      assert.equal(changed.of('ERROR')[0]?.error.message, "Changing framework's principal is not allowed.");
    }
    assert.equal(scheduler.ended, false, 'a refused subscription does not disturb the living one');
    assert.ok((await again({ user: 'nobody', checkpoint: false })).frameworkId);
  });

  it('offers of a role that is given up are rescinded', async () => {
    const two = await again({ roles: ['conformance', 'second'] });
    await two.nextOffers(0, 2);
    const held = two.offers.filter((offer) => offer.allocation_info?.role === 'second');
    await again({ roles: ['conformance'] });
    await until('RESCIND', () => two.of('RESCIND').length === held.length);
  });

  it('disconnected schedulers give their offers to others', async () => {
    await scheduler.nextOffers(0, 2);
    const other = await RawScheduler.subscribe(target.masterUrl, frameworkInfo({ name: 'other' }));
    others.push(other);
    await sleep(2 * target.timings.allocationIntervalMs);
    assert.equal(other.offers.length, 0);
    scheduler.disconnect();
    await other.nextOffers(0, 2);
  });
});
