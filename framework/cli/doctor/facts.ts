/** What is looked at on this machine. */
import { accessSync, constants, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Agent, request } from 'undici';

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
  /** By how much this machine's clock is ahead of the framework's, and how well that is known; null: not asked. */
  clock: { offsetMs: number; errorMs: number } | null;
}

const rdmaLibraries = ['libibverbs.so.1', 'librdmacm.so.1'];
const libraryDirectories = ['/lib', '/lib64', '/usr/lib', '/usr/lib64'].flatMap((directory) => [
  directory,
  `${directory}/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`,
]);
const programs = ['redis-server', 'qemu-system-x86_64'];
const programDirectories = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'.split(':');

export function hostFacts(directory: string): Omit<HostFacts, 'clock'> {
  const [begin, end] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number);
  return {
    rdmaDevices: namesIn('/sys/class/infiniband'),
    rdmaLibrariesMissing: missingIn(libraryDirectories, rdmaLibraries, constants.R_OK),
    memlockBytesMax: memlockOf(readFileSync('/proc/self/limits', 'utf8')),
    localPorts: { begin: begin as number, end: end as number },
    kvm: may('/dev/kvm', constants.R_OK | constants.W_OK),
    programsMissing: missingIn(programDirectories, programs, constants.X_OK),
    disk: freeAt(directory),
  };
}

/** The soft limit of `/proc/PID/limits`. */
export function memlockOf(limits: string): number | null {
  const word = /^Max locked memory\s+(\S+)/m.exec(limits)?.[1];
  return word === undefined || word === 'unlimited' ? null : Number(word);
}

/** By the Date of an answer, which has whole seconds. Throws when there is no answer. */
export async function clockAgainst(url: string, authority: Buffer | undefined): Promise<HostFacts['clock']> {
  const dispatcher = new Agent({
    headersTimeout: 5000,
    connect: { timeout: 5000, ...(authority && { ca: authority }) },
  });
  try {
    const before = Date.now();
    const { headers, body } = await request(`${url.replace(/\/$/, '')}/ping`, { dispatcher });
    await body.dump();
    const tookMs = Date.now() - before;
    return { offsetMs: before + tookMs / 2 - (Date.parse(String(headers.date)) + 500), errorMs: tookMs / 2 + 500 };
  } finally {
    await dispatcher.destroy();
  }
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
