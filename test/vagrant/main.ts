/**
 * `npm run test:vagrant`: `vagrant up` makes the cluster of cluster-small.json from nothing, and the acceptance story is told on it. Closes with the verdict:
 * exit status 0 if all went well, 1 if not, 2 if it could not be tried. Libvirt and machines live in namespaces that end with this process.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installation } from '../../framework/installation.js';

const build = join(installation.root, 'build/vagrant');
const libvirtDirectory = join(build, 'test-libvirt');
const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--net'];
/** Two emulated processors for five machines: they take minutes to start. */
const wholeMaxMs = 90 * 60_000;

function tried(program: string, args: string[]): number | null {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], timeout: wholeMaxMs });
  if (error) console.error(`${program}: ${error.message}`);
  return status;
}

function refuse(problem: string): never {
  console.error(`test:vagrant could not be tried: ${problem}`);
  process.exit(2);
}

if (process.getuid?.() !== 0) refuse('it makes namespaces and a box of Debian packages, for which it needs root');
if (tried(join(installation.root, 'vagrant/prepare.sh'), []) !== 0) refuse('vagrant/prepare.sh failed, see above');
rmSync(libvirtDirectory, { recursive: true, force: true });
const libvirt = join(installation.root, 'test/vagrant/libvirt.sh');
const inside = fileURLToPath(new URL('inside.js', import.meta.url));
const status = tried('unshare', [...namespaces, libvirt, libvirtDirectory, process.execPath, inside]);
rmSync(libvirtDirectory, { recursive: true, force: true });
process.exit(status ?? 1);
