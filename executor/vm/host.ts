/** What this host has for virtual machines; refusals name cause and remedy. */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Accelerator } from './machine.js';

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

/** A kernel or an initrd; a relative name is one that was fetched into the sandbox. */
export function bootFile(field: 'kernel' | 'initrd', name: string, sandbox: string): string {
  const file = resolve(sandbox, name);
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new Error(`${field} is "${name}", and there is no file ${file} on this host: put it there, or fetch it.`);
  try {
    accessSync(file, constants.R_OK);
  } catch {
    throw new Error(`${field} is "${name}", and ${file} cannot be read by this user: set its mode (chmod a+r).`);
  }
  return file;
}

/**
 * KVM where the processor virtualises and the device may be opened, else TCG. The device alone does not say enough: some hosts
 * emulate it so slowly and incompletely that no usual kernel boots.
 */
export function accelerator(processorInfo = readFileSync('/proc/cpuinfo', 'utf8'), device = kvmDevice): Accelerator {
  if (!/^flags\s*:.*\b(vmx|svm)\b/m.test(processorInfo)) return 'tcg';
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return 'kvm';
  } catch {
    return 'tcg';
  }
}
