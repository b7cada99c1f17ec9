/**
 * What guests boot: Debian's kernel and a small initramfs (busybox, modules, `guest/init`), made from Debian packages in
 * build/rdma and made again when the kernel's version or a file that goes into them changes. Nothing is installed.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { addBusybox, addModules, keptImage, packInitramfs } from '../../framework/guest/initramfs.js';
import { fetchPackage, kernelRelease, packageVersion } from '../../framework/guest/packages.js';
import { repository } from '../consensus/interpose/group.js';
import { buildSiw } from './siw.js';

export interface Image {
  kernel: string;
  initramfs: string;
  /** Why there is no siw module in the image; null when there is. */
  siwMissing: string | null;
}

export const buildDirectory = path.join(repository, 'build/rdma');
const guestFiles = path.join(repository, 'test/rdma/guest');

/** In this order; what they depend on goes before them. modules.dep does not name crc32_generic and crc32c_generic. */
const modules = [
  ...['virtio_pci', '9pnet_virtio', '9p', 'virtio_net', 'sch_netem'],
  ...['crc32_generic', 'rdma_rxe', 'rdma_ucm', 'crc32c_generic', 'libcrc32c', 'siw'],
];

/** The image of the newest kernel that Debian's package servers offer; seconds when it has to be made. */
export function prepareImage(): Image {
  const release = kernelRelease('linux-image-amd64');
  const files = ['init', 'control'].map((file) => readFileSync(path.join(guestFiles, file), 'utf8'));
  const inputs = [packageVersion(`linux-image-${release}`), modules, ...files];
  return keptImage(buildDirectory, inputs, () => makeImage(release));
}

function makeImage(release: string): Image {
  const tree = path.join(buildDirectory, 'kernel');
  rmSync(tree, { recursive: true, force: true });
  fetchPackage(`linux-image-${release}`, tree);
  const { module, missing } = buildSiw(release, buildDirectory);
  if (module !== null) copyFileSync(module, path.join(tree, 'lib/modules', release, 'siw.ko'));
  execFileSync('busybox', ['depmod', '-b', tree, release]);
  const image = {
    kernel: path.join(buildDirectory, 'vmlinuz'),
    initramfs: path.join(buildDirectory, 'initramfs.gz'),
    siwMissing: missing,
  };
  copyFileSync(path.join(tree, 'boot', `vmlinuz-${release}`), image.kernel);
  const root = path.join(buildDirectory, 'root');
  makeRoot(root, path.join(tree, 'lib/modules', release));
  packInitramfs(root, image.initramfs);
  for (const leftover of [root, tree]) rmSync(leftover, { recursive: true, force: true });
  return image;
}

/** The guest's root: Debian's merged layout around a /usr that is mounted later. */
function makeRoot(root: string, moduleTree: string): void {
  rmSync(root, { recursive: true, force: true });
  mkdirSync(path.join(root, 'etc/libibverbs.d'), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, path.join(root, name));
  addBusybox(root);
  for (const name of ['init', 'control']) {
    copyFileSync(path.join(guestFiles, name), path.join(root, name));
    chmodSync(path.join(root, name), 0o755);
  }
  writeFileSync(path.join(root, 'etc/passwd'), 'root:x:0:0:root:/tmp:/bin/sh\n');
  writeFileSync(path.join(root, 'etc/group'), 'root:x:0:\n');
  writeFileSync(path.join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
  // Only these: rdma-core's other providers would each be tried.
  for (const driver of ['rxe', 'siw'])
    writeFileSync(path.join(root, `etc/libibverbs.d/${driver}.driver`), `driver ${driver}\n`);
  addModules(root, moduleTree, modules);
}
