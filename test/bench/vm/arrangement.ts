/** What all arrangements of a guest share. */
import path from 'node:path';
import type { Machine } from '../../../executor/vm/machine.js';
import { type GuestImage, prepareGuestImage } from '../../../framework/guest/image.js';
import { until } from '../../e2e/system.js';
import { bare, type TestMachine } from '../../vm/machine.js';
import type { Link, Service } from './load-shape.js';
import type { Network } from './network.js';
import type { PrimaryPrograms } from './processor-time.js';

/** One guest with redis-server and `memcached -t 4`, on the machines of `network`. */
export interface Arrangement {
  /** At 127.0.0.1 of the primary's machine. */
  ports: Record<Service, number>;
  primary: PrimaryPrograms;
  /** Rounds or checkpoints that have ended, as far as they are told. */
  rounds: Round[];
  /** What is set otherwise over that link. */
  over?(link: Link): Promise<unknown>;
  stop(): Promise<void>;
}

export interface Round {
  dirtyPages: number;
  /** Of which content crossed. */
  sentPages: number;
  pauseUs: number;
}

export interface Place {
  network: Network;
  /** For sockets, memory and logs; in memory, and removed by the caller. */
  directory: string;
  ports: Record<Service, number>;
}

/** The preload, which QEMU needs for COLO under TCG, and programs of ours. */
export { native } from '../../vm/relayed-pair.js';
/** Of each step of starting: what takes longer hangs. */
export const stepLimitMs = 40_000;
export const guestUp = /guest is up/;
const guestPorts: Record<Service, number> = { redis: 6379, memcached: 11211 };

const shape = {
  commandLine: 'quiet nokaslr no_timer_check mitigations=off gaia.start=redis,memcached',
  memoryMib: 128,
  vcpus: 2,
} as const;
let image: GuestImage | null = null;

export function guest(): GuestImage & typeof shape {
  image ??= prepareGuestImage();
  return { ...image, ...shape };
}

export function doorsOf(ports: Place['ports']) {
  return Object.entries(guestPorts).map(([service, guestPort]) => ({
    ...{ protocol: 'tcp' as const, listen: '127.0.0.1', hostPort: ports[service as Service], guestPort },
  }));
}

/** With QEMU's own network; all arrangements but ours have that. */
export function stockMachine(ports: Place['ports'], change: Partial<Machine> = {}): Machine {
  return { ...bare, ...guest(), network: { type: 'user', doors: doorsOf(ports) }, ...change };
}

export async function boot(machine: TestMachine): Promise<void> {
  await machine.qmp.execute('cont', {});
  await until(`the guest is up; ${machine.output.slice(-500)}`, stepLimitMs, async () => guestUp.test(machine.output));
}

/** COLO's seed to `uri`; checkpoints by QEMU's own clock after that. Under TCG the guest stands still meanwhile (consensus/native/vm/preload). */
export async function seed(machine: TestMachine, uri: string, checkpointDelayMs: number): Promise<void> {
  const { qmp } = machine;
  await qmp.execute('migrate-set-capabilities', { capabilities: [{ capability: 'x-colo', state: true }] });
  await qmp.execute('migrate-set-parameters', { 'x-checkpoint-delay': checkpointDelayMs, 'max-bandwidth': 2 ** 40 });
  await qmp.execute('stop', {});
  await qmp.execute('migrate', { uri });
  await until('COLO begins', stepLimitMs, async () => {
    const { status } = await qmp.execute('query-migrate', {});
    if (status === 'failed') throw new Error(`the seed failed: ${machine.output.slice(-500)}`);
    return status === 'colo';
  });
}

export async function running(machine: TestMachine): Promise<void> {
  await until('the guest runs', stepLimitMs, async () => (await machine.qmp.execute('query-status', {})).running);
}

export const preload = (native: string) => ({ LD_PRELOAD: path.join(native, 'libgaia-tcg-colo.so') });
