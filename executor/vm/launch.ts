/** From an assignment to a QEMU process whose guest is still stopped. */
import type { VmAssignment } from '../assignment.js';
import type { Owner } from '../owner.js';
import { Program } from '../process.js';
import { prepareDisk } from './disk.js';
import { accelerator, bootFiles, bridge, findQemu } from './host.js';
import { type Machine, machineArguments } from './machine.js';

export interface LaunchedGuest {
  program: Program;
  machine: Machine;
}

export interface GuestPlace {
  sandbox: string;
  env: Record<string, string>;
  owner: Owner | null;
}

/** A guest that is alone. Throws an error whose message is meant for the user. */
export async function launchGuest(vm: VmAssignment, place: GuestPlace): Promise<LaunchedGuest> {
  const disk = vm.disk && (await prepareDisk(vm.disk, place));
  const network = vm.bridge === null ? { type: 'user' as const, doors: vm.doors } : bridge(vm.bridge);
  return startQemu(vm, { disk, network, memoryFile: null, incoming: false }, place);
}

/**
 * Its guest stands still, and its control connection speaks QMP. Throws an error whose message is meant for the user.
 * @param tcgPreload a library for QEMU without hardware virtualisation; left out: none
 */
export async function startQemu(
  { kernel, initrd, commandLine, memoryMib, vcpus }: VmAssignment,
  own: Pick<Machine, 'disk' | 'network' | 'memoryFile' | 'incoming'>,
  { sandbox, env, owner }: GuestPlace,
  tcgPreload?: string,
): Promise<LaunchedGuest> {
  const boot = bootFiles({ kernel, initrd }, sandbox, owner);
  const machine = { ...{ commandLine, memoryMib, vcpus }, ...boot, ...own, accelerator: accelerator(owner) };
  const argv = [findQemu(env.PATH ?? ''), ...machineArguments(machine)];
  const preload = tcgPreload !== undefined && machine.accelerator === 'tcg' ? { LD_PRELOAD: tcgPreload } : {};
  const program = await Program.start({ argv, env: { ...env, ...preload }, directory: sandbox, owner, control: true });
  return { program, machine };
}
