import type { AppSpec, VmSpec } from '../app.js';
import { QEMU_MB } from './container.js';
import { type Problems, show } from './problems.js';

type Judged = Omit<AppSpec, 'version' | 'versionInfo'>;

/** What a virtual machine needs of the rest of its app. */
export function checkGuest(app: Judged, vm: VmSpec, problems: Problems): void {
  if (app.replication !== null) {
    const sentence = 'this version runs virtual machines, but does not replicate them; leave replication out';
    problems.add('rule', '/replication', sentence);
  }
  if (app.mem < vm.memory + QEMU_MB) {
    const sentence = `mem is ${app.mem}; a guest with ${vm.memory} MB needs ${vm.memory + QEMU_MB} with QEMU's own; leave it out`;
    problems.add('rule', '/mem', sentence);
  }
  if (vm.ports.length !== app.portDefinitions.length) {
    const counts = `container.vm.ports has ${vm.ports.length} ports and portDefinitions ${app.portDefinitions.length}`;
    problems.add('rule', '/portDefinitions', `${counts}; give one definition for each, or leave them out`);
  }
  checkDisk(app, vm, problems);
  if (Object.keys(app.env).length > 0) {
    problems.add('rule', '/env', 'a guest has no environment; put words for it into container.vm.commandLine');
  }
}

/** It lies on the app's volume, or in the sandbox. */
function checkDisk({ disk, residency }: Judged, vm: VmSpec, problems: Problems): void {
  if (residency === undefined) {
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
