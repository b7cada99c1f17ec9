/** What gaia-vm tells its executor, however slowly that reads. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { eventually } from '../group.js';
import { GuestGroup } from './guest-group.js';

/** Their refusals are more than fits into a socket. */
const orders = 4000;

describe('the control channel of gaia-vm', function () {
  this.timeout(60_000);
  let group: GuestGroup;
  beforeEach(async () => {
    group = await GuestGroup.start([]);
    await group.formed();
  });
  afterEach(() => group.stop());

  it('tells an executor that has not read for a while how the guest stands now, in whole lines', async () => {
    const [first, second] = [group.member(1), group.member(2)];
    first.reads(false);
    for (let number = 0; number < orders; number++) first.order(`nonsense ${number}`);
    first.order('backup 2');
    await eventually('member 2 is not the backup', () => second.guest?.backup === 2);
    assert.equal(first.guest?.backup, 0);
    first.reads(true);
    await eventually('the primary does not tell of its backup', () => first.guest?.backup === 2);
    assert.ok(first.refused.length > orders / 2, `${first.refused.length}`);
  });

  it('of a process whose memory, with the secret of the group in it, is in no core dump', () => {
    const dumped = (pid: number | 'self') => Number.parseInt(readFileSync(`/proc/${pid}/coredump_filter`, 'utf8'), 16);
    assert.notEqual(dumped('self'), 0);
    assert.equal(dumped(group.member(1).pid), 0);
  });
});
