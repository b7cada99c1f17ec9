/** Reads what the framework says of a virtual machine. */
import { isIP } from 'node:net';
import type { DiskAssignment, Door, GuestBridge, VmAssignment } from '../assignment.js';
import { type Fields, fileName, flag, integer, line, list, object, oneOf, text } from '../fields.js';

const doorsMax = 128;
const memoryMibMax = 2 ** 20;
const diskMibMax = 16 * 2 ** 20;
const vcpusMax = 64;

/** Throws an error that names the field, its value and what it must be. */
export function decodeVm(fields: Fields): VmAssignment {
  const commandLine = text(fields.commandLine, 'command.vm.commandLine');
  return {
    kernel: fields.kernel === null ? null : line(fields.kernel, 'command.vm.kernel'),
    initrd: fields.initrd === null ? null : line(fields.initrd, 'command.vm.initrd'),
    commandLine: commandLine === '' ? '' : line(commandLine, 'command.vm.commandLine'),
    memoryMib: integer(fields.memoryMib, 'command.vm.memoryMib', 1, memoryMibMax),
    vcpus: integer(fields.vcpus, 'command.vm.vcpus', 1, vcpusMax),
    disk: fields.disk === null ? null : decodeDisk(object(fields.disk, 'command.vm.disk')),
    doors: list(fields.doors, 'command.vm.doors', doorsMax, decodeDoor),
    bridge: fields.bridge === null ? null : decodeBridge(object(fields.bridge, 'command.vm.bridge')),
    group: fields.group === null ? null : decodeGroup(object(fields.group, 'command.vm.group')),
  };
}

function decodeDisk({ sizeMib, image, volume }: Fields): DiskAssignment {
  return {
    sizeMib: integer(sizeMib, 'command.vm.disk.sizeMib', 1, diskMibMax),
    image: image === null ? null : line(image, 'command.vm.disk.image'),
    volume: volume === null ? null : fileName(volume, 'command.vm.disk.volume'),
  };
}

function decodeGroup(fields: Fields): VmAssignment['group'] {
  return {
    firstPrimary: integer(fields.firstPrimary, 'command.vm.group.firstPrimary', 1),
    witness: flag(fields.witness, 'command.vm.group.witness'),
  };
}

function decodeBridge(fields: Fields): GuestBridge {
  const name = line(fields.name, 'command.vm.bridge.name');
  const mac = text(fields.mac, 'command.vm.bridge.mac');
  if (/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) return { name, mac };
  throw new Error(`command.vm.bridge.mac is ${JSON.stringify(mac)}; it must be a card's address in lower case`);
}

function decodeDoor(value: unknown, name: string): Door {
  const fields = object(value, name);
  const listen = text(fields.listen, `${name}.listen`);
  if (isIP(listen) === 0) throw new Error(`${name}.listen is ${JSON.stringify(listen)}; it must be an IP address`);
  return {
    protocol: oneOf(fields.protocol, `${name}.protocol`, ['tcp', 'udp']),
    listen,
    hostPort: integer(fields.hostPort, `${name}.hostPort`, 1, 65535),
    guestPort: integer(fields.guestPort, `${name}.guestPort`, 1, 65535),
  };
}
