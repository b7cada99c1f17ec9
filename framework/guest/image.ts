/**
 * Guests: Debian's cloud kernel and an initramfs with busybox, e2fsprogs and services, made from the packages of this machine and made
 * again when one of them or a file that goes into them changes. What a guest does says `root/init`.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { installation, writable } from '../installation.js';
import { addBusybox, addModules, keptImage, packInitramfs, programFile } from './initramfs.js';
import { fetchPackage, kernelRelease, packageVersion } from './packages.js';
import { type Services, servicesNamed, servicesToTry } from './services.js';

export interface GuestImage {
  kernel: string;
  initrd: string;
}

/** Of the guest to try and to test with; images of other services lie beside it. */
export const guestImageDirectory = path.join(writable.made, 'guest');
export const imageDirectoryOf = (service: string): string => `${guestImageDirectory}-${service}`;

const init = path.join(installation.root, 'framework/guest/root/init');
const modules = ['virtio_pci', 'virtio_net', 'virtio_blk', 'button', 'evdev'];
/** What every guest has for its disk, and the package that brings it. */
const forDisk = { mke2fs: 'e2fsprogs', e2fsck: 'e2fsprogs' };

/** Hears what is being done, and how much of all has been: 0 to 1. */
export type TellMaking = (share: number, doing: string) => void;

/** Seconds when it has to be made; the kernel is downloaded once per version. Throws naming what is missing. */
export function prepareGuestImage(
  directory = guestImageDirectory,
  services = servicesNamed(servicesToTry),
  tell: TellMaking = () => {},
): GuestImage {
  tell(0, 'looking which packages there are');
  const release = kernelRelease('linux-image-cloud-amd64');
  const programs = programFiles(services);
  const packages = [`linux-image-${release}`, ...new Set(Object.values(programsOf(services))), 'busybox-static'];
  const files = Object.entries(filesOf(services)).map(([name, file]) => [name, digestOf(file)]);
  const inputs = [...packages.map(packageVersion), modules, readFileSync(init, 'utf8'), ...files];
  return keptImage(directory, inputs, () => makeImage(directory, release, { services, programs }, tell));
}

interface Contents {
  services: Services;
  /** Files of this machine, with the same paths in the guest. */
  programs: string[];
}

const programsOf = (services: Services): Record<string, string> =>
  Object.assign({}, forDisk, ...Object.values(services).map(({ programs }) => programs));

const programFiles = (services: Services): string[] =>
  Object.entries(programsOf(services)).map(([name, packageName]) => programFile(name, packageName));

/** By their paths in the guest. */
function filesOf(services: Services): Record<string, string> {
  const scripts = Object.entries(services).map(([name, { script }]) => [scriptOf(name), script]);
  return Object.assign(Object.fromEntries(scripts), ...Object.values(services).map(({ files }) => files));
}

const scriptOf = (service: string) => `/services/${service}`;

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function makeImage(directory: string, release: string, contents: Contents, tell: TellMaking): GuestImage {
  const tree = path.join(directory, 'kernel');
  const root = path.join(directory, 'root');
  for (const folder of [tree, root]) rmSync(folder, { recursive: true, force: true });
  tell(0.2, `fetching and unpacking linux-image-${release}`);
  fetchPackage(`linux-image-${release}`, tree);
  tell(0.6, 'collecting the kernel, its modules and programs');
  execFileSync(programFile('busybox', 'busybox-static'), ['depmod', '-b', tree, release]);
  const image = { kernel: path.join(directory, 'vmlinuz'), initrd: path.join(directory, 'initrd.gz') };
  copyFileSync(path.join(tree, 'boot', `vmlinuz-${release}`), image.kernel);
  makeRoot(root, path.join(tree, 'lib/modules', release));
  addContents(root, contents);
  tell(0.8, 'packing the initial RAM disk');
  packInitramfs(root, image.initrd);
  for (const leftover of [root, tree]) rmSync(leftover, { recursive: true, force: true });
  return image;
}

function makeRoot(root: string, moduleTree: string): void {
  mkdirSync(path.join(root, 'etc'), { recursive: true });
  addBusybox(root);
  copyFileSync(init, path.join(root, 'init'));
  chmodSync(path.join(root, 'init'), 0o755);
  writeFileSync(path.join(root, 'etc/passwd'), 'root:x:0:0:root:/:/busybox\n');
  writeFileSync(path.join(root, 'etc/group'), 'root:x:0:\n');
  addModules(root, moduleTree, modules);
}

function addContents(root: string, { services, programs }: Contents): void {
  for (const program of programs) addProgram(root, program);
  for (const [name, file] of Object.entries(filesOf(services))) addFile(root, name, file);
  for (const name of Object.keys(services)) chmodSync(path.join(root, scriptOf(name)), 0o755);
  writeFileSync(path.join(root, 'services.default'), `${Object.keys(services)[0]}\n`);
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
