import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Offer } from '../../framework/mesos-http-client/types.js';
import { commandTask, frameworkInfo, oldFrameworkInfo, RawScheduler } from './scheduler.js';
import { startTarget, type Target } from './target.js';
import { until } from './wait.js';

describe('conformance: acknowledgement and reconciliation', () => {
  let target: Target;
  let scheduler: RawScheduler;
  before(async () => {
    target = await startTarget();
  });
  after(() => target.stop());
  afterEach(() => scheduler.teardown());

  async function subscribed(): Promise<Offer> {
    scheduler = await RawScheduler.subscribe(target.masterUrl, frameworkInfo());
    return ((await scheduler.nextOffers(0)) as [Offer])[0];
  }

  it('repeats the first update after the base delay, then twice that; the next ones wait behind it', async () => {
    const offer = await subscribed();
    const { retryBaseMs } = target.timings;
    const launchMs = Date.now();
    await scheduler.launch(offer, [commandTask(offer, 'quiet', 'true')]);
    const times = () => scheduler.events.filter(({ event }) => event.type === 'UPDATE').map(({ atMs }) => atMs);
    await until('two repetitions', () => times().length >= 3, 4 * retryBaseMs + 5000);
    const [first = 0, second = 0, third = 0] = times();
    assert.deepEqual(
      scheduler
        .statuses()
        .map(({ state }) => state)
        .slice(0, 3),
      Array(3).fill('TASK_STARTING'),
    );
    assert.equal(new Set(scheduler.statuses().map(({ uuid }) => uuid)).size, 1);
    assert.ok(second - first <= retryBaseMs + 600, `${second - first} ms`);
    // From before the first was sent: whichever of them is seen late, none can have been sent earlier than that.
    assert.ok(second - launchMs >= retryBaseMs * 0.9, `${second - launchMs} ms`);
    assert.ok(third - launchMs >= retryBaseMs * 2.7, `${third - launchMs} ms`);
    const [starting] = scheduler.statuses();
    const wrong = { ...(starting as NonNullable<typeof starting>), uuid: 'xDPOt4DMQkCUTXIzyCgkUA==' };
    await scheduler.acknowledge(wrong);
    await sleep(100);
    assert.equal(scheduler.statuses().at(-1)?.state, 'TASK_STARTING', 'a wrong uuid is ignored');
    for (const state of ['TASK_STARTING', 'TASK_RUNNING', 'TASK_FINISHED']) {
      const status = await scheduler.reached('quiet', state);
      await scheduler.acknowledge(status);
      await scheduler.acknowledge(status);
    }
    const count = scheduler.statuses().length;
    await sleep(Math.min(2 * retryBaseMs, 2000));
    assert.equal(scheduler.statuses().length, count, 'nothing is repeated after the last acknowledgement');
  }).timeout(60_000);

  it('frees resources with the terminal update, not with its acknowledgement', async () => {
    const offer = await subscribed();
    await scheduler.launch(offer, [commandTask(offer, 'unheard', 'true')]);
    const full = (o: Offer) =>
      o.resources?.some((r) => r.name === 'cpus' && r.type === 'SCALAR' && r.scalar.value === total(offer));
    await until(
      'the whole agent again',
      () =>
        scheduler.offers.slice(1).some((o) => o.agent_id.value === offer.agent_id.value && (full(o) ?? false)) ||
        sumOf(scheduler.offers.filter((o) => o.agent_id.value === offer.agent_id.value).slice(1)) >=
          total(offer) - 1e-6,
      target.timings.retryBaseMs + 10_000,
    );
  }).timeout(60_000);

  const reconcile = (tasks: { task_id: string; agent_id?: string }[]) =>
    scheduler.call({
      type: 'RECONCILE',
      reconcile: {
        tasks: tasks.map(({ task_id, agent_id }) => ({
          task_id: { value: task_id },
          ...(agent_id !== undefined && { agent_id: { value: agent_id } }),
        })),
      },
    });
  const reconciled = (id: string) => scheduler.statuses(id).filter(({ reason }) => reason === 'REASON_RECONCILIATION');

  it('RECONCILE: known, unknown on a known agent, unknown agent, none; implicit', async () => {
    const offer = await subscribed();
    scheduler.acknowledgeAll();
    await scheduler.launch(offer, [commandTask(offer, 'known', 'sleep 100')]);
    await scheduler.reached('known', 'TASK_RUNNING');
    await until('RUNNING is acknowledged', async () => {
      await reconcile([]);
      return reconciled('known').some(({ state }) => state === 'TASK_RUNNING');
    });
    const agent_id = offer.agent_id.value;
    await reconcile([
      { task_id: 'known', agent_id },
      { task_id: 'gone', agent_id },
      { task_id: 'stray', agent_id: 'no-such-agent-S9' },
      { task_id: 'nowhere' },
    ]);
    await until('the last answer', () => reconciled('nowhere').length > 0);
    const latest = (id: string) => reconciled(id).at(-1);
    assert.equal(latest('known')?.message, 'Reconciliation: Latest task state');
    assert.ok(latest('known')?.container_status);
    assert.deepEqual(
      [latest('gone')?.state, latest('gone')?.message],
      ['TASK_GONE', 'Reconciliation: Task is unknown to the agent'],
    );
    assert.deepEqual(
      [latest('stray')?.state, latest('stray')?.message],
      ['TASK_UNKNOWN', 'Reconciliation: Task is unknown'],
    );
    assert.equal(latest('nowhere')?.state, 'TASK_UNKNOWN');
    for (const id of ['known', 'gone', 'stray', 'nowhere']) {
      assert.equal(latest(id)?.uuid, undefined);
      assert.equal(latest(id)?.source, 'SOURCE_MASTER');
    }
  });

  it('KILL of an unknown task answers like reconciliation', async () => {
    const offer = await subscribed();
    await scheduler.call({ type: 'KILL', kill: { task_id: { value: 'never' }, agent_id: offer.agent_id } });
    await scheduler.call({ type: 'KILL', kill: { task_id: { value: 'never2' } } });
    await until('both answers', () => scheduler.statuses().length === 2);
    assert.deepEqual(
      scheduler.statuses().map(({ state }) => state),
      ['TASK_GONE', 'TASK_UNKNOWN'],
    );
  });

  it('frameworks without PARTITION_AWARE are told TASK_LOST', async () => {
    scheduler = await RawScheduler.subscribe(target.masterUrl, oldFrameworkInfo());
    const [offer] = (await scheduler.nextOffers(0)) as [Offer];
    await reconcile([
      { task_id: 'a', agent_id: offer.agent_id.value },
      { task_id: 'b', agent_id: 'no-such-agent-S9' },
    ]);
    await until('both answers', () => scheduler.statuses().length === 2);
    assert.deepEqual(
      scheduler.statuses().map(({ state }) => state),
      ['TASK_LOST', 'TASK_LOST'],
    );
  });
});

function total(offer: Offer): number {
  return sumOf([offer]);
}

function sumOf(offers: Offer[]): number {
  const cpus = offers.flatMap(({ resources = [] }) => resources).filter((r) => r.name === 'cpus');
  return cpus.reduce((sum, r) => sum + (r.type === 'SCALAR' ? r.scalar.value : 0), 0);
}
