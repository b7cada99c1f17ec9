/** A replicated guest as executors host its members: backups and the primary are lost, or handed over, under load. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { until } from '../e2e/system.js';
import type { Hosted } from './hosted.js';
import { HostedGroup } from './hosted-group.js';
import { patienceMs } from './machine.js';

describe('a replicated guest', function () {
  this.timeout(10 * patienceMs);
  let group: HostedGroup;

  beforeEach(() => {
    group = new HostedGroup();
  });
  afterEach(() => group.end());

  it('loses a backup and the primary, and no connection and no acknowledged write', async () => {
    const { first, second: lost, witness } = await group.found();
    await group.write(witness);
    await group.cover(first, lost);
    await group.more();
    await lost.kill();
    await first.stands('alone');
    await group.more();
    first.order({ type: 'removeMember', slot: 1, member: 2 });
    const second = await group.join(1, 4);
    await group.cover(first, second);
    await group.more();
    await first.kill();
    await second.stands('alone');
    await group.more();
    await group.check(witness);
  });
});

describe('the operator of a replicated guest', function () {
  this.timeout(10 * patienceMs);
  let group: HostedGroup;

  before(() => {
    group = new HostedGroup();
  });
  after(() => group.end());

  it('has a round begin, and the backup take over: no connection through others and no acknowledged write is lost', async () => {
    const { first, second, witness } = await group.found();
    await group.write(witness);
    await group.cover(first, second);
    assert.deepEqual([first, second, witness].map(memoryIsFile), [false, true, false]);
    first.order({ type: 'syncGuest', request: 7 });
    await first.says('a round has answered', ({ synced }) => synced === 7);
    await group.more();
    const counted = await until('rounds are counted', patienceMs, async () =>
      first.metrics?.triggers.operator === 1 ? first.metrics : null,
    );
    const { rounds, pauseUs, frames } = counted;
    const kinds = rounds.unchangedPages + rounds.zeroPages + rounds.equalPages + rounds.sentPages;
    assert.equal(rounds.dirtyPages, kinds, 'each page has become one of them');
    assert.ok(pauseUs.count >= 2 && pauseUs.sum > 0 && (frames?.outputs ?? 0) > 0, JSON.stringify(counted));
    first.order({ type: 'failOver', toMember: 2 });
    const ended = await first.agent.reaches('TASK_FINISHED', patienceMs);
    assert.match(ended.message ?? '', /^An operator asked for a fail-over: the log has made member 2 the primary\./);
    await second.says('is the primary', (guest) => guest.primary === 2 && guest.standing === 'alone');
    await group.more();
    second.order({ type: 'removeMember', slot: 0, member: 1 });
    await group.cover(second, await group.join(0, 4));
    await group.more();
    await group.check(witness);
  });
});

function memoryIsFile({ sandbox }: Hosted): boolean {
  return readdirSync(sandbox, { recursive: true, encoding: 'utf8' }).some((file) => path.basename(file) === 'memory');
}
