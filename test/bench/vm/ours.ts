/** GAIA's replicated guest, its members hosted by the executor's own code, each on a machine of its own. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { MemberAddress, ReplicaAssignment } from '../../../executor/assignment.js';
import { GuestMember, type MemberNews } from '../../../executor/vm/member.js';
import { programFile } from '../../../framework/guest/initramfs.js';
import { freePort } from '../../consensus/ports.js';
import { until } from '../../e2e/system.js';
import {
  type Arrangement,
  doorsOf,
  guest,
  guestUp,
  native,
  type Place,
  type Round,
  stepLimitMs,
} from './arrangement.js';
import type { Place as Machine } from './network.js';

const machines: Machine[] = ['primary', 'backup', 'witness'];
const preloadName = 'libgaia-tcg-colo.so';

interface Hosted {
  member: GuestMember;
  /** What it tells, the newest first. */
  news: MemberNews[];
  /** File. */
  console: string;
}

export async function start(place: Place): Promise<Arrangement> {
  const all: Hosted[] = [];
  const stop = async () => {
    for (const { member } of all) member.signal('SIGKILL');
    for (const { member } of all) await member.reap(0);
  };
  try {
    const rounds: Round[] = [];
    for (const replica of await replicas(place)) all.push(await startMember(place, replica, rounds));
    await Promise.all(all.map(({ member }) => member.run()));
    const [primary, backup] = all as [Hosted, Hosted];
    await until('the guest is up', stepLimitMs, async () => guestUp.test(readFileSync(primary.console, 'utf8')));
    const port = await until('the backup is ready', stepLimitMs, async () => readyPort(backup.news));
    primary.member.obey({ type: 'offerBackup', member: 2, host: place.network.address('backup'), port });
    await until('the backup covers the guest', stepLimitMs, async () => covered(primary.news));
    const qemu = primary.member.qemu?.pid as number;
    return { ports: place.ports, primary: { qemu, beside: primary.member.plane.pid }, rounds, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function readyPort(news: MemberNews[]): number | null {
  const told = news.find((one) => one.type === 'guest');
  return told && told.guest.relayPort > 0 ? told.guest.relayPort : null;
}

function covered(news: MemberNews[]): boolean {
  const bad = news.find((one) => one.type === 'backupLost' || one.type === 'useless');
  if (bad) throw new Error(bad.reason);
  return news.some((one) => one.type === 'guest' && one.guest.standing === 'covered');
}

async function replicas({ network }: Place): Promise<ReplicaAssignment[]> {
  const addresses: MemberAddress[] = [];
  for (const [slot, machine] of machines.entries()) {
    const ports = { consensusPort: await freePort(), servicePort: await freePort() };
    addresses.push({ slot, member: slot + 1, host: network.address(machine), ...ports });
  }
  const shared = {
    ...{
      group: '/bench/guest@1',
      secretHex: randomBytes(32).toString('hex'),
      seedHex: randomBytes(32).toString('hex'),
    },
    ...{ epochMs: Date.now(), join: false, transport: 'tcp' as const, gateway: null, suspicionMs: 5000 },
    ...{
      durability: 'memory' as const,
      dataDirectory: null,
      snapshot: { provider: 'replay' as const },
      returns: false,
    },
  };
  return addresses.map((self) => ({ ...shared, self, peers: addresses.filter((other) => other !== self) }));
}

async function startMember(place: Place, replica: ReplicaAssignment, rounds: Round[]): Promise<Hosted> {
  const { slot } = replica.self;
  const directory = path.join(place.directory, String(slot + 1));
  const programs = path.join(place.directory, `programs-${slot + 1}`);
  makePrograms(programs, place.network.at(machines[slot] as Machine));
  const group = { firstPrimary: 1, witness: slot === 2 };
  const news: MemberNews[] = [];
  const member = await GuestMember.start({
    ...{ replica, group, directory, native: programs, owner: null, hear: () => {} },
    vm: { ...guest(), doors: slot === 0 ? doorsOf(place.ports) : [], disk: null, bridge: null, group },
    env: { ...process.env, PATH: `${programs}:${process.env.PATH}` } as Record<string, string>,
    tell: (one) => (one.type === 'round' ? rounds.push(one.round) : news.unshift(one)),
  });
  return { member, news, console: path.join(directory, 'qemu-system-x86_64.log') };
}

/** What an executor would find on that machine: the same programs, which run there. */
function makePrograms(folder: string, at: string[]): void {
  mkdirSync(folder, { recursive: true });
  symlinkSync(path.join(native, preloadName), path.join(folder, preloadName));
  for (const program of [path.join(native, 'gaia-vm'), programFile('qemu-system-x86_64', 'qemu-system-x86')]) {
    const name = path.basename(program);
    const script = `#!/bin/sh\nexec ${at.join(' ')} ${program} "$@" >>${name}.log 2>&1\n`;
    writeFileSync(path.join(folder, name), script, { mode: 0o755 });
  }
}
