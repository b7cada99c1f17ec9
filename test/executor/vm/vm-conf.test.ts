import assert from 'node:assert/strict';
import { vmConf } from '../../../executor/vm/vm-conf.js';
import { replica } from '../fixtures.js';

const doors = [{ protocol: 'tcp' as const, listen: '10.0.0.1', hostPort: 31000, guestPort: 6379 }];

const disk = { sizeMib: 64, image: null, volume: null };

describe('executor vm: vm.conf', () => {
  it('has the member, its doors and the files that it shares with QEMU', () => {
    const lines = vmConf(replica, { doors, disk, bridge: null }, { firstPrimary: 2, witness: false }).split('\n');
    for (const line of [
      ...['self=0,1,127.0.0.1,31000,31001', 'first_primary=2', 'door=tcp,10.0.0.1,31000,6379'],
      ...['guest_socket=guest.sock', 'migration_socket=migration.sock', 'memory=memory,memory'],
      'disk=disk.sock,disk.raw',
    ])
      assert.ok(lines.includes(line), line);
  });

  it('gives a witness doors, and no guest', () => {
    const text = vmConf(replica, { doors, disk, bridge: null }, { firstPrimary: 2, witness: true });
    assert.match(text, /^door=tcp,/m);
    assert.doesNotMatch(text, /guest_socket|migration_socket|memory=|disk=/);
    const bare = vmConf(replica, { doors, disk: null, bridge: null }, { firstPrimary: 2, witness: false });
    assert.doesNotMatch(bare, /^disk=|^bridge=/m);
  });

  it('names the bridge to members with a guest', () => {
    const bridge = { name: 'br0', mac: '02:00:00:00:00:01' };
    const conf = (witness: boolean) => vmConf(replica, { doors: [], disk: null, bridge }, { firstPrimary: 2, witness });
    assert.match(conf(false), /^bridge=br0,02:00:00:00:00:01$/m);
    assert.doesNotMatch(conf(true), /bridge=/);
  });
});
