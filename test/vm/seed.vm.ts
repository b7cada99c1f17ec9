/** A replicated guest whose primary is lost between the seed of its backup and the first round. */
import assert from 'node:assert/strict';
import { HostedGroup } from './hosted-group.js';
import { patienceMs } from './machine.js';

describe('a replicated guest whose primary is lost when the seed of its backup has just ended', function () {
  this.timeout(5 * patienceMs);

  let group: HostedGroup;

  afterEach(() => group.end());

  it('goes on at the backup, and loses no connection and no acknowledged write', async () => {
    group = new HostedGroup();
    const { first, second, witness } = await group.found();
    await group.write(witness);
    await group.more();
    await group.seedAlone(first, second);
    await first.kill();
    await second.says('is the primary', (guest) => guest.primary === 2 && guest.standing === 'alone');
    await group.more();
    await group.check(witness);
  });

  it('is lost if it has a disk, of which the seed does not bring all: the backup ends and says so', async () => {
    group = new HostedGroup({ sizeMib: 16, image: null, volume: null });
    const { first, second } = await group.found();
    await group.seedAlone(first, second);
    await first.kill();
    const ended = await second.agent.reaches('TASK_FAILED', patienceMs);
    assert.match(ended.message ?? '', /the primary was lost before a round had given this backup its guest's disk/);
  });
});
