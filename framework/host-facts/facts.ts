/** What is looked at on a machine that is, or is to be, an agent. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { release } from 'node:os';
import { dirname, join } from 'node:path';

export interface HostFacts {
  /** Names of RDMA devices. */
  rdmaDevices: string[];
  rdmaLibrariesMissing: string[];
  /** Bytes that a process may lock; null: as many as it likes. */
  memlockBytesMax: number | null;
  /** From which the kernel takes ports of clients. */
  localPorts: { begin: number; end: number };
  /** There, and this user may use it. */
  kvm: boolean;
  /** Of those that apps of the README name. */
  programsMissing: string[];
  /** Where it is looked at, and what is free there. */
  disk: { directory: string; freeBytes: number };
  /** Of the kernel. */
  release: string;
  /** Programs may be started without address randomisation, which replicas need; null: there is no setarch to try with. */
  fixedAddresses: boolean | null;
}

const setarchMaxMs = 2000;
const rdmaLibraries = ['libibverbs.so.1', 'librdmacm.so.1'];
const libraryDirectories = ['/lib', '/lib64', '/usr/lib', '/usr/lib64'].flatMap((directory) => [
  directory,
  `${directory}/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`,
]);
const programs = ['redis-server', 'qemu-system-x86_64'];
const programDirectories = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'.split(':');

/** `directory`: where room is looked for. */
export function hostFacts(directory: string): HostFacts {
  const [begin, end] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number);
  return {
    rdmaDevices: namesIn('/sys/class/infiniband'),
    rdmaLibrariesMissing: missingIn(libraryDirectories, rdmaLibraries, constants.R_OK),
    memlockBytesMax: memlockOf(readFileSync('/proc/self/limits', 'utf8')),
    localPorts: { begin: begin as number, end: end as number },
    kvm: may('/dev/kvm', constants.R_OK | constants.W_OK),
    programsMissing: missingIn(programDirectories, programs, constants.X_OK),
    disk: freeAt(directory),
    release: release(),
    fixedAddresses: mayFixAddresses(),
  };
}

/** The soft limit of `/proc/PID/limits`. */
export function memlockOf(limits: string): number | null {
  const word = /^Max locked memory\s+(\S+)/m.exec(limits)?.[1];
  return word === undefined || word === 'unlimited' ? null : Number(word);
}

/** Containers may forbid it. */
function mayFixAddresses(): boolean | null {
  const { error, status } = spawnSync('setarch', ['-R', 'true'], { stdio: 'ignore', timeout: setarchMaxMs });
  return error ? null : status === 0;
}

function freeAt(directory: string): HostFacts['disk'] {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return { directory, freeBytes: bavail * bsize };
  } catch (error) {
    // It is made when a replica first needs it.
    if ((error as { code?: string }).code === 'ENOENT' && directory !== '/') return freeAt(dirname(directory));
    throw error;
  }
}

const missingIn = (directories: string[], names: string[], mode: number): string[] =>
  names.filter((name) => !directories.some((directory) => may(join(directory, name), mode)));

function may(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return true;
  } catch {
    return false;
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}
