/** Parts of the images that guests boot: a folder becomes an initramfs; nothing is made twice. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

const archiveBytesMax = 256 * 2 ** 20;

/** What `make` gave when it was made from the same `inputs`, kept as image.json in `directory`; else what it gives now. */
export function keptImage<T>(directory: string, inputs: unknown[], make: () => T): T {
  mkdirSync(directory, { recursive: true });
  const stamp = createHash('sha256').update(JSON.stringify(inputs)).digest('hex');
  const kept = path.join(directory, 'image.json');
  if (existsSync(kept)) {
    const { madeFrom, image } = JSON.parse(readFileSync(kept, 'utf8'));
    if (madeFrom === stamp) return image;
  }
  const image = make();
  writeFileSync(kept, JSON.stringify({ madeFrom: stamp, image }));
  return image;
}

/** Debian's static busybox as /busybox. */
export function addBusybox(root: string): void {
  copyFileSync(programFile('busybox', 'busybox-static'), path.join(root, 'busybox'));
}

/** Absolute path of a program of this machine; throws naming the package that brings it. */
export function programFile(name: string, packageName: string): string {
  const directories = ['/usr/bin', '/usr/sbin', '/bin', '/sbin'];
  const file = directories.map((directory) => path.join(directory, name)).find((one) => existsSync(one));
  if (file !== undefined) return file;
  throw new Error(`the program ${name} is missing on this machine: install Debian's package ${packageName}`);
}

/**
 * The modules and what they need as /modules/*.ko, in the order of /modules/order. `tree` is the kernel's module folder
 * with its modules.dep; modules that the kernel does not have are left out.
 */
export function addModules(root: string, tree: string, names: string[]): void {
  const folder = path.join(root, 'modules');
  mkdirSync(folder, { recursive: true });
  const order = loadOrder(readFileSync(path.join(tree, 'modules.dep'), 'utf8'), names);
  for (const file of order) copyFileSync(path.join(tree, file), path.join(folder, path.basename(file)));
  writeFileSync(path.join(folder, 'order'), order.map((file) => `${path.basename(file)}\n`).join(''));
}

/** Files of the modules to load, each behind those it needs. */
function loadOrder(dependencies: string, names: string[]): string[] {
  const needs = new Map(
    dependencies.split('\n').flatMap((line) => {
      const [file, rest] = line.split(':');
      return file && rest !== undefined ? [[file, rest.trim().split(' ').filter(Boolean)] as const] : [];
    }),
  );
  const files = names.flatMap((name) => [...needs.keys()].find((file) => path.basename(file) === `${name}.ko`) ?? []);
  // modules.dep names what a module needs, the nearest first.
  return [...new Set(files.flatMap((file) => [...(needs.get(file) ?? []).toReversed(), file]))];
}

/** Packs a folder, with everything in it owned by root. */
export function packInitramfs(root: string, file: string): void {
  const names = execFileSync('find', ['.', '-mindepth', '1'], { cwd: root });
  const archive = execFileSync('busybox', ['cpio', '-o', '-H', 'newc', '-R', '0:0'], {
    ...{ cwd: root, input: names, maxBuffer: archiveBytesMax, stdio: ['pipe', 'pipe', 'ignore'] },
  });
  writeFileSync(file, gzipSync(archive));
}
