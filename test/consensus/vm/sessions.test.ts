/** Whom a backup's end of the relay takes, in groups of gaia-vm without guests. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { eventually } from '../group.js';
import { DiskClient } from './disk-client.js';
import { GuestGroup } from './guest-group.js';

const dueBytes = 64 * 2 ** 20;
const diskBytes = 128 * 2 ** 20;

describe('a session of the relay', function () {
  this.timeout(60_000);
  let group: GuestGroup;
  let qemu: net.Server;
  beforeEach(async () => {
    group = await GuestGroup.start([], diskBytes);
    await group.formed();
  });
  afterEach(async () => {
    qemu.close();
    await group.stop();
  });

  /** Has a memory file, and somebody who is incoming, as of QEMU; gives its port. */
  async function listens(number: number): Promise<number> {
    const member = group.member(number);
    writeFileSync(member.memoryFile, Buffer.alloc(4096));
    qemu = net.createServer().listen(member.migrationSocket);
    await once(qemu, 'listening');
    member.order('listen');
    await eventually(`member ${number} does not listen`, () => member.relay?.end === 'backup');
    return member.relay?.port as number;
  }

  async function becomesPrimary(): Promise<void> {
    group.member(1).order('backup 2');
    await eventually('member 2 is not the backup', () => group.members.every(({ guest }) => guest?.backup === 2));
    group.member(2).order('committed 1'); // else it would have no guest's state
    await eventually('the round does not count', () => group.member(2).guest?.round === 1);
    group.member(1).order('transfer 2');
    await eventually('member 2 is not the primary', () => group.members.every(({ guest }) => guest?.primary === 2));
  }

  it('begins with the primary of now, not with that of the time when the backup began to listen', async () => {
    const port = await listens(1);
    await becomesPrimary();
    group.member(2).order(`dial 1 127.0.0.1 ${port}`);
    await eventually('there is no session', () => group.member(2).relay?.end === 'primary');
  });

  it('does not begin with a former primary, who hears of none', async () => {
    const port = await listens(2);
    await becomesPrimary();
    const ends: unknown[] = [];
    group.member(1).order(`dial 2 127.0.0.1 ${port}`);
    await eventually('the former primary hears nothing', () => {
      ends.push(group.member(1).relay?.end);
      return group.member(1).relay?.end === null;
    });
    assert.equal(ends.includes('primary'), false);
    assert.match(group.member(1).relay?.why as string, /the connection to the other relay ended/);
    assert.equal(group.member(2).relay?.end, 'backup');
  });

  it('ends with a primary that is lost in the middle of a round, and its backup waits for that no longer', async () => {
    const port = await listens(2);
    group.member(1).order('backup 2');
    await eventually('member 2 is not the backup', () => group.members.every(({ guest }) => guest?.backup === 2));
    group.member(1).order(`dial 2 127.0.0.1 ${port}`);
    await eventually('there is no session', () => group.member(1).relay?.end === 'primary');
    group.member(2).order('committed 1'); // else it would have no guest's state
    await eventually('the round does not count', () => group.member(2).guest?.round === 1);
    group.member(1).order('cut 2');
    await eventually('the cut is not there', () => group.member(2).guest?.cut === 2);
    // It leads no more, and its end of the session is as open as that of a host without power.
    group.member(1).order('transfer 2');
    await eventually('member 2 is not the primary', () => group.member(2).guest?.primary === 2);
    assert.match(group.member(2).relay?.why as string, /this member leads the log/);
    assert.equal(group.member(2).guest?.cut, 0);
  });

  it('has a round wanted when much was written to the disk of its primary', async () => {
    const port = await listens(2);
    group.member(1).order(`dial 2 127.0.0.1 ${port}`);
    await eventually('there is no session', () => group.member(1).relay?.end === 'primary');
    const guest = await DiskClient.open(group.member(1).diskSocket);
    await guest.write(dueBytes);
    await eventually('no round is wanted', () => group.member(1).guest?.roundWanted === 'disk');
    guest.close();
  });
});
