/** What is still there when everything has been removed: each is a leak. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pids } from '../../executor/pids.js';
import { inMesosOf } from '../acceptance/platform.js';
import { type Cluster, role } from './cluster.js';

const commandCharactersMax = 200;

/**
 * While the cluster runs, without apps.
 *
 * @param givenUp of which members what they kept may be there: `SLOT-MEMBER`
 */
export async function leftInCluster(cluster: Cluster, givenUp: ReadonlySet<string>): Promise<string[]> {
  return [
    ...cluster.replicas().map(({ pid, group }) => `process ${pid} of ${group}`),
    ...(await leftInMesos(cluster)),
    ...cluster.disks.flatMap((disk) => directoriesIn(disk, givenUp)),
    ...cluster.volumes.flatMap(volumesIn),
  ];
}

/** When the cluster has been stopped, and what ends with it had its time; what libfaketime leaves of killed processes is not GAIA's. This process runs in namespaces of its own, of processes, too. */
export function leftOnMachine(): string[] {
  return [...inFolder('/dev/shm', 'shared memory').filter((what) => !what.includes('faketime')), ...strangers()];
}

async function leftInMesos({ masterUrls }: Cluster): Promise<string[]> {
  const { living, reserved } = await inMesosOf(await leadingMaster(masterUrls), role);
  return [...reserved.map((agent) => `reservation on ${agent}`), ...living.map((id) => `task ${id}`)];
}

/** Others redirect to it. */
async function leadingMaster(urls: readonly string[]): Promise<string> {
  const answers = urls.map((url) => fetch(`${url}/state`));
  return new URL((await Promise.any(answers)).url).origin;
}

const inFolder = (folder: string, what: string): string[] =>
  existsSync(folder) ? readdirSync(folder).map((name) => `${what} ${join(folder, name)}`) : [];

export function volumesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /^roles\/[^/]+\/[^/]+$/.test(name)).map((name) => `volume ${join(folder, name)}`);
}

/**
 * Members with durability disk whose executors were not told to stop them, since they had ended: what they kept is left. `SLOT-MEMBER`.
 *
 * @param log of all schedulers, since stories forget
 */
export function membersGivenUp(log: string): Set<string> {
  const ofDisk = log.split('\n').filter((line) => line.includes('"appId":"/chaos/disk"'));
  const named = (told: string) => {
    const said = new RegExp(`"(?:leader, |replacement: )?replica (\\d+) \\(member (\\d+)\\)[^"]* (?:${told})`);
    return ofDisk.flatMap((line) => said.exec(line)?.slice(1).join('-') ?? []);
  };
  const stopped = new Set(named('was stopped:'));
  const given = named('has not come back|has been unreachable for \\d+ s: it is replaced|ended before it was stopped');
  const lost = named('has ended: executor terminated');
  // A new one that never ran has an executor that removes what it kept.
  const ran = new Set(named('runs on'));
  const ended = named('has ended:').filter((member) => ran.has(member));
  return new Set([...given, ...lost, ...ended].filter((member) => !stopped.has(member)));
}

export function directoriesIn(disk: string, givenUp: ReadonlySet<string>): string[] {
  const groups = existsSync(disk) ? readdirSync(disk) : [];
  return groups.flatMap((group) => {
    const members = readdirSync(join(disk, group));
    if (members.length === 0) return [`directory of a group ${join(disk, group)}`];
    const others = members.filter((member) => !givenUp.has(member));
    return others.map((member) => `directory of a member ${join(disk, group, member)}`);
  });
}

/** All processes but this one and the one that collects orphans. */
function strangers(): string[] {
  const others = pids().filter((pid) => ![1, process.pid].includes(pid));
  return others.flatMap((pid) => {
    const words = commandOf(pid);
    return words === null ? [] : [`process ${pid}: ${words}`];
  });
}

/** Null: it has ended. */
function commandOf(pid: number): string | null {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .replaceAll('\0', ' ')
      .trim()
      .slice(0, commandCharactersMax);
    const state = /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1] ?? '?';
    return `${words || 'no command'}, state ${state}`;
  } catch {
    return null;
  }
}
