/** A redis-server in QEMU behind a group of gaia-vm: clients of every member, and members that are lost. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { prepareGuestImage } from '../../framework/guest/image.js';
import { GuestGroup } from '../consensus/vm/guest-group.js';
import { until } from '../e2e/system.js';
import { encode, RespConnection } from '../resp.js';
import { bare, patienceMs, TestMachine } from './machine.js';
import { redisAt } from './redis.js';

/** As an address of the network: not where the station itself has its doors. */
const outside = '127.0.0.2';
const commandLine = 'quiet nokaslr no_timer_check mitigations=off';

describe('a guest behind a group', function () {
  this.timeout(5 * patienceMs);
  let group: GuestGroup;
  let machine: TestMachine;

  before(async () => {
    const image = prepareGuestImage();
    group = await GuestGroup.start([
      { protocol: 'tcp', guestPort: 6379 },
      { protocol: 'tcp', guestPort: 6379, host: outside },
    ]);
    await group.formed();
    const network = { type: 'stream' as const, socket: group.member(1).socket };
    machine = await TestMachine.start({ ...bare, ...image, commandLine, memoryMib: 128, network });
    await machine.qmp.execute('cont', {});
  });
  after(async () => {
    await machine?.kill();
    await group?.stop();
  });

  const port = (number: number) => group.member(number).ports[0] as number;

  it('serves clients of other hosts, and ends their connections both ways', async () => {
    await redisAt(port(2)).then((client) => client.close());
    const outer = await RespConnection.open(group.member(2).ports[1] as number, outside);
    const value = 'y'.repeat(1_000_000);
    assert.equal(await outer.call('SET', 'large', value), 'OK');
    assert.equal(await outer.call('GET', 'large'), value);
    const ended = once(outer.socket, 'close');
    outer.sendRaw(encode('QUIT'));
    await ended;
    const other = await RespConnection.open(group.member(2).ports[1] as number, outside);
    const clients = async () => String(await other.call('INFO', 'clients')).match(/connected_clients:(\d+)/)?.[1];
    assert.equal(await clients(), '1');
    other.close();
    const inner = await redisAt(port(1));
    await until('the guest sees the end', patienceMs, async () =>
      String(await inner.call('INFO', 'clients')).includes('connected_clients:1\r'),
    );
    inner.close();
  });

  it('serves clients of all members, and those of others go on when a member is lost', async () => {
    const clients = [];
    for (const number of [1, 2, 3]) clients.push(await redisAt(port(number)));
    for (const [place, client] of clients.entries()) {
      assert.equal(await client.call('SET', `key ${place}`, 'x'.repeat(100_000)), 'OK');
      for (const other of clients) assert.equal(String(await other.call('GET', `key ${place}`)).length, 100_000);
    }
    await group.member(3).kill();
    const [first, second] = clients;
    for (let number = 0; number < 200; number++) {
      assert.equal(await first?.call('INCR', 'counter'), `${2 * number + 1}`);
      assert.equal(await second?.call('INCR', 'counter'), `${2 * number + 2}`);
    }
    for (const client of clients) client.close();
  });
});
