/** From an assignment to a QEMU process whose guest is still stopped. */
import type { VmAssignment } from '../assignment.js';
import type { Owner } from '../owner.js';
import { Program, type ProgramOptions } from '../process.js';
import { prepareDisk } from './disk.js';
import { accelerator, bootFiles, findQemu } from './host.js';
import { type Machine, machineArguments } from './machine.js';

export interface LaunchedGuest {
  program: Program;
  machine: Machine;
}

/** Throws an error whose message is meant for the user. */
export async function launchGuest(
  { kernel, initrd, disk, doors, group: _, ...same }: VmAssignment,
  place: { sandbox: string; env: Record<string, string>; owner: Owner | null },
): Promise<LaunchedGuest> {
  const { sandbox, env, owner } = place;
  const machine: Machine = {
    ...same,
    ...bootFiles({ kernel, initrd }, sandbox, owner),
    disk: disk && (await prepareDisk(disk, place)),
    accelerator: accelerator(owner),
    network: { type: 'user', doors },
    memoryFile: null,
    incoming: false,
  };
  return { program: await startQemu(machine, { env, directory: sandbox, owner }), machine };
}

/** Its guest stands still, and its control connection speaks QMP. Throws an error whose message is meant for the user. */
export function startQemu(
  machine: Machine,
  place: Pick<ProgramOptions, 'env' | 'directory' | 'owner'>,
): Promise<Program> {
  const argv = [findQemu(place.env.PATH ?? ''), ...machineArguments(machine)];
  return Program.start({ ...place, argv, control: true });
}
