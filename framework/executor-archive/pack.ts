/** Makes an archive whose bytes depend on names and contents alone. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Entry } from './contents.js';

const packMaxMs = 300_000;
/** No times, owners, links or order of this machine. */
const tarOptions = [
  ...['--sort=name', '--format=gnu', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'],
  ...['--mode=u=rwX,go=rX', '--dereference', '--hard-dereference', '--use-compress-program=gzip -n -1'],
];

const toolOptions = { stdio: 'pipe' as const, timeout: packMaxMs };
/** In the archive: of every other file in it, by which agents find out whether what they have unpacked is whole. */
export const checksumsName = 'SHA256SUMS';
const checksums = 'find -L . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum';

/** `target` is replaced at once, when all is written; a framework that serves the old one has it open. */
export function pack(entries: Entry[], target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  const staging = mkdtempSync(`${target}.`);
  try {
    const tree = join(staging, 'tree');
    for (const { name, source } of entries) {
      mkdirSync(dirname(join(tree, name)), { recursive: true });
      symlinkSync(resolve(source), join(tree, name));
    }
    writeFileSync(join(tree, checksumsName), execFileSync('sh', ['-c', checksums], { cwd: tree, ...toolOptions }));
    const archive = join(staging, 'archive');
    execFileSync('tar', [...tarOptions, '-C', tree, '-cf', archive, '.'], toolOptions);
    renameSync(archive, target);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}
