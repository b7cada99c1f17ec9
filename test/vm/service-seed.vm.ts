/** A replicated guest of a local cluster whose primary is lost in the middle of a seed: a guest that nobody has covered yet. */
import assert from 'node:assert/strict';
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
});
