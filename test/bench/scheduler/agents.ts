import type { Offer, SchedulerEvent, TaskInfo } from '../../../framework/mesos-http-client/index.js';
import { fromPlain, type PlainResources, ranges, toPlain } from '../../../framework/mesos-http-client/index.js';
import type { OfferBook, OfferedAgent } from '../../fake-master/offer-book.js';

/** Agents that exist by their books only: what they have, what is offered. */

export interface BookedAgent extends OfferedAgent {
  id: string;
  hostname: string;
  zone: string;
  free: PlainResources;
}

const WHOLE: Omit<PlainResources, 'ports'> = { cpus: 16, mem: 65_536, disk: 524_288, gpus: 0 };
const PORTS = { begin: 20_000, end: 20_999 };
const ZONES = 5;
const RACKS = 100;

export function newAgents(count: number, zones = ZONES): Map<string, BookedAgent> {
  const agents = Array.from({ length: count }, (_, index): [string, BookedAgent] => {
    const id = `bench-S${index}`;
    const free = { ...WHOLE, ports: [{ ...PORTS }] };
    const zone = `zone-${index % zones}`;
    return [id, { id, hostname: `agent-${index}`, zone, free, offerId: null, refusedUntilMs: 0 }];
  });
  return new Map(agents);
}

/** @returns what the task has been given */
export function takeFrom(agent: BookedAgent, { resources = [], executor }: TaskInfo): PlainResources {
  const taken = toPlain([...resources, ...(executor?.resources ?? [])]);
  const { cpus, mem, disk, gpus, ports } = agent.free;
  agent.free = {
    cpus: less(cpus, taken.cpus),
    mem: less(mem, taken.mem),
    disk: less(disk, taken.disk),
    gpus: less(gpus, taken.gpus),
    ports: ranges.difference(ports, taken.ports),
  };
  if (Math.min(agent.free.cpus, agent.free.mem, agent.free.disk) < 0)
    throw new Error(`${agent.hostname}: more was launched than it has`);
  return taken;
}

/** What a task has had that has ended. */
export function giveBack(agent: BookedAgent, given: PlainResources): void {
  const { cpus, mem, disk, gpus, ports } = agent.free;
  agent.free = {
    cpus: less(cpus, -given.cpus),
    mem: less(mem, -given.mem),
    disk: less(disk, -given.disk),
    gpus: less(gpus, -given.gpus),
    ports: ranges.union(ports, given.ports),
  };
}

const less = (a: number, b: number): number => Math.round((a - b) * 1000) / 1000;

/** All agents that may be offered, in one event, as Mesos does. */
export function offersDue(
  agents: ReadonlyMap<string, BookedAgent>,
  book: OfferBook<BookedAgent>,
  nowMs: number,
  to: { frameworkId: string; role: string },
): SchedulerEvent[] {
  const due = [...agents.values()].filter((agent) => book.isDue(agent, nowMs));
  const offers = due.map((agent) => offerOf(agent, book.give(agent), to));
  return offers.length > 0 ? [{ type: 'OFFERS', offers: { offers } }] : [];
}

function offerOf(
  agent: BookedAgent,
  offerId: string,
  { frameworkId, role }: { frameworkId: string; role: string },
): Offer {
  const index = Number(agent.id.slice('bench-S'.length));
  const resources = fromPlain(agent.free).map((resource) => ({ ...resource, allocation_info: { role } }));
  return {
    id: { value: offerId },
    framework_id: { value: frameworkId },
    agent_id: { value: agent.id },
    hostname: agent.hostname,
    url: { scheme: 'http', address: { hostname: agent.hostname, ip: addressOf(index), port: 5051 }, path: '/slave(1)' },
    domain: { fault_domain: { region: { name: 'bench' }, zone: { name: agent.zone } } },
    resources,
    attributes: [{ name: 'rack', type: 'TEXT', text: { value: `rack-${index % RACKS}` } }],
    allocation_info: { role },
  };
}

const addressOf = (index: number): string => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
