/** What of each agent is left while plans are being made. */
import { giveNamed, type NamedLeft, openNamed, roomForNamed, takeNamed } from './named.js';
import {
  type Amounts,
  amounts,
  covers,
  dimensions,
  normalizedPorts,
  portCount,
  roomForPlain,
  takePorts,
} from './resources.js';
import type { AgentSnapshot, PortRange, ReplicaDemand, Resources, Seat } from './types.js';

export interface Ledger {
  /** Its place in the list. */
  number: number;
  agent: AgentSnapshot;
  /** The hostname; with the id when several agents have it. */
  name: string;
  left: Amounts;
  total: Amounts;
  ports: PortRange[];
  portsLeft: number;
  named: NamedLeft;
  /** See fit.ts. */
  step: number;
}

/** Sorted by id. Throws RangeError when an agent occurs twice: its offers belong together. */
export function openLedgers(agents: readonly AgentSnapshot[]): Ledger[] {
  const ids = new Set<string>();
  const hosts = new Map<string, number>();
  for (const { id, hostname } of agents) {
    if (ids.has(id)) throw new RangeError(`agent ${id} is twice in the snapshot; merge its offers into one entry`);
    ids.add(id);
    hosts.set(hostname, (hosts.get(hostname) ?? 0) + 1);
  }
  const sorted = [...agents].sort((a, b) => (a.id < b.id ? -1 : 1));
  return sorted.map((agent, number) => {
    const name = hosts.get(agent.hostname) === 1 ? agent.hostname : `${agent.hostname} (${agent.id})`;
    return { number, agent, name, total: amounts(agent.total), ...freeOf(agent.free), step: 0 };
  });
}

export function freeOf(free: Resources): Pick<Ledger, 'left' | 'ports' | 'portsLeft' | 'named'> {
  const ports = normalizedPorts(free.ports);
  return { left: amounts(free), ports, portsLeft: portCount(ports), named: openNamed(free) };
}

/** How many replicas fit side by side. Infinity when nothing is asked. */
export function roomFor({ left, ports, named }: Ledger, demand: ReplicaDemand, asked: Amounts): number {
  return Math.min(roomForPlain(left, ports, demand, asked), roomForNamed(named, demand));
}

/** Takes one replica's share and gives its ports and items. The caller has made sure that it fits. */
export function withdraw(
  ledger: Ledger,
  demand: ReplicaDemand,
  start: number,
  wanted: ReadonlySet<number>,
): Pick<Seat, 'ports' | 'items'> {
  const asked = amounts(demand);
  const ports = takePorts(ledger.ports, demand.ports, start, wanted);
  if (!ports || !covers(ledger.left, asked)) throw new Error(`agent ${ledger.name} was chosen for more than it has`);
  for (const dimension of dimensions) ledger.left[dimension] -= asked[dimension];
  ledger.ports = ports.left;
  ledger.portsLeft -= ports.taken.length;
  const items = takeNamed(ledger.named, demand);
  return demand.sets ? { ports: ports.taken, items } : { ports: ports.taken };
}

/** Gives back what `withdraw` has taken. */
export function giveBack(
  ledger: Ledger,
  demand: ReplicaDemand,
  { ports, items = {} }: Pick<Seat, 'ports' | 'items'>,
): void {
  const asked = amounts(demand);
  for (const dimension of dimensions) ledger.left[dimension] += asked[dimension];
  ledger.ports = normalizedPorts([...ledger.ports, ...ports.map((port) => ({ begin: port, end: port }))]);
  ledger.portsLeft += ports.length;
  giveNamed(ledger.named, demand, items);
}
