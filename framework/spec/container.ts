import { isIPv4 } from 'node:net';
import type { AppSpec, GuestNetwork, PersistentVolume, VmSpec } from '../app.js';
import { isReplicatedGuest, pairMb } from '../replicated-guest.js';
import { show } from './problems.js';
import { type Reader, refuseUnknown, requirePresent } from './reader.js';
import { readVolume, readVolumes } from './residency.js';

/** What QEMU and its executor take beside the guest's memory: at most 160 MB were measured, 64 of them translated code. */
const QEMU_MB = 192;
const MEMORY_MB_DEFAULT = 256;
const DISK_MB_MAX = 16 * 2 ** 20;
const PORTS_MAX = 64;
const LISTEN_DEFAULT = '127.0.0.1';
const FILE = {
  pattern: /^\P{Cc}{1,1024}$/u,
  patternMeaning: 'a file of the agents, or the name of one that is fetched, in one line',
};
/** As the kernel takes it. */
const BRIDGE = {
  pattern: /^[\w.-]{1,15}$/,
  patternMeaning: "a bridge's name: up to 15 letters, digits, '_', '.' and '-'",
};
/** Not of many: the lowest bit of the first byte says that. */
const MAC = {
  pattern: /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i,
  patternMeaning: 'the address of one card, such as 02:00:5e:10:00:01',
};
const COMMAND_LINE = { pattern: /^\P{Cc}{0,1024}$/u, patternMeaning: 'words for the kernel in one line' };

/** The least that a task with the guest needs; of a replicated one either may become the backup. */
export function memoryMbOf(app: Pick<AppSpec, 'replication'>, { memory }: VmSpec): number {
  return isReplicatedGuest(app) ? 2 * memory + pairMb : memory + QEMU_MB;
}

/** The block `container`: a virtual machine, or persistent volumes. Nothing when it asks for nothing or is refused. */
export function readContainer(reader: Reader): {
  container?: { type: 'VM'; vm: VmSpec };
  volumes?: PersistentVolume[];
} {
  const inner = reader.object('container');
  if (inner === undefined) return {};
  const type = inner.string('type');
  if (type === 'VM') return readGuest(inner);
  if (type === 'MESOS') return readVolumes(inner);
  const remedy =
    'programs run in the file system of the agent (give cmd or args), with volumes (type "MESOS"), or as a guest (type "VM")';
  const sentence = `container of type ${show(type)} is not supported by this version: ${remedy}`;
  if (inner.ignored().length > 0 || type !== undefined) inner.problems.add('rule', inner.path, sentence);
  return {};
}

function readGuest(reader: Reader): ReturnType<typeof readContainer> {
  requirePresent(reader, 'vm', 'an object with kernel and initrd, or with image and disk');
  const vm = reader.object('vm');
  const volumes = reader.objects('volumes', readVolume);
  refuseUnknown(reader, 'container with type VM', 'type, vm and volumes');
  if (vm === undefined) return {};
  return { container: { type: 'VM', vm: readVm(vm) }, ...(volumes === undefined ? {} : { volumes }) };
}

function readVm(reader: Reader): VmSpec {
  const vm = {
    ...readBoot(reader),
    ...readDisk(reader),
    commandLine: reader.string('commandLine', COMMAND_LINE) ?? '',
    memory: reader.integer('memory', { min: 16, max: 2 ** 20 }) ?? MEMORY_MB_DEFAULT,
    vcpus: reader.integer('vcpus', { min: 1, max: 64 }) ?? 1,
    ports: readPorts(reader),
    listen: reader.string('listen') ?? LISTEN_DEFAULT,
    ...readNetwork(reader),
  };
  if (!isIPv4(vm.listen) && vm.listen !== '::1') {
    const sentence = `container.vm.listen is ${show(vm.listen)}; use an IPv4 address of the agents: 127.0.0.1, or 0.0.0.0 for all; or ::1, if the guest is replicated`;
    reader.problems.add('range', reader.pathOf('listen'), 'error.pattern', sentence);
  }
  refuseUnknown(
    reader,
    'container.vm',
    'kernel, initrd, commandLine, image, disk, memory, vcpus, ports, listen and network',
  );
  return vm;
}

/** A kernel with its initrd; a guest with an image may boot that instead. */
function readBoot(reader: Reader): Pick<VmSpec, 'kernel' | 'initrd'> {
  const boots = ['kernel', 'initrd', 'commandLine'].some((name) => reader.raw(name) !== undefined);
  if (!boots && reader.raw('image') !== undefined) return {};
  requirePresent(reader, 'kernel', 'a kernel, such as the one that "gaia vm image" makes, or an image to boot from');
  requirePresent(reader, 'initrd', 'an initrd, such as the one that "gaia vm image" makes');
  return { kernel: reader.string('kernel', FILE) ?? '', initrd: reader.string('initrd', FILE) ?? '' };
}

function readDisk(reader: Reader): Pick<VmSpec, 'image' | 'disk'> {
  const image = reader.string('image', FILE);
  if (image !== undefined)
    requirePresent(
      reader,
      'disk',
      "the size in MB of the guest's disk that begins with the image, at least the image's",
    );
  const disk = reader.integer('disk', { min: 1, max: DISK_MB_MAX });
  return { ...(image === undefined ? {} : { image }), ...(disk === undefined ? {} : { disk }) };
}

/** Ports of the guest, each behind the host's port in the same place of `portDefinitions`. */
function readPorts(reader: Reader): number[] {
  const ports = reader.list('ports', (value, path, problems) => {
    if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535) return value as number;
    problems.add(
      'range',
      path,
      'error.expected.int',
      `the guest's port is ${show(value)}; use a whole number from 1 to 65535`,
    );
    return undefined;
  });
  if (ports === undefined || ports.length <= PORTS_MAX) return ports ?? [];
  const sentence = `container.vm.ports has ${ports.length} ports; use at most ${PORTS_MAX}`;
  reader.problems.add('range', reader.pathOf('ports'), 'error.maxLength', sentence);
  return [];
}

function readNetwork(reader: Reader): Pick<VmSpec, 'network'> {
  const inner = reader.object('network');
  if (inner === undefined) return {};
  requirePresent(inner, 'bridge', "the name of a bridge of the agents, as 'ip link show type bridge' lists them");
  const bridge = inner.string('bridge', BRIDGE) ?? '';
  const mac = inner.string('mac', MAC)?.toLowerCase();
  refuseUnknown(inner, 'container.vm.network', 'bridge and mac');
  const network: GuestNetwork = { bridge, ...(mac === undefined ? {} : { mac }) };
  return { network };
}
