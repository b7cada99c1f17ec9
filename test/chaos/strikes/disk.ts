/** Disks that are full, slow, failing or damaged. */
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { until } from '../../e2e/system.js';
import { nameOf, type ReplicaProcess } from '../replica-processes.js';
import { type Arena, type Begin, type End, inOrder, Skipped, type Struck } from './arena.js';
import { command } from './command.js';
import { endTracer } from './tracer.js';

const ballast = 'ballast';
const attachMaxMs = 30_000;

/** To the last byte. */
async function fillDisk(arena: Arena, pick: number): Promise<Struck> {
  const { disks } = arena.machines;
  const at = pick % disks.length;
  const disk = disks[at] as string;
  const release = arena.hold(`disk of agent-${at + 1}`);
  const file = join(disk, ballast);
  const { bavail, bsize } = statfsSync(disk);
  await command(['fallocate', '--length', `${bavail * bsize}`, file]);
  return {
    target: `agent-${at + 1}`,
    end: () => {
      rmSync(file);
      return release();
    },
  };
}

function anyOnDisk(arena: Arena, pick: number): ReplicaProcess {
  const members = arena.replicas().filter(({ group }) => group.startsWith('/chaos/disk@'));
  return arena.pick(members, pick, 'replica with durability disk');
}

/** What `strace` makes of the synchronisations of one process, until the end, which is told what it has seen. */
async function inject(
  arena: Arena,
  { pid }: ReplicaProcess,
  effect: string,
  tell: (seen: string) => void = () => {},
): Promise<End> {
  const release = arena.hold(`system calls of ${pid}`);
  const calls = 'fsync,fdatasync';
  const file = join(arena.cluster.directory, `synchronisations-${pid}`);
  const words = ['-f', '-qq', '-y', '-o', file, '-e', `trace=${calls}`, '-e', `inject=${calls}:${effect}`];
  const tracer = spawn('strace', [...words, '-p', `${pid}`], { stdio: 'ignore' });
  const end = async () => {
    await endTracer(tracer);
    tell(existsSync(file) ? readFileSync(file, 'utf8') : '');
    rmSync(file, { force: true });
    await release();
  };
  try {
    await until('strace has all threads', attachMaxMs, async () => tracer.exitCode !== null || isTraced(pid));
    if (tracer.exitCode !== null) throw new Skipped(`process ${pid} has ended`);
    return end;
  } catch (error) {
    await end();
    throw error;
  }
}

function isTraced(pid: number): boolean {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.every((id) => !/^TracerPid:\t0$/m.test(readFileSync(`/proc/${pid}/task/${id}/status`, 'utf8')));
}

async function slowFsync(arena: Arena, pick: number): Promise<Struck> {
  const victim = anyOnDisk(arena, pick);
  const delayMs = 50 + (pick % 1000);
  return {
    target: `${nameOf(victim)}, ${delayMs} ms each`,
    end: await inject(arena, victim, `delay_enter=${delayMs * 1000}`),
  };
}

/** Whether what strace has seen shows that a log or a journal could not be synchronised. */
export const hasFailed = (seen: string): boolean => /\.(wal|journal)>\).*\(INJECTED\)/.test(seen);

/** It ends such a member for good: what lies on its disk is not known any more. */
async function failFsync(arena: Arena, pick: number): Promise<Struck> {
  const victim = anyOnDisk(arena, pick);
  const release = await arena.holdLosable(victim, { forGood: true });
  try {
    arena.blame(victim.pid);
    const end = await inject(arena, victim, 'error=EIO', (seen) => {
      if (hasFailed(seen)) arena.distrust(victim);
    });
    return { target: nameOf(victim), end: inOrder(end, release) };
  } catch (error) {
    await release();
    throw error;
  }
}

/** A bit is turned in what its log holds, then its process ends: it must not come back from that, unless it does not need it. */
async function corruptLog(arena: Arena, pick: number): Promise<Struck> {
  const victim = anyOnDisk(arena, pick);
  await arena.requireLosable([victim], { forGood: true });
  const ofGroup = victim.group.replaceAll('/', '_');
  const folders = arena.cluster.disks.map((disk) => join(disk, ofGroup, `${victim.slot}-${victim.member}`));
  const folder = arena.pick(folders.filter(existsSync), pick, 'folder of that replica');
  const files = readdirSync(folder).filter((name) => name.endsWith('.wal') || name.endsWith('.journal'));
  const file = join(folder, arena.pick(files.sort(), pick, 'file of a log'));
  const offset = turnBit(file, pick);
  arena.kill(victim.pid);
  return { target: `${nameOf(victim)}, byte ${offset} of ${file}` };
}

/** Of a byte that holds something; segments are longer than what is written in them. */
function turnBit(file: string, pick: number): number {
  const bytes = Buffer.alloc(statSync(file).size);
  const descriptor = openSync(file, 'r+');
  try {
    readSync(descriptor, bytes, 0, bytes.length, 0);
    const written = bytes.findLastIndex((byte) => byte !== 0) + 1;
    if (written === 0) throw new Skipped(`${file} holds nothing yet`);
    const offset = (pick * 7919) % written;
    writeSync(descriptor, Buffer.from([(bytes[offset] as number) ^ 1]), 0, 1, offset);
    return offset;
  } finally {
    closeSync(descriptor);
  }
}

export const diskStrikes = {
  'fill-disk': fillDisk,
  'slow-fsync': slowFsync,
  'fail-fsync': failFsync,
  'corrupt-log': corruptLog,
} satisfies Record<string, Begin>;
