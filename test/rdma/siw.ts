/** The Soft-iWARP module: Debian ships its source (linux-source) and headers, but not the module. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fetchPackage, packageVersion } from '../../framework/guest/packages.js';

const buildLimitMs = 120_000;

/** The module's file, or the reason why there is none. Built once per version of the kernel; seconds. */
export function buildSiw(release: string, directory: string): { module: string | null; missing: string | null } {
  const module = path.join(directory, `siw-${packageVersion(`linux-image-${release}`)}.ko`);
  if (existsSync(module)) return { module, missing: null };
  const tree = path.join(directory, 'siw');
  try {
    rmSync(tree, { recursive: true, force: true });
    copyFileSync(compile(release, tree), module);
    return { module, missing: null };
  } catch (error) {
    return {
      module: null,
      missing: `the siw module cannot be built (tried again without build/rdma/image.json): ${(error as Error).message}`,
    };
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

function compile(release: string, tree: string): string {
  const series = release.split('.').slice(0, 2).join('.');
  const common = `linux-headers-${release.replace(/-[^-]*$/, '')}-common`;
  for (const name of [`linux-headers-${release}`, common, `linux-kbuild-${series}`, `linux-source-${series}`])
    fetchPackage(name, tree);
  const headers = path.join(tree, 'usr/src', `linux-headers-${release}`);
  relocate(path.join(headers, 'Makefile'), tree);
  const source = `linux-source-${series}`;
  run('tar', ['-xf', `usr/src/${source}.tar.xz`, `${source}/drivers/infiniband/sw/siw`], tree);
  const siw = path.join(tree, source, 'drivers/infiniband/sw/siw');
  run('make', ['-C', headers, `M=${siw}`, 'CONFIG_RDMA_SIW=m', 'modules'], tree);
  run('strip', ['--strip-debug', 'siw.ko'], siw);
  return path.join(siw, 'siw.ko');
}

/** The headers' Makefile includes the common one by its installed path. */
function relocate(makefile: string, tree: string): void {
  writeFileSync(makefile, readFileSync(makefile, 'utf8').replaceAll('/usr/src/', path.join(tree, 'usr/src/')));
}

function run(program: string, args: string[], cwd: string): void {
  mkdirSync(cwd, { recursive: true });
  const result = spawnSync(program, args, { cwd, encoding: 'utf8', timeout: buildLimitMs });
  if (result.status === 0) return;
  throw new Error(`${program}: ${result.error?.message ?? result.stderr.trim().split('\n').slice(-3).join(' ')}`);
}
