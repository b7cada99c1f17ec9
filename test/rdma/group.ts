/** Groups of replicated redis-servers with one member per guest. */
import assert from 'node:assert/strict';
import { eventually } from '../consensus/group.js';
import { compareLiving } from '../consensus/interpose/exactness.js';
import { type Group, type GroupOptions, type Replica, startGroup } from '../consensus/interpose/group.js';
import { findLosses, runWorkload } from '../consensus/interpose/workload.js';
import type { Guest } from './guest.js';
import { theGuests } from './guests.js';
import { GuestMachine } from './machine.js';

/** Emulated processors on a busy machine: everything takes long, and some things a hundred times as long as others. */
export const patienceMs = 120_000;

export const seed = Number(process.env.GAIA_SEED ?? 20261125);
export const commands = Number(process.env.GAIA_COMMANDS ?? 1500);
const clients = 6;

export function startGroupInGuests(transport: NonNullable<GroupOptions['transport']>): Promise<Group> {
  const { list, scratch } = theGuests();
  const settings = ['--protected-mode', 'no', '--save', '', '--enable-debug-command', 'yes'];
  return startGroup({
    transport,
    machines: list.map((guest) => new GuestMachine(guest)),
    directory: scratch,
    program: (port) => ['redis-server', '--port', `${port}`, ...settings],
    leaderLimitMs: patienceMs,
    suspicionMs: 400,
  });
}

export function guestOf(replica: Replica): Guest {
  return (replica.machine as GuestMachine).guest;
}

/** What a replica last said of its connection to another. */
export function connection(from: Replica, to: Replica): { transport: string; reason: string } {
  const peer = from.state?.peers.find(({ member }) => member === to.address.member);
  const transport = peer?.connected ? peer.transport : 'none';
  return { transport, reason: peer?.transportReason ?? '' };
}

/** Waits as long as it takes here; a failure tells how it stands. */
export function waitFor(what: string, condition: () => unknown, state: () => string): Promise<unknown> {
  return eventually(what, condition, patienceMs).catch((error) => {
    throw new Error(`${error.message}: ${state()}`);
  });
}

/** Resolves when these replicas are connected, each to each, over that transport, or not at all (`none`). */
export function allOver(replicas: Replica[], transport: string): Promise<unknown> {
  const pairs = replicas.flatMap((from) => replicas.filter((to) => to !== from).map((to) => [from, to] as const));
  const used = () => pairs.map(([from, to]) => connection(from, to));
  return waitFor(
    `not every connection is over ${transport}`,
    () => used().every((one) => one.transport === transport),
    () => JSON.stringify(used()),
  );
}

/** The one of these whom all of these follow. */
export async function leaderAmong(replicas: Replica[]): Promise<Replica> {
  const follows = (one: Replica, leader: Replica) => one.state?.leader === leader.address.member;
  const find = () => replicas.find((one) => one.state?.role === 'leader' && replicas.every((two) => follows(two, one)));
  await waitFor('no leader among the living', find, () => JSON.stringify(replicas.map(({ state }) => state)));
  return find() as Replica;
}

/**
 * Runs the workload, and a fault from when a third of the commands are acknowledged. The fault is given a promise of
 * progress: it resolves when more is acknowledged than when it was asked for.
 */
export async function workUnder(
  group: Group,
  fault: (progress: () => Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  let done = 0;
  let course: Promise<unknown> | undefined;
  const progress = () => {
    const before = done;
    return waitFor(
      'clients do not go on',
      () => done >= Math.min(before + 50, commands),
      () => `${done} of ${commands} done`,
    );
  };
  const onProgress = (acknowledged: number) => {
    done = acknowledged;
    if (course !== undefined || done < commands / 3) return;
    course = fault(progress);
    course.catch(() => {}); // it fails the test when the workload is through
  };
  const first = await group.client((await group.leader()).address.slot);
  await first.call('FLUSHALL');
  first.close();
  const ports = () => group.living().map((replica) => replica.clientPort);
  const ledger = await runWorkload({ seed, clients, commands, ports, onProgress });
  assert.ok(course !== undefined);
  await course;
  const client = await group.client((await group.leader()).address.slot);
  assert.deepEqual(await findLosses(ledger, client), []);
  // Replicas hash what they answer, followers too: equal outputs are equal digests.
  assert.match(String(await client.call('DEBUG', 'DIGEST')), /^[0-9a-f]{40}$/);
  client.close();
  await assertEqual(group);
}

async function assertEqual(group: Group): Promise<void> {
  await group.quiesce();
  for (const { turns, differences } of compareLiving(group)) {
    assert.deepEqual(differences.slice(0, 3), []);
    assert.ok(turns > 10, `only ${turns} turns compared`);
  }
  for (const { state } of group.living()) {
    assert.deepEqual(state?.unexpected, {});
    assert.equal(state?.divergence, null);
  }
}
