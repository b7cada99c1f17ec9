/** Builders of small snapshots and requests for tests. */
import type { AgentSnapshot, AttributeValue, Constraint, GroupRequest, LivingReplica } from '../../placement/index.js';

export interface AgentShape {
  cpus?: number;
  mem?: number;
  disk?: number;
  gpus?: number;
  ports?: { begin: number; end: number }[];
  scalars?: Record<string, number>;
  sets?: Record<string, string[]>;
  hostname?: string;
  zone?: string | null;
  region?: string | null;
  /** Texts. */
  text?: Record<string, string>;
  running?: { app: string; slot: number }[];
  attributes?: Record<string, AttributeValue>;
  total?: { cpus?: number; mem?: number; disk?: number; gpus?: number };
}

export function agent(id: string, shape: AgentShape = {}): AgentSnapshot {
  const { cpus = 4, mem = 4096, disk = 10000, gpus = 0, ports = [{ begin: 31000, end: 31099 }] } = shape;
  const { scalars, sets } = shape;
  const free = { cpus, mem, disk, gpus, ports, ...(scalars && { scalars }), ...(sets && { sets }) };
  const texts = Object.entries(shape.text ?? {}).map(([name, value]) => [name, { type: 'text', value }]);
  return {
    id,
    hostname: shape.hostname ?? id,
    region: shape.region ?? null,
    zone: shape.zone ?? null,
    attributes: { ...Object.fromEntries(texts), ...shape.attributes },
    free,
    total: { ...free, ...shape.total },
    ...(shape.running && { running: shape.running }),
  };
}

export function group(shape: Partial<GroupRequest> = {}): GroupRequest {
  return {
    id: '/demo/ledger',
    slots: [0, 1, 2],
    demand: { cpus: 0.5, mem: 128, disk: 0, gpus: 0, ports: [0] },
    constraints: [],
    distinctAgents: true,
    spread: [],
    living: [],
    avoid: {},
    whole: true,
    ...shape,
  };
}

export function living(slot: number, on: AgentSnapshot): LivingReplica {
  const { hostname, region, zone, attributes } = on;
  return { slot, agentId: on.id, hostname, region, zone, attributes };
}

export function constraint(field: string, operator: Constraint['operator'], value: string | null = null): Constraint {
  return { field, operator, value };
}
