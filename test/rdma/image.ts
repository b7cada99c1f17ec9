/**
 * What guests boot: Debian's kernel and a small initramfs (busybox, modules, `guest/init`), made from Debian packages in
 * build/rdma and made again when the kernel's version or a file that goes into them changes. Nothing is installed.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { repository } from '../consensus/interpose/group.js';
import { fetchPackage, kernelRelease, packageVersion } from './packages.js';
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
  mkdirSync(buildDirectory, { recursive: true });
  const release = kernelRelease();
  const stamp = inputs(release);
  const kept = path.join(buildDirectory, 'image.json');
  if (existsSync(kept)) {
    const { madeFrom, image } = JSON.parse(readFileSync(kept, 'utf8'));
    if (madeFrom === stamp) return image;
  }
  const image = makeImage(release);
  writeFileSync(kept, JSON.stringify({ madeFrom: stamp, image }));
  return image;
}

/** Changes when anything that goes into the image does. */
function inputs(release: string): string {
  const hash = createHash('sha256')
    .update(packageVersion(`linux-image-${release}`))
    .update(modules.join());
  for (const file of ['init', 'control']) hash.update(readFileSync(path.join(guestFiles, file)));
  return hash.digest('hex');
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
  const names = execFileSync('find', ['.', '-mindepth', '1'], { cwd: root });
  const archive = execFileSync('busybox', ['cpio', '-o', '-H', 'newc', '-R', '0:0'], {
    ...{ cwd: root, input: names, maxBuffer: 256 << 20, stdio: ['pipe', 'pipe', 'ignore'] },
  });
  writeFileSync(image.initramfs, gzipSync(archive));
  for (const leftover of [root, tree]) rmSync(leftover, { recursive: true, force: true });
  return image;
}

/** The guest's root: Debian's merged layout around a /usr that is mounted later. */
function makeRoot(root: string, moduleTree: string): void {
  rmSync(root, { recursive: true, force: true });
  for (const folder of ['modules', 'etc/libibverbs.d']) mkdirSync(path.join(root, folder), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, path.join(root, name));
  copyFileSync(execFileSync('which', ['busybox'], { encoding: 'utf8' }).trim(), path.join(root, 'busybox'));
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
  const order = loadOrder(readFileSync(path.join(moduleTree, 'modules.dep'), 'utf8'));
  for (const file of order) copyFileSync(path.join(moduleTree, file), path.join(root, 'modules', path.basename(file)));
  writeFileSync(path.join(root, 'modules/order'), order.map((file) => `${path.basename(file)}\n`).join(''));
}

/** Files of the modules to load, each behind those it needs; modules that the kernel does not have are left out. */
function loadOrder(dependencies: string): string[] {
  const needs = new Map(
    dependencies.split('\n').flatMap((line) => {
      const [file, rest] = line.split(':');
      return file && rest !== undefined ? [[file, rest.trim().split(' ').filter(Boolean)] as const] : [];
    }),
  );
  const files = modules.flatMap((name) => [...needs.keys()].find((file) => path.basename(file) === `${name}.ko`) ?? []);
  // modules.dep names what a module needs, the nearest first.
  return [...new Set(files.flatMap((file) => [...(needs.get(file) ?? []).toReversed(), file]))];
}
