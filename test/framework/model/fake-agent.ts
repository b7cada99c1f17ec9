/** An agent of the tiny Mesos, and what it offers. */
import {
  fromPlain,
  type Offer,
  type Resource,
  reservationRole,
  toPlain,
  type Unavailability,
} from '../../../framework/mesos-http-client/index.js';
import type { OfferedAgent } from '../../fake-master/offer-book.js';

const whole = fromPlain({ cpus: 4, mem: 4096, disk: 10_000, gpus: 0, ports: [{ begin: 31_000, end: 31_099 }] });

export interface FakeAgent extends OfferedAgent {
  id: string;
  hostname: string;
  up: boolean;
  /** What the offer that is out offers. */
  offered: Resource[];
  /** Until then another framework has what it offers. */
  takenUntilMs?: number;
  /** All of it is reserved for this role. */
  role?: string;
  /** What it has, with what has been reserved and created since; left out: nothing has. */
  resources?: Resource[];
  unavailability?: Unavailability;
  /** Its machine is no more. The master does not know, and waits for it. */
  lost?: true;
}

export const newAgent = (number: number): FakeAgent => ({
  id: `S${number}`,
  hostname: `box${number}`,
  up: true,
  offerId: null,
  offered: [],
  refusedUntilMs: 0,
});

/** Whoever uses it. */
export function totalOf({ resources, role }: FakeAgent): Resource[] {
  if (resources) return resources;
  return role === undefined
    ? whole
    : whole.map((resource) => ({ ...resource, reservations: [{ type: 'STATIC', role }] }));
}

/** What a framework of this role is offered of what is free. */
export function offerOf(agent: FakeAgent, id: string, free: Resource[], role: string): Offer {
  const number = Number(agent.id.slice(1));
  return {
    id: { value: id },
    framework_id: { value: 'fw-1' },
    agent_id: { value: agent.id },
    hostname: agent.hostname,
    url: { scheme: 'http', address: { ip: `127.0.1.${number}`, port: 5051 } },
    domain: { fault_domain: { region: { name: 'r' }, zone: { name: `z${number % 2}` } } },
    attributes: [{ name: 'rack', type: 'TEXT', text: { value: `r${number % 3}` } }],
    resources: free.filter((resource) => ['*', role].includes(reservationRole(resource))),
    ...(agent.unavailability ? { unavailability: agent.unavailability } : {}),
  };
}

export const cpusOf = (resources: readonly Resource[]): number => toPlain(resources).cpus;
