import assert from 'node:assert/strict';
import { decades, nothingCounted, withValue } from '../../framework/distribution.js';
import { Pulse } from '../../framework/pulse.js';
import { put, running, settled } from './model/running.js';
import { appSpec, World } from './model/world.js';

describe('scheduler: what it counts', () => {
  it('tells offers by what became of them, and deployments by how they ended', () => {
    const world = new World(3);
    world.connect();
    const before = world.view();
    assert.ok(before.master.connected && before.master.since);
    world.command(put(appSpec('/web', { instances: 1 })));
    world.until(settled);
    world.tick(5000);
    world.deliverAll();
    const { counts, offers } = world.view();
    assert.ok(counts.offersAccepted >= 1);
    assert.ok(counts.offersDeclined.unwanted > 0);
    assert.equal(counts.offersDeclined.unsuitable, 0);
    assert.ok(offers.suppressed && offers.lastAt);
    assert.deepEqual([counts.deploymentsDone, counts.deploymentsFailed, counts.deploymentSeconds.count], [1, 0, 1]);
    world.command(put(appSpec('/large', { cpus: 1000 })));
    for (let i = 0; i < 20; i++) {
      world.tick(500);
      world.deliverAll();
    }
    const large = world.view();
    assert.ok(large.counts.offersDeclined.unsuitable > 0);
    assert.equal(large.queue[0]?.waitsFor, 'cpus');
    const { declinedFor = {} } = large.queue[0] ?? {};
    const known = large.queue[0]?.refusals.map(({ agentId }) => agentId) ?? [];
    const last = world.scheduler.lastOffers([...known, 'unknown']);
    assert.equal(known.length, 3);
    assert.deepEqual(
      last.map(({ agentId }) => agentId),
      known,
    );
    assert.ok(last.every(({ id, resources }) => id !== '' && resources.some(({ name }) => name === 'cpus')));
    assert.deepEqual(Object.keys(declinedFor), ['cpus']);
    const looks = large.counts.offersReceived - counts.offersReceived;
    assert.ok((declinedFor.cpus ?? 0) > 0 && (declinedFor.cpus ?? 0) <= looks + 3, `${declinedFor.cpus} of ${looks}`);
    const [deployment] = large.deployments;
    assert.ok(deployment && world.now - Date.parse(deployment.stepSince) >= 5000);
    world.command({ type: 'cancelDeployment', deploymentId: deployment.id, force: true });
    assert.deepEqual([world.view().counts.deploymentsDone, world.view().counts.deploymentsFailed], [1, 1]);
  });

  it('tells when the connection to the master went', () => {
    const world = new World();
    world.connect();
    world.now += 60_000;
    world.feed({ type: 'disconnected', now: world.now });
    world.feed({ type: 'disconnected', now: world.now + 5000 });
    assert.deepEqual(world.view().master, {
      ...world.view().master,
      connected: false,
      since: new Date(world.now).toISOString(),
    });
  });

  it('counts leaders of a group that follow another one', () => {
    const world = running();
    const group = () => world.app('/demo/ledger').group;
    assert.deepEqual([group()?.leaderChanges, group()?.caughtUp], [0, 3]);
    const leader = group()?.leader?.member;
    world.mesos.end(
      [...world.mesos.tasks.values()].find(({ assignment }) => assignment.replica?.self.member === leader) as never,
      'TASK_FAILED',
    );
    world.until(() => group()?.state === 'whole' && group()?.leader?.member !== leader);
    assert.equal(group()?.leaderChanges, 1);
  });
});

describe('distribution', () => {
  it('puts a value in the bucket of the first bound that is not below it', () => {
    const bounds = decades(0, 2, [1, 5]);
    assert.deepEqual(bounds, [1, 5, 10, 50]);
    const all = [50, 0.5, 5, 5.1, 51].reduce((sofar, value) => withValue(sofar, bounds, value), nothingCounted);
    assert.deepEqual(all, {
      count: 5,
      sum: 111.6,
      buckets: [
        [1, 1],
        [5, 1],
        [10, 1],
        [50, 1],
      ],
    });
  });
});

describe('pulse', () => {
  it('measures writes, also the one that is under way, and one that never ends', async () => {
    const pulse = new Pulse();
    await pulse.write(async () => {});
    assert.equal(pulse.vitals(null, 0).store.writeSeconds.count, 1);
    assert.equal(pulse.vitals(null, 0).store.writingSeconds, null);
    void pulse.write(() => new Promise(() => {}));
    assert.ok((pulse.vitals(null, 0).store.writingSeconds ?? -1) >= 0);
  });
});
