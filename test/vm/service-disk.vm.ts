/** The disk of a replicated guest that is an app of a local cluster: what redis appends to it outlives primaries. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { witnessSlot } from '../../framework/replicated-guest.js';
import { portOf, until } from '../e2e/system.js';
import { directoryOf } from '../proc.js';
import { countIncrements } from './appended.js';
import { inSlot, primary } from './guest-app.js';
import { app, GuestCluster } from './guest-cluster.js';
import { patienceMs } from './machine.js';
import { redisAt } from './redis.js';
import { Writer } from './writer.js';

/** Acknowledged, each after a flush, between two events. */
const writes = 50;
const diskMb = 64;

describe('a replicated guest with a disk in a cluster', function () {
  this.timeout(10 * patienceMs);
  let cluster: GuestCluster;
  before(async () => {
    cluster = await GuestCluster.start(4);
  });
  after(() => cluster?.system.stop());

  it('loses its primary under load and is covered again: a client lives on, and its disk has what was acknowledged', async () => {
    await cluster.deploy({ disk: diskMb }, { cpus: 0.3, replication: { protocol: 'vm', suspicionMs: 5000 } });
    const before = await cluster.covered();
    const client = await redisAt(portOf(inSlot(before, witnessSlot)));
    const writer = new Writer(client, 'counter');
    const more = () => {
      const enough = writer.acknowledged + writes;
      const written = until('writes are acknowledged', patienceMs, async () => writer.acknowledged >= enough);
      return Promise.race([written, writer.ended]);
    };
    await more();
    cluster.lose(primary(before));
    await more();
    const after = await cluster.covered(before.guest.primary as number);
    await more();
    writer.stopped = true;
    await writer.ended;
    const disk = join(directoryOf(primary(after).pid as number), 'disk.raw');
    void client.call('SHUTDOWN', 'NOSAVE').catch(() => {});
    await until(`${app} ends`, patienceMs, async () => (await cluster.told()).state === 'lost');
    client.close();
    assert.deepEqual(countIncrements(disk), new Map([['counter', writer.acknowledged]]));
  });
});
