/** Groups of replicated redis-servers with one member per guest. */
import { eventually } from '../consensus/group.js';
import { type Group, type GroupOptions, type Replica, startGroup } from '../consensus/interpose/group.js';
import { theGuests } from './guests.js';
import { GuestMachine } from './machine.js';

/** Emulated processors on a busy machine: everything takes long, and some things a hundred times as long as others. */
export const patienceMs = 120_000;

export function startGroupInGuests(transport: NonNullable<GroupOptions['transport']>): Promise<Group> {
  const { list, scratch } = theGuests();
  const settings = ['--protected-mode', 'no', '--save', '', '--enable-debug-command', 'yes'];
  return startGroup({
    transport,
    machines: list.map((guest) => new GuestMachine(guest)),
    directory: scratch,
    program: (port) => ['redis-server', '--port', `${port}`, ...settings],
    leaderLimitMs: patienceMs,
  });
}

/** Transports of a member's connections, by the other's number; `none` where there is no connection. */
function transportsOf(replica: Replica): Map<number, string> {
  const peers = replica.state?.peers ?? [];
  return new Map(peers.map((peer) => [peer.member, peer.connected ? peer.transport : 'none']));
}

/** Resolves when every connection between living members is over that transport. */
export function allOver(group: Group, transport: string): Promise<unknown> {
  const living = group.living();
  const pairs = living.flatMap((one) => living.filter((other) => other !== one).map((other) => [one, other] as const));
  const used = () => pairs.map(([one, other]) => transportsOf(one).get(other.address.member));
  const all = () => used().every((name) => name === transport);
  return eventually(`not every connection is over ${transport}`, all, patienceMs).catch((error) => {
    throw new Error(`${error.message}: ${used().join(' ')}`);
  });
}
