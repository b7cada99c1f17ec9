/**
 * Three schedulers on one ZooKeeper and one Mesos: whatever becomes of the one that leads, another one does within ten seconds, with
 * the same tasks under the same framework id, and the old one changes nothing any more.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import _ from 'lodash';
import { readStore } from '../../framework/store/place.js';
import { openZooKeeperStore } from '../../framework/store/zookeeper.js';
import { parseZooKeeperUrl, ZooKeeper } from '../../framework/zookeeper/index.js';
import { Ensemble, type Scheduler } from './schedulers.js';
import { runCli, until } from './system.js';

const takeoverMaxMs = 10_000;
const APP = '/v2/apps/sleeper';

describe('three schedulers', function () {
  this.timeout(120_000);
  let ensemble: Ensemble;
  let ids: string[] = [];
  let frameworkId: string;

  before(async () => {
    ensemble = await Ensemble.start();
  });
  after(() => ensemble?.stop());

  /** Gives back the successor, which was asked through all survivors and takes changes. */
  async function takenOver(survivors: Scheduler[], sinceMs: number): Promise<Scheduler> {
    const leader = await ensemble.leader(survivors);
    const tookMs = Math.round(performance.now() - sinceMs);
    console.log(`      taken over after ${tookMs} ms`);
    assert.ok(tookMs < takeoverMaxMs, `${tookMs} ms`);
    assert.equal((await leader.request('GET', '/v2/info')).body.frameworkId, frameworkId);
    return leader;
  }

  it('have one leader, and each takes requests for it', async () => {
    const leader = await ensemble.leader();
    const [first, second] = ensemble.schedulers.filter((one) => one !== leader) as [Scheduler, Scheduler];
    const app = { id: '/sleeper', cmd: 'exec sleep 600', cpus: 0.1, mem: 32, instances: 2 };
    const posted = await first.request('POST', '/v2/apps', app);
    assert.equal(posted.status, 201, JSON.stringify(posted.body));
    assert.equal(posted.headers.get('x-marathon-leader'), leader.url);
    assert.equal(posted.headers.get('x-marathon-via'), first.address);
    ids = await ensemble.running(second, APP, 2);
    const info = (await second.request('GET', '/v2/info')).body;
    assert.deepEqual([info.leader, info.elected], [leader.address, true]);
    assert.equal(info.zookeeper_config.zk, ensemble.zooKeeper.url('/gaia'));
    frameworkId = info.frameworkId;
    assert.deepEqual((await ensemble.inMesos()).frameworks, [frameworkId]);
  });

  it('answer for themselves what is about them, and redirect who follows events', async () => {
    const [leader, standby] = [await ensemble.leader(), await ensemble.standby()];
    assert.deepEqual((await standby.request('GET', '/health')).body, { status: 'standby', leader: leader.address });
    assert.match((await standby.request('GET', '/metrics')).body, /^gaia_leading 0$/m);
    assert.match((await leader.request('GET', '/metrics')).body, /^gaia_leading 1$/m);
    const events = await standby.request('GET', '/v2/events?event_type=x');
    assert.deepEqual([events.status, events.headers.get('location')], [307, `${leader.url}/v2/events?event_type=x`]);
  });

  it('go on without a leader that is killed: another one leads, and no task has noticed', async () => {
    const leader = await ensemble.leader();
    const sinceMs = performance.now();
    leader.process.kill('SIGKILL');
    ensemble.schedulers = ensemble.schedulers.filter((one) => one !== leader);
    const successor = await takenOver(ensemble.schedulers, sinceMs);
    assert.deepEqual(await ensemble.running(successor, APP, 2), ids);
    assert.deepEqual(await ensemble.inMesos(), { frameworks: [frameworkId], tasks: ids });
  });

  it('go on without a leader that stands still; when it goes on, it changes nothing and stands by', async () => {
    const [leader, standby] = [await ensemble.leader(), await ensemble.standby()];
    const sinceMs = performance.now();
    leader.process.kill('SIGSTOP');
    // It will read this as the first thing when it goes on.
    const late = leader.request('PUT', APP, { instances: 9 });
    assert.equal(await takenOver([standby], sinceMs), standby);
    assert.equal((await standby.request('PATCH', APP, { instances: 3 })).status, 200);
    ids = await ensemble.running(standby, APP, 3);
    leader.process.kill('SIGCONT');
    const { status, body } = await late;
    assert.equal(status, 503, JSON.stringify(body));
    assert.equal(await ensemble.leader(), standby);
    assert.match(leader.log, /this scheduler does not lead any more/);
    assert.equal((await leader.request('GET', APP)).body.app.instances, 3, 'and passes on what it is asked');
    assert.deepEqual(await ensemble.running(leader, APP, 3), ids);
    assert.deepEqual(await ensemble.inMesos(), { frameworks: [frameworkId], tasks: ids });
  });

  it('do nothing as a leader whose store has been taken, though its session lives', async () => {
    const leader = await ensemble.leader();
    const other = new ZooKeeper({ ...parseZooKeeperUrl(ensemble.zooKeeper.url('')), timeoutMs: 5000 });
    try {
      await openZooKeeperStore(other, '/gaia/state');
      const refused = await leader.request('PATCH', APP, { instances: 9 });
      assert.equal(refused.status, 503, JSON.stringify(refused.body));
    } finally {
      other.close();
    }
    const successor = await takenOver(ensemble.schedulers, performance.now());
    assert.match(leader.log, /another scheduler holds the store now/);
    assert.equal((await successor.request('GET', APP)).body.app.instances, 3);
    assert.deepEqual((await ensemble.inMesos()).tasks, ids);
  });

  it('find the next Mesos master when the one that leads ends', async () => {
    const leader = await ensemble.leader();
    const address = async () => (await leader.request('GET', '/v2/info')).body.master.address;
    const before = await address();
    await ensemble.mesos.killMaster(ensemble.mesos.masters.findIndex(({ url }) => url === `http://${before}`));
    await until('another master', 30_000, async () => ![before, null].includes(await address()));
    await until('the same tasks there', 30_000, async () => _.isEqual((await ensemble.inMesos()).tasks, ids));
    assert.deepEqual(await ensemble.running(leader, APP, 3), ids);
  });

  it('are backed up while they run; what is restored elsewhere is the same', async () => {
    const file = join(ensemble.directory, 'backup');
    const gaia = (...args: string[]) => runCli([...args, '--json']);
    const taken = await gaia('backup', file, '--store', ensemble.zooKeeper.url('/gaia'));
    assert.equal(taken.status, 0, taken.stderr);
    const used = await gaia('restore', file, '--store', ensemble.zooKeeper.url('/gaia'), '--force');
    assert.equal(used.status, 4);
    assert.match(used.stderr, /schedulers use this store; stop them first/);
    for (const place of [join(ensemble.directory, 'store'), ensemble.zooKeeper.url('/elsewhere')]) {
      const restored = await gaia('restore', file, '--store', place);
      assert.equal(restored.status, 0, restored.stderr);
    }
    const keys = (await readStore(join(ensemble.directory, 'store'))).map(([key]) => key);
    const id = keys.filter((key) => key.startsWith('framework:'));
    const tasks = keys.filter((key) => key.startsWith('task:')).map((key) => key.slice('task:'.length));
    assert.deepEqual([id.length, tasks.sort()], [1, ids]);
    assert.deepEqual((await readStore(ensemble.zooKeeper.url('/elsewhere'))).map(([key]) => key).sort(), keys.sort());
  });

  it('are reached by gaia through whichever runs', async () => {
    const [leader, standby] = [await ensemble.leader(), await ensemble.standby()];
    const status = await runCli(['status', '--json', '--api', `http://127.0.0.1:1,${standby.url}`]);
    assert.equal(status.status, 0, status.stderr);
    assert.equal(JSON.parse(status.stdout).info.leader, leader.address);
    const events = await runCli(['events', '--json', '--api', standby.url]);
    assert.equal(events.status, 0, events.stderr);
    assert.ok(JSON.parse(events.stdout).events.length > 0, 'those that the leader has');
  });

  it('change the leader on demand, and when it is stopped in an orderly way', async () => {
    const [leader, standby] = [await ensemble.leader(), await ensemble.standby()];
    const abdicated = await standby.request('DELETE', '/v2/leader');
    assert.deepEqual([abdicated.status, abdicated.body], [200, { message: 'Leadership abdicated' }]);
    assert.equal(await takenOver(ensemble.schedulers, performance.now()), standby);
    const exit = once(standby.process, 'exit');
    standby.process.kill('SIGTERM');
    assert.equal((await exit)[0], 0, standby.log);
    ensemble.schedulers = [leader];
    assert.equal(await takenOver(ensemble.schedulers, performance.now()), leader);
    assert.deepEqual(await ensemble.running(leader, APP, 3), ids);
  });
});
