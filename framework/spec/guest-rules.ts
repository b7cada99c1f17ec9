import type { AppSpec, VmSpec } from '../app.js';
import { QEMU_MB } from './container.js';
import type { Problems } from './problems.js';

/** What a virtual machine needs of the rest of its app. */
export function checkGuest(app: Omit<AppSpec, 'version' | 'versionInfo'>, vm: VmSpec, problems: Problems): void {
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
  if (app.residency !== undefined) {
    const sentence =
      'a guest has no volumes in this version; remove the app and add it anew to make it a virtual machine';
    problems.add('rule', '/container/volumes', sentence);
  }
  if (Object.keys(app.env).length > 0) {
    problems.add('rule', '/env', 'a guest has no environment; put words for it into container.vm.commandLine');
  }
}
