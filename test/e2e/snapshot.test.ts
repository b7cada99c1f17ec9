/** Snapshots of an app, as a user sees them: a replacement starts from one, and is told of while it does. */
import assert from 'node:assert/strict';
import { RespConnection } from '../resp.js';
import { follower, portOf, redisSpec, System, until } from './system.js';
import { Writer } from './writer.js';

const id = '/demo/hooked';
const block = { protocol: 'apus', transport: 'auto', durability: 'memory', spread: ['zone', 'rack', 'host'] };
const hook = { provider: 'hook', send: 'SAVE\r\n', expect: '+OK\r\n', file: 'dump.rdb', logBytes: 16 * 2 ** 20 };

describe('a replicated Redis with snapshots by a hook', function () {
  this.timeout(180_000);
  let system: System;
  let writer: Writer;

  before(async () => {
    system = await System.start();
    await system.deploy(redisSpec(id, { mem: 128, replication: { ...block, snapshot: hook } }));
    await system.whole(id);
    writer = new Writer(system, id);
  });
  after(() => system?.stop());

  /** Makes the log grow until nobody can join by replay any more; clients are closed for snapshots, so this one comes again. */
  async function growUntilShortened(): Promise<void> {
    const value = 'v'.repeat(500_000);
    await until('shortened journals', 90_000, async () => {
      const { replicas } = await system.group(id);
      const shortened = replicas.every(({ journal }) => (journal?.from ?? 0) > 1);
      if (shortened && replicas.some(({ snapshotIndex }) => (snapshotIndex ?? 0) > 0)) return true;
      const client = await RespConnection.open(portOf(replicas[0] as { address: string }));
      for (let i = 0; i < 10; i++) await client.call('SET', `large-${i}`, value).catch(() => {});
      client.close();
      return false;
    });
  }

  it('takes the block from the spec', async () => {
    const { body } = await system.request('GET', `/v2/apps${id}`);
    assert.deepEqual(body.app.replication, { ...block, suspicionMs: 400, snapshot: hook });
  });

  it('starts the replacement of a killed replica from a snapshot, and shows it', async () => {
    await growUntilShortened();
    const shown = await system.gaia('app', 'show', id);
    assert.match(shown.stdout, /slot \d keeps entries [\d,]+ to [\d,]+, a snapshot of entry [\d,]+/);
    const victim = follower(await system.whole(id));
    process.kill(victim.pid, 'SIGKILL');
    const group = await system.replaced(id, victim.member);
    const fresh = await until('the label in a report', 60_000, async () =>
      (await system.group(id)).replicas.find(({ slot, label }) => slot === victim.slot && label === 'checked'),
    );
    assert.deepEqual(fresh?.unexpected, { joinedBySnapshot: 1 });
    assert.ok((fresh?.journal?.from ?? 0) > 1, 'it did not replay from the first entry');
    assert.deepEqual(await writer.stop(), [], 'nothing that was acknowledged is lost');
    const client = await RespConnection.open(portOf(group.replicas[0] as { address: string }));
    assert.equal(String(await client.call('STRLEN', 'large-0')), '500000');
    client.close();
  });

  it('says why an app is not to be had by images of its process', async () => {
    const pictured = '/demo/pictured';
    await system.deploy(
      redisSpec(pictured, { instances: 1, replication: { ...block, snapshot: { provider: 'criu' } } }),
    );
    await until('the refusal', 60_000, async () => {
      const { stdout } = await system.gaia('app', 'show', pictured);
      return /last failure: .*TASK_FAILED\n.*snapshot has provider criu, and .* Use provider hook or replay\./.test(
        stdout,
      );
    });
    assert.equal((await system.request('DELETE', `/v2/apps${pictured}?force=true`)).status, 200);
  });
});
