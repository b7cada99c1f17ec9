import type { AppSpec, VmSpec } from '../app.js';
import { guestMembers, isReplicatedGuest } from '../replicated-guest.js';
import { memoryMbOf } from './container.js';
import { type Problems, show } from './problems.js';

/** As many as gaia-vm takes. */
const DOORS_MAX = 64;

type Judged = Omit<AppSpec, 'version' | 'versionInfo'>;

/** As `gaia-vm` takes it. */
const SHARED_DISK_MB_MAX = 64 * 1024;

/** What a virtual machine needs of the rest of its app. */
export function checkGuest(app: Judged, vm: VmSpec, problems: Problems): void {
  if (isReplicatedGuest(app)) checkReplicatedGuest(app, vm, problems);
  else checkSingleGuest(app, vm, problems);
  const least = memoryMbOf(app, vm);
  if (app.mem < least) {
    const sentence = `mem is ${app.mem}; a guest with ${vm.memory} MB needs ${least} with QEMU's own; leave it out`;
    problems.add('rule', '/mem', sentence);
  }
  checkNetwork(app, vm, problems);
  if (vm.ports.length !== app.portDefinitions.length) {
    const counts = `container.vm.ports has ${vm.ports.length} ports and portDefinitions ${app.portDefinitions.length}`;
    problems.add('rule', '/portDefinitions', `${counts}; give one definition for each, or leave them out`);
  }
  checkDisk(app, vm, problems);
  if (Object.keys(app.env).length > 0) {
    problems.add('rule', '/env', 'a guest has no environment; put words for it into container.vm.commandLine');
  }
}

/** A bridge leads to the guest itself; what is on it finds a replicated one's new primary when that announces the guest. */
function checkNetwork(app: Judged, { network, ports }: VmSpec, problems: Problems): void {
  if (network === undefined) return;
  if (!isReplicatedGuest(app) && network.mac !== undefined) {
    const sentence = `mac is ${show(network.mac)}; of a guest that is not replicated each task has a card of its own, as two may run at a time: leave it out`;
    problems.add('rule', '/container/vm/network/mac', sentence);
  }
  if (ports.length > 0) {
    const sentence = `ports are ${show(ports)}, and network has a bridge, where the guest has an address and all its ports; leave ports out`;
    problems.add('rule', '/container/vm/ports', sentence);
  }
}

/** It lies on the app's volume, or in the sandbox. */
function checkDisk({ disk, residency, replication }: Judged, vm: VmSpec, problems: Problems): void {
  if (residency === undefined || replication?.protocol === 'vm') {
    const sentence = `disk is ${disk}; the guest's own needs ${vm.disk} of it, leave it out`;
    if (disk < (vm.disk ?? 0)) problems.add('rule', '/disk', sentence);
    return;
  }
  const { volumes } = residency;
  const sizes = volumes.map(({ sizeMb }) => sizeMb);
  const remedy = `a guest has one volume, for its disk of ${vm.disk ?? 'container.vm.disk (left out)'} MB; give one at least as large`;
  const fits = vm.disk !== undefined && sizes.length === 1 && (sizes[0] as number) >= vm.disk;
  if (!fits) problems.add('rule', '/container/volumes', `the volumes have ${show(sizes)} MB; ${remedy}`);
}

/** Three members; a log in memories, which is enough since a guest is lost with them; and doors that each agent can open. */
function checkReplicatedGuest(
  { instances, replication, residency, portDefinitions }: Judged,
  vm: VmSpec,
  problems: Problems,
): void {
  if (instances !== guestMembers) {
    const sentence = `instances is ${instances}; a replicated guest has ${guestMembers} members, its primary, its backup and a witness: leave it out, and to stop the app, remove it`;
    problems.add('rule', '/instances', sentence);
  }
  if (replication?.durability === 'disk') {
    const sentence = `durability is "disk"; a guest's state is its memory, which a log on a disk does not bring back: give "memory" or leave it out`;
    problems.add('rule', '/replication/durability', sentence);
  }
  if (replication?.snapshot.provider !== 'replay') {
    const sentence = `snapshot is ${show(replication?.snapshot)}; a new backup is seeded from the primary's memory: leave it out`;
    problems.add('rule', '/replication/snapshot', sentence);
  }
  if (residency !== undefined) {
    const sentence = 'a replicated guest has no volume in this version; leave volumes and residency out';
    problems.add('rule', '/container/volumes', sentence);
  }
  if (vm.image !== undefined) {
    const sentence = `image is ${show(vm.image)}; the disk of a replicated guest begins with zeros in this version: leave image out, and give kernel and initrd`;
    problems.add('rule', '/container/vm/image', sentence);
  }
  if ((vm.disk ?? 0) > SHARED_DISK_MB_MAX) {
    const sentence = `disk is ${vm.disk}; that of a replicated guest has at most ${SHARED_DISK_MB_MAX} MB`;
    problems.add('rule', '/container/vm/disk', sentence);
  }
  checkDoors(vm, portDefinitions, problems);
}

/** QEMU's own network has doors at addresses of IPv4 alone; those of a replicated guest are gaia-vm's. */
function checkSingleGuest({ replication }: Judged, { listen }: VmSpec, problems: Problems): void {
  if (replication !== null) {
    const sentence = 'protocol is "apus", which replicates programs; a virtual machine needs "vm"';
    problems.add('rule', '/replication/protocol', sentence);
  }
  if (!listen.includes(':')) return;
  const sentence = `listen is ${show(listen)}; doors of a guest that is not replicated are QEMU's, which has them at IPv4 addresses only: use 127.0.0.1, or 0.0.0.0 for all`;
  problems.add('rule', '/container/vm/listen', sentence);
}

/** The members are on different agents. */
function checkDoors({ listen }: VmSpec, definitions: Judged['portDefinitions'], problems: Problems): void {
  const doors = definitions.flatMap(({ protocol }) => protocol.split(',')).length;
  if (doors > DOORS_MAX) {
    const sentence = `portDefinitions open ${doors} doors, one for each protocol of each port; a replicated guest has at most ${DOORS_MAX}`;
    problems.add('rule', '/portDefinitions', sentence);
  }
  const isLoopback = listen.startsWith('127.') || listen === '::1';
  if (!isLoopback && listen !== '0.0.0.0') {
    const sentence = `listen is ${show(listen)}, which is an address of one agent, and there are three; use 0.0.0.0, which is each agent's own and 127.0.0.1, or a loopback address`;
    problems.add('rule', '/container/vm/listen', sentence);
  }
}
