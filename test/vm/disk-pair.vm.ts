/** The disk of a replicated guest: what redis appends to it, a member that goes on has, in a file system that is whole. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { randomFrom } from '../random.js';
import { countIncrements } from './appended.js';
import type { Hosted } from './hosted.js';
import { HostedGroup } from './hosted-group.js';
import { patienceMs } from './machine.js';
import { redisAt } from './redis.js';

const seed = Number(process.env.GAIA_SEED ?? 20261126);
/** A kill comes within some rounds. */
const withinMs = 500;

describe('a replicated guest with a disk', function () {
  this.timeout(10 * patienceMs);
  let group: HostedGroup;

  beforeEach(() => {
    group = new HostedGroup({ sizeMib: 64, image: null, volume: null }, 50);
  });
  afterEach(() => group.end());

  it(`loses its primary under load at some instant (GAIA_SEED=${seed}), is seeded anew, and loses that: nothing acknowledged is missing on the disk`, async () => {
    const random = randomFrom(seed);
    const { first, second, witness } = await group.found();
    await group.write(witness);
    await group.cover(first, second);
    await group.more();
    await delay(random() * withinMs);
    await first.kill();
    await second.stands('alone');
    await group.more();
    second.order({ type: 'removeMember', slot: 0, member: 1 });
    const third = await group.join(0, 4);
    await group.cover(second, third);
    await group.more();
    await delay(random() * withinMs);
    await second.kill();
    await third.stands('alone');
    await group.more();
    await group.check(witness);
    await shutDown(third, witness);
    assert.ok(group.acknowledged.size > 0);
    assert.deepEqual(countIncrements(join(third.sandbox, 'disk.raw')), group.acknowledged);
  });
});

/** The guest ends as one does that is told to: its file system is put away. */
async function shutDown(member: Hosted, through: Hosted): Promise<void> {
  const client = await redisAt(through.port);
  void client.call('SHUTDOWN', 'NOSAVE').catch(() => {});
  await member.agent.reaches('TASK_FINISHED', patienceMs).catch(() => member.agent.reaches('TASK_FAILED', patienceMs));
  client.close();
}
