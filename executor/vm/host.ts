/** What this host has for virtual machines; refusals name cause and remedy. */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { GuestBridge } from '../assignment.js';
import type { Owner } from '../owner.js';
import type { Accelerator, Network } from './machine.js';

/** As a machine's fields; a kernel that is null there is none. */
export function bootFiles(
  { kernel, initrd }: { kernel: string | null; initrd: string | null },
  sandbox: string,
  owner: Owner | null,
): { kernel: string | null; initrd: string | null } {
  return {
    kernel: kernel && bootFile('kernel', kernel, sandbox, owner),
    initrd: initrd && bootFile('initrd', initrd, sandbox, owner),
  };
}

/** The network of a guest whose card is on a bridge of this host. Whether it is one, and may be used, QEMU's helper finds. */
export function bridge(
  { name, mac }: GuestBridge,
  interfaces = readFileSync('/proc/net/dev', 'utf8'),
): Extract<Network, { type: 'bridge' }> {
  const known = interfaces.split('\n').some((line) => line.trim().startsWith(`${name}:`));
  if (known) return { type: 'bridge', name, mac };
  throw new Error(
    `bridge is "${name}", and this host has no such interface: make it (ip link add ${name} type bridge), or keep the app away by constraints.`,
  );
}

const qemuName = 'qemu-system-x86_64';
const kvmDevice = '/dev/kvm';

/** QEMU's absolute path. */
export function findQemu(path: string): string {
  const found = path
    .split(':')
    .map((directory) => join(directory, qemuName))
    .find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new Error(
    `${qemuName} was not found in PATH (${path}): install Debian's package qemu-system-x86 on this host.`,
  );
}

/** A kernel, an initrd or an image; a relative name is one that was fetched into the sandbox. `owner` is who QEMU runs as; null: as we. */
export function bootFile(
  field: 'kernel' | 'initrd' | 'image',
  name: string,
  sandbox: string,
  owner: Owner | null,
): string {
  const file = resolve(sandbox, name);
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new Error(`${field} is "${name}", and there is no file ${file} on this host: put it there, or fetch it.`);
  if (mayOpen(file, constants.R_OK, owner)) return file;
  throw new Error(`${field} is "${name}", and ${file} cannot be read by the app's user: set its mode (chmod a+r).`);
}

/**
 * KVM where the processor virtualises and QEMU's user may open the device, else TCG. The device alone does not say enough: some
 * hosts emulate it so slowly and incompletely that no usual kernel boots.
 */
export function accelerator(
  owner: Owner | null = null,
  processorInfo = readFileSync('/proc/cpuinfo', 'utf8'),
  device = kvmDevice,
): Accelerator {
  const virtualises = /^flags\s*:.*\b(vmx|svm)\b/m.test(processorInfo);
  return virtualises && mayOpen(device, constants.R_OK | constants.W_OK, owner) ? 'kvm' : 'tcg';
}

/** Of another user the file's own mode tells: programs are started without further groups. `rights` as in access(2). */
function mayOpen(file: string, rights: number, owner: Owner | null): boolean {
  try {
    if (owner === null || owner.uid === 0) {
      accessSync(file, rights);
      return true;
    }
    const { mode, uid, gid } = statSync(file);
    const place = uid === owner.uid ? 6 : gid === owner.gid ? 3 : 0;
    return ((mode >> place) & rights) === rights;
  } catch {
    return false;
  }
}
