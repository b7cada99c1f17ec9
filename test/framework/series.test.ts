import assert from 'node:assert/strict';
import type { Distribution, ReplicaMetrics } from '../../executor/assignment.js';
import { type Context, emptyMemory } from '../../framework/scheduler/context.js';
import type { TaskRecord } from '../../framework/scheduler/records.js';
import { sampleSeries, seriesOf, seriesStepMs } from '../../framework/scheduler/series.js';
import { State } from '../../framework/scheduler/state.js';
import { put, running } from './model/running.js';
import { appSpec, type World } from './model/world.js';

const APP = '/demo/ledger';

function metrics(commits: number, buckets: Distribution['buckets'], elections = 0): ReplicaMetrics {
  const nothing = { count: 0, sum: 0, buckets: [] };
  const commitLatencyNs = { count: commits, sum: 0, buckets };
  const batches = { batchEntries: { ...nothing, count: commits }, batchBytes: nothing };
  return { ...batches, commitLatencyNs, elections, divergences: 0, refusedConnections: {}, journalBytes: 0 };
}

describe('scheduler: series for plots', () => {
  let world: World;
  beforeEach(() => {
    world = running();
  });

  function report(index: number, counted: ReplicaMetrics): void {
    const task = world.app(APP).tasks[index];
    assert.ok(task?.replica?.report);
    const data = Buffer.from(JSON.stringify({ ...task.replica.report, metrics: counted })).toString('base64');
    const message = { agent_id: { value: task.agentId }, executor_id: { value: task.id }, data };
    world.feed({ type: 'mesos', now: world.now, event: { type: 'MESSAGE', message } });
  }
  function step(): void {
    world.now += seriesStepMs;
    world.feed({ type: 'ticked', now: world.now });
  }
  const last = () => world.scheduler.series(APP).at(-1);

  it('say what was committed in each step, and how fast', () => {
    step();
    assert.deepEqual([last()?.commitsPerSecond, last()?.p50Ns], [null, null], 'nothing has been counted yet');
    report(0, metrics(1000, [[50, 1000]]));
    step();
    assert.equal(last()?.commitsPerSecond, null, 'when these were committed is not known');
    report(
      0,
      metrics(
        1100,
        [
          [50, 1000],
          [200, 99],
          [900, 1],
        ],
        2,
      ),
    );
    step();
    const { atMs, ...point } = last() ?? { atMs: 0 };
    assert.equal(atMs, world.now);
    assert.deepEqual(point, { commitsPerSecond: 20, p50Ns: 200, p99Ns: 200, lagEntries: 0, elections: 2 });
    step();
    assert.deepEqual([last()?.commitsPerSecond, last()?.p99Ns, last()?.elections], [0, null, 0]);
  });

  it('go on when another member leads, and when one begins to count anew', () => {
    report(0, metrics(100, [[50, 100]]));
    report(1, metrics(7, [[50, 7]]));
    step();
    report(
      1,
      metrics(57, [
        [50, 7],
        [70, 50],
      ]),
    );
    step();
    assert.deepEqual([last()?.commitsPerSecond, last()?.p50Ns], [10, 70]);
    report(1, metrics(5, [[60, 5]]));
    step();
    assert.equal(last()?.commitsPerSecond, 0, 'no rate is negative');
  });

  it('are bounded, of replicated apps only, and end with their app', () => {
    world.command(put(appSpec('/web', { instances: 1 })));
    for (let count = 0; count < 200; count += 1) step();
    assert.deepEqual([world.scheduler.series(APP).length, world.scheduler.series('/web').length], [180, 0]);
    world.command({ type: 'deleteApp', appId: APP, force: true });
    world.until(({ apps }) => apps.every(({ spec }) => spec.id !== APP));
    step();
    assert.deepEqual(world.scheduler.series(APP), []);
  });
});

describe('series of groups at rest', () => {
  const task = (lagEntries: number) =>
    ({ id: 't', appId: APP, agent: {}, replica: { report: { lagEntries, metrics: null } } }) as TaskRecord;
  const context = {
    now: 0,
    state: new State([
      [`app:${APP}`, { id: APP, spec: {}, active: {}, versions: [], group: { generation: 1, configuration: [] } }],
    ]),
    memory: emptyMemory(),
  } as Context;
  const pass = (steps: number) => {
    for (let step = 0; step < steps; step += 1) {
      context.now += seriesStepMs;
      sampleSeries(context);
    }
  };
  const kept = () => context.memory.series.get(APP)?.points.length;
  const lags = () => seriesOf(context.memory, APP).map(({ lagEntries }) => lagEntries);

  it('are one point in memory, and one for each step to whoever asks', () => {
    context.state.tasks.put('t', task(0));
    pass(100);
    assert.equal(kept(), 1);
    assert.deepEqual(lags(), Array(100).fill(0));
    context.state.tasks.put('t', task(3));
    pass(2);
    context.state.tasks.put('t', task(0));
    pass(1);
    assert.equal(kept(), 3);
    assert.deepEqual(lags().slice(-4), [0, 3, 3, 0]);
    pass(180);
    assert.equal(kept(), 1, 'what nobody can ask for is not kept');
    assert.deepEqual(lags(), Array(180).fill(0));
  });
});
