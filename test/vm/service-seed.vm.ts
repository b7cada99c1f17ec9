/** A replicated guest of a local cluster whose primary is lost in the middle of a seed: what becomes of it, and what users are told. */
import assert from 'node:assert/strict';
import { until } from '../e2e/system.js';
import { inSlot } from './guest-app.js';
import { app, GuestCluster } from './guest-cluster.js';
import { patienceMs } from './machine.js';

describe('a replicated guest whose primary is lost in a seed', function () {
  this.timeout(20 * patienceMs);
  let cluster: GuestCluster;
  before(async () => {
    cluster = await GuestCluster.start(4);
  });
  after(() => cluster?.system.stop());

  it('is booted anew if no backup has ever covered it, and that is told', async () => {
    await cluster.deploy({}, { cpus: 0.3, replication: { protocol: 'vm', suspicionMs: 5000 } });
    await cluster.loseInSeed();
    const now = await cluster.covered();
    assert.equal(now.generation, 2);
    const shown = await cluster.system.gaia('app', 'show', app, '--story', '100');
    assert.match(shown.stdout, /before a backup had ever covered it, and is booted anew: generation 2 begins/);
  });

  it('is lost if it has been covered: every place says so and how to begin again, which is done by force alone', async () => {
    const { system } = cluster;
    const before = await cluster.covered();
    cluster.lose(inSlot(before, 1 - (before.members.find(({ member }) => member === before.guest.primary)?.slot ?? 0)));
    const hangs = await cluster.loseInSeed();
    const { lost } = await until(`${app} is lost`, 4 * patienceMs, async () => {
      const now = await cluster.told();
      const ended = now.members.every(({ member }) => member !== hangs);
      return ended && now.state === 'lost' ? now : null;
    });
    assert.match(
      lost ?? '',
      /the memory of its guest.* Restart the app with force=true to begin a new, empty generation/,
    );
    const told = (lost ?? '').replace('force=true', '--force'); // in the words of the command line
    for (const words of [
      ['vm', 'status', app],
      ['app', 'show', app],
    ]) {
      const { stdout, stderr } = await system.gaia(...words);
      assert.ok(stdout.includes(told), `${words.join(' ')}: ${stdout}${stderr}`);
    }
    for (const words of [
      ['vm', 'failover', app],
      ['vm', 'sync', app],
      ['app', 'restart', app],
    ]) {
      const refused = await system.gaia(...words);
      assert.notEqual(refused.status, 0, words.join(' '));
      assert.ok(refused.stderr.includes('the memory of its guest'), refused.stderr);
    }
    assert.equal((await cluster.told()).generation, before.generation);
    const restarted = await system.gaia('app', 'restart', app, '--force');
    assert.equal(restarted.status, 0, restarted.stderr);
    assert.equal((await cluster.covered()).generation, before.generation + 1);
  });
});
