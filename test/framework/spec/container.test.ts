import assert from 'node:assert/strict';
import { bridgeOf } from '../../../framework/replicated-guest.js';
import { toJson } from '../../../framework/spec.js';
import { accept, reject, web } from './bodies.js';

const vm = { kernel: '/boot/vmlinuz', initrd: '/boot/initrd.gz', ports: [6379, 53] };
const guest = (change: object = {}, app: object = {}) => ({
  ...{ id: '/guest', container: { type: 'VM', vm: { ...vm, ...change } } },
  ...app,
});

const onVolume = (disk: number | undefined, volumes: object[]) => {
  const residency = { taskLostBehavior: 'WAIT_FOREVER' };
  return { id: '/guest', container: { type: 'VM', vm: { ...vm, disk }, volumes }, residency };
};
const replicated = (change: object = {}, app: object = {}, replication: object = {}) =>
  guest(change, { replication: { protocol: 'vm', ...replication }, ...app });

describe('spec: virtual machines', () => {
  it('have defaults: resources with what QEMU takes, and any host port for each port of the guest', () => {
    const spec = accept(guest({ memory: 512, vcpus: 2 }));
    assert.deepEqual([spec.cpus, spec.mem], [2, 704]);
    const any = { port: 0, protocol: 'tcp', name: null, labels: {} };
    assert.deepEqual(spec.portDefinitions, [any, any]);
    assert.deepEqual(accept(guest()).container?.vm, {
      ...vm,
      commandLine: '',
      memory: 256,
      vcpus: 1,
      listen: '127.0.0.1',
    });
  });

  it('have three members when they are replicated, with memory for a backup, and stay so', () => {
    const spec = accept(replicated({ memory: 512, vcpus: 2 }, {}, { suspicionMs: 1000, spread: ['rack', 'host'] }));
    assert.deepEqual([spec.instances, spec.cpus, spec.mem], [3, 2, 2 * 512 + 384]);
    assert.deepEqual(
      [spec, accept(replicated())].map(({ replication }) => replication?.suspicionMs),
      [1000, 150],
    );
    assert.deepEqual(accept(toJson(spec)), spec);
    assert.equal(accept({ priority: 1 }, { mode: 'patch', existing: spec }).instances, 3);
    assert.match(JSON.stringify(reject({ instances: 0 }, { mode: 'patch', existing: spec }).body), /remove it/);
  });

  it('may be on a bridge of their agents, with a card of their own', () => {
    const bridged = (network: object, id = '/guest') => ({ ...replicated({ ports: undefined, network }), id });
    const spec = accept(bridged({ bridge: 'br0' }));
    assert.deepEqual([spec.container?.vm.network, spec.portDefinitions], [{ bridge: 'br0' }, []]);
    assert.deepEqual(accept(toJson(spec)), spec);
    const mac = (body: object) => bridgeOf(accept(body))?.mac as string;
    const own = mac(bridged({ bridge: 'br0' }));
    assert.match(own, /^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
    assert.equal(mac(bridged({ bridge: 'br1' })), own);
    assert.notEqual(mac(bridged({ bridge: 'br0' }, '/other')), own);
    assert.equal(mac(bridged({ bridge: 'br0', mac: '02:AB:00:00:00:01' })), '02:ab:00:00:00:01');
    assert.equal(bridgeOf(accept(replicated())), null);
  });

  it('may be alone on a bridge, each task with a card of its own', () => {
    const spec = accept(guest({ ports: undefined, network: { bridge: 'br0' } }));
    assert.deepEqual([spec.container?.vm.network, spec.portDefinitions], [{ bridge: 'br0' }, []]);
    const [one, other] = ['guest.1', 'guest.2'].map((task) => bridgeOf(spec, task));
    assert.deepEqual([one?.name, other?.name], ['br0', 'br0']);
    assert.notEqual(one?.mac, other?.mac);
  });

  it('are given back as they were, and take their place beside a program', () => {
    const spec = accept(guest());
    assert.deepEqual(accept(toJson(spec)), spec);
    assert.deepEqual('container' in toJson(accept(web)), false);
    const program = accept({ cmd: 'sleep 1', portDefinitions: [] }, { mode: 'patch', existing: spec });
    assert.deepEqual([program.cmd, program.container], ['sleep 1', null]);
    const again = accept(guest({ ports: [] }), { mode: 'patch', existing: program, id: '/guest' });
    assert.deepEqual([again.cmd, again.container?.type], [null, 'VM']);
  });

  it('have a disk that is counted, begins with an image, and may be booted', () => {
    const spec = accept(guest({ disk: 512 }));
    assert.deepEqual([spec.disk, spec.container?.vm.disk], [512, 512]);
    assert.deepEqual(accept(toJson(spec)), spec);
    const { kernel: _, initrd: __, ...booted } = { ...vm, image: '/images/debian.qcow2', disk: 2048 };
    const own = accept({ id: '/guest', container: { type: 'VM', vm: booted } }).container?.vm;
    assert.deepEqual([own?.image, own && 'kernel' in own], ['/images/debian.qcow2', false]);
    assert.equal(accept(guest({ image: 'root.raw', disk: 10 })).container?.vm.kernel, vm.kernel);
  });

  it('have their disk on a volume', () => {
    const body = onVolume(64, [{ containerPath: 'data', mode: 'RW', persistent: { size: 64 } }]);
    const spec = accept(body, { principal: 'gaia' });
    assert.deepEqual([spec.disk, spec.residency?.volumes], [0, [{ containerPath: 'data', sizeMb: 64 }]]);
    assert.deepEqual(accept(toJson(spec), { principal: 'gaia' }), spec);
  });

  it('do not have volumes that are no place for their disk', () => {
    const [a, b] = ['a', 'b'].map((containerPath) => ({ containerPath, mode: 'RW', persistent: { size: 10 } }));
    const refused = (disk: number | undefined, volumes: object[]) =>
      JSON.stringify(reject(onVolume(disk, volumes), { principal: 'gaia' }).body.details);
    assert.match(
      refused(11, [a as object]),
      /the volumes have \[10\] MB; a guest has one volume, for its disk of 11 MB/,
    );
    assert.match(refused(10, [a, b] as object[]), /the volumes have \[10,10\] MB/);
    assert.match(refused(undefined, [a as object]), /container.vm.disk \(left out\)/);
  });

  it('do not come in place of a program with volumes unless they have a disk for those', () => {
    const volumes = [{ containerPath: 'data', mode: 'RW', persistent: { size: 10 } }];
    const residency = { taskLostBehavior: 'WAIT_FOREVER' };
    const program = { id: '/guest', cmd: 'sleep 1', container: { type: 'MESOS', volumes }, residency };
    const existing = accept(program, { principal: 'gaia' });
    const { details } = reject(guest({ ports: [] }), { mode: 'patch', existing, principal: 'gaia' }).body;
    assert.match(JSON.stringify(details), /a guest has one volume, for its disk of container.vm.disk/);
  });

  const refused: [string, object, string, RegExp][] = [
    [
      'other containers',
      { ...web, container: { type: 'DOCKER', docker: {} } },
      '/container',
      /"DOCKER" is not supported/,
    ],
    ['a container without type', { ...web, container: { docker: {} } }, '/container', /not supported/],
    [
      'no kernel',
      { id: '/g', container: { type: 'VM', vm: { initrd: 'x' } } },
      '/container/vm/kernel',
      /gaia vm image/,
    ],
    ['no vm', { id: '/g', container: { type: 'VM' } }, '/container/vm', /vm is missing/],
    ['an image without size', guest({ image: 'debian.qcow2' }), '/container/vm/disk', /at least the image's/],
    ['a disk in words', guest({ disk: '10G' }), '/container/vm/disk', /"10G"/],
    ['a kernel alone', guest({ initrd: undefined, image: 'a', disk: 1 }), '/container/vm/initrd', /gaia vm image/],
    ['less than the disk', guest({ disk: 64 }, { disk: 63 }), '/disk', /disk is 63; the guest's own needs 64/],
    ['little memory', guest({ memory: 8 }), '/container/vm/memory', /8; use 16 or more/],
    ['much memory', guest({ memory: 2 ** 21 }), '/container/vm/memory', /use 1048576 or less/],
    ['many processors', guest({ vcpus: 65 }), '/container/vm/vcpus', /64 or less/],
    ['a port of nobody', guest({ ports: [0] }), '/container/vm/ports(0)', /from 1 to 65535/],
    ['65 ports', guest({ ports: Array(65).fill(1) }), '/container/vm/ports', /at most 64/],
    ['a name to listen at', guest({ listen: 'eth0' }), '/container/vm/listen', /"eth0"; use an IPv4 address/],
    ['an address of IPv6', guest({ listen: '::1' }), '/container/vm/listen', /"::1"; .* IPv4 addresses only/],
    ['all addresses of IPv6', guest({ listen: '::' }), '/container/vm/listen', /"::"; use an IPv4 address/],
    ['two lines', guest({ commandLine: 'a\nb' }), '/container/vm/commandLine', /in one line/],
    ['a misspelt field', guest({ vpcus: 2 }), '/container/vm/vpcus', /no such field; use kernel, initrd/],
    ['mem without QEMU', guest({ memory: 256 }, { mem: 256 }), '/mem', /256; a guest with 256 MB needs 448/],
    [
      'ports without definitions',
      guest({}, { portDefinitions: [{ port: 0 }] }),
      '/portDefinitions',
      /2 ports and portDefinitions 1/,
    ],
    ['variables', guest({}, { env: { A: 'b' } }), '/env', /commandLine/],
    ['a program beside it', guest({}, { cmd: 'sleep 1' }), '/', /cmd and container are both given; drop one/],
    [
      'replication of programs',
      guest({}, { replication: {} }),
      '/replication/protocol',
      /a virtual machine needs "vm"/,
    ],
    ['fewer members', replicated({}, { instances: 2 }), '/instances', /has 3 members, its primary, its backup and a/],
    ['a log on disks', replicated({}, {}, { durability: 'disk' }), '/replication/durability', /is its memory/],
    [
      'snapshots of programs',
      replicated({}, {}, { snapshot: { provider: 'criu' } }),
      '/replication/snapshot',
      /seeded from the primary's memory/,
    ],
    ['one address of three agents', replicated({ listen: '10.0.0.1' }), '/container/vm/listen', /use 0\.0\.0\.0/],
    [
      'an image that is replicated',
      replicated({ image: 'a', disk: 64 }),
      '/container/vm/image',
      /begins with zeros in this version/,
    ],
    ['a large disk that is replicated', replicated({ disk: 65537 }), '/container/vm/disk', /at most 65536 MB/],
    [
      'a volume of a replicated guest',
      replicated(
        {},
        {
          container: {
            ...{ type: 'VM', vm },
            volumes: [{ containerPath: 'data', mode: 'RW', persistent: { size: 64 } }],
          },
          residency: { taskLostBehavior: 'WAIT_FOREVER' },
        },
      ),
      '/container/volumes',
      /no volume in this version/,
    ],
    [
      'more doors than there can be',
      replicated(
        { ports: Array.from({ length: 33 }, (_, at) => at + 1) },
        { portDefinitions: Array.from({ length: 33 }, () => ({ port: 0, protocol: 'udp,tcp' })) },
      ),
      '/portDefinitions',
      /66 doors.*at most 64/,
    ],
    ['a bridge of nobody', replicated({ ports: [], network: {} }), '/container/vm/network/bridge', /bridge is missing/],
    [
      'a name that is no interface',
      replicated({ ports: [], network: { bridge: 'br/0' } }),
      '/container/vm/network/bridge',
      /"br\/0".*up to 15 letters/,
    ],
    [
      'a card of many',
      replicated({ ports: [], network: { bridge: 'br0', mac: '01:00:5e:00:00:01' } }),
      '/container/vm/network/mac',
      /"01:00:5e:00:00:01".*the address of one card/,
    ],
    [
      'a misspelt card',
      replicated({ ports: [], network: { bridge: 'br0', MAC: 'x' } }),
      '/container/vm/network/MAC',
      /no such field; use bridge and mac/,
    ],
    ['doors beside a bridge', replicated({ network: { bridge: 'br0' } }), '/container/vm/ports', /leave ports out/],
    [
      'one card for all tasks of a guest that is not replicated',
      guest({ ports: [], network: { bridge: 'br0', mac: '02:00:00:00:00:01' } }),
      '/container/vm/network/mac',
      /each task has a card of its own.*leave it out/,
    ],
    ['mem for a primary only', replicated({ memory: 256 }, { mem: 448 }), '/mem', /256 MB needs 896/],
    ['a guest of a program', { ...web, replication: { protocol: 'vm' } }, '/replication/protocol', /needs "apus"/],
  ];
  for (const [name, body, path, words] of refused) {
    it(`refuse ${name}`, () => {
      const { details } = reject(body).body;
      const told = details.find((detail) => detail.path === path);
      assert.match(told?.errors.join(' ') ?? JSON.stringify(details), words);
    });
  }
});
