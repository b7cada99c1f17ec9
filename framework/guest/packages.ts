/** Debian packages that are unpacked into a folder instead of installed: kernels and what belongs to them. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { writable } from '../installation.js';

const kept = path.join(writable.made, 'packages');

function apt(program: 'apt-get' | 'apt-cache', args: string[], cwd?: string): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...(cwd && { cwd }) });
}

/** Of the kernel that a package such as linux-image-amd64 stands for, as `uname -r` says it in a guest. */
export function kernelRelease(name: 'linux-image-amd64' | 'linux-image-cloud-amd64'): string {
  const release = /Depends: linux-image-(\S+)/.exec(apt('apt-cache', ['depends', name]))?.[1];
  if (release) return release;
  throw new Error(`apt does not know ${name}, the kernel of the guests; run "apt-get update" as root`);
}

export function packageVersion(name: string): string {
  const version = /^Version: (\S+)/m.exec(apt('apt-cache', ['show', '--no-all-versions', name]))?.[1];
  if (version) return version;
  throw new Error(`apt does not know the package ${name}; run "apt-get update" as root`);
}

/** Unpacks a package below `target`; it is downloaded once per version. */
export function fetchPackage(name: string, target: string): void {
  mkdirSync(kept, { recursive: true });
  const prefix = `${name}_${packageVersion(name).replace(':', '%3a')}_`;
  const find = () => readdirSync(kept).find((file) => file.startsWith(prefix) && file.endsWith('.deb'));
  if (!find()) {
    try {
      apt('apt-get', ['-q', 'download', name], kept);
    } catch (error) {
      throw new Error(
        `cannot download the package ${name}: ${(error as { stderr?: string }).stderr}Run "apt-get update" as root and try again.`,
      );
    }
  }
  const file = find();
  if (!file) throw new Error(`apt-get downloaded no ${prefix}*.deb into ${kept}`);
  mkdirSync(target, { recursive: true });
  execFileSync('dpkg-deb', ['-x', path.join(kept, file), target]);
}
