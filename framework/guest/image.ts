/**
 * A guest to try and to test with: Debian's cloud kernel and an initramfs with busybox, redis-server, memcached and e2fsprogs, made from the
 * packages of this machine and made again when one of them or a file of `root/` changes. What it does says `root/init`.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { installation, writable } from '../installation.js';
import { addBusybox, addModules, keptImage, packInitramfs, programFile } from './initramfs.js';
import { fetchPackage, kernelRelease, packageVersion } from './packages.js';

export interface GuestImage {
  kernel: string;
  initrd: string;
}

export const guestImageDirectory = path.join(writable.made, 'guest');
const init = path.join(installation.root, 'framework/guest/root/init');
const modules = ['virtio_pci', 'virtio_net', 'virtio_blk', 'button', 'evdev'];
/** Programs of the guest, and the packages that bring them. */
const programs = { 'redis-server': 'redis-server', memcached: 'memcached', mke2fs: 'e2fsprogs', e2fsck: 'e2fsprogs' };

/** What a guest has besides. */
export interface Additions {
  /** Programs, and the packages that bring them. */
  programs: Record<string, string>;
  /** Files of this machine, by their paths in the guest; /services/NAME is what gaia.start=NAME runs. */
  files: Record<string, string>;
}

const nothing: Additions = { programs: {}, files: {} };

/** Hears what is being done, and how much of all has been: 0 to 1. */
export type TellMaking = (share: number, doing: string) => void;

/** Seconds when it has to be made; the kernel is downloaded once per version. Throws naming what is missing. */
export function prepareGuestImage(
  directory = guestImageDirectory,
  additions = nothing,
  tell: TellMaking = () => {},
): GuestImage {
  tell(0, 'looking which packages there are');
  const release = kernelRelease('linux-image-cloud-amd64');
  const all = { ...programs, ...additions.programs };
  const packages = [`linux-image-${release}`, ...new Set(Object.values(all)), 'busybox-static'];
  const added = Object.entries(additions.files).map(([name, file]) => [name, digestOf(file)]);
  const inputs = [...packages.map(packageVersion), modules, readFileSync(init, 'utf8'), ...added];
  return keptImage(directory, inputs, () => makeImage(directory, release, additions, tell));
}

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function makeImage(directory: string, release: string, additions: Additions, tell: TellMaking): GuestImage {
  const tree = path.join(directory, 'kernel');
  const root = path.join(directory, 'root');
  for (const folder of [tree, root]) rmSync(folder, { recursive: true, force: true });
  tell(0.2, `fetching and unpacking linux-image-${release}`);
  fetchPackage(`linux-image-${release}`, tree);
  tell(0.6, 'collecting the kernel, its modules and programs');
  execFileSync(programFile('busybox', 'busybox-static'), ['depmod', '-b', tree, release]);
  const image = { kernel: path.join(directory, 'vmlinuz'), initrd: path.join(directory, 'initrd.gz') };
  copyFileSync(path.join(tree, 'boot', `vmlinuz-${release}`), image.kernel);
  makeRoot(root, path.join(tree, 'lib/modules', release), { ...programs, ...additions.programs });
  for (const [name, file] of Object.entries(additions.files)) addFile(root, name, file);
  tell(0.8, 'packing the initial RAM disk');
  packInitramfs(root, image.initrd);
  for (const leftover of [root, tree]) rmSync(leftover, { recursive: true, force: true });
  return image;
}

function makeRoot(root: string, moduleTree: string, programs: Record<string, string>): void {
  mkdirSync(path.join(root, 'etc'), { recursive: true });
  addBusybox(root);
  copyFileSync(init, path.join(root, 'init'));
  chmodSync(path.join(root, 'init'), 0o755);
  writeFileSync(path.join(root, 'etc/passwd'), 'root:x:0:0:root:/:/busybox\n');
  writeFileSync(path.join(root, 'etc/group'), 'root:x:0:\n');
  addModules(root, moduleTree, modules);
  for (const [name, packageName] of Object.entries(programs)) addProgram(root, programFile(name, packageName));
}

/** With its dynamic loader and its libraries, at the same paths. */
function addProgram(root: string, file: string): void {
  const linked = execFileSync('ldd', [file], { encoding: 'utf8' });
  const libraries = [...linked.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] as string);
  for (const one of [file, ...libraries]) {
    addFile(root, one, one);
  }
}

function addFile(root: string, name: string, file: string): void {
  mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
  copyFileSync(file, path.join(root, name));
}
