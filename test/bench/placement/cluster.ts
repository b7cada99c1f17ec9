/** Made clusters and demands: the same for the same seed. */
import type { AgentSnapshot, GroupRequest, ReplicaDemand } from '../../../placement/index.js';
import type { Random } from '../../random.js';

export interface Shape {
  cpus: number;
  /** MB */
  mem: number;
}

export const gib = 1024;
/** Machines as clusters grow them: four generations. */
export const machines: readonly Shape[] = [
  { cpus: 16, mem: 64 * gib },
  { cpus: 32, mem: 128 * gib },
  { cpus: 64, mem: 256 * gib },
  { cpus: 48, mem: 384 * gib },
];

export const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const mixed = [...items];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j] as T, mixed[i] as T];
  }
  return mixed;
}

/** Agent `i`: in zone i mod 3, and there in one of 50 racks. */
export function agentOf(i: number, { cpus, mem }: Shape): AgentSnapshot {
  const total = { cpus, mem, disk: 1_000_000, gpus: 0, ports: [{ begin: 31000, end: 31999 }] };
  return {
    id: `S${String(i).padStart(6, '0')}`,
    hostname: `agent-${i}`,
    region: 'eu',
    zone: `z${i % 3}`,
    attributes: { rack: { type: 'text', value: `r${Math.floor(i / 3) % 50}` } },
    free: total,
    total,
  };
}

export function demandOf({ cpus, mem }: Shape, ports: number[] = [0]): ReplicaDemand {
  return { cpus, mem, disk: 0, gpus: 0, ports };
}

export const ladder = ['zone', 'rack', 'host'];

export function groupOf(number: number, replicas: number, demand: ReplicaDemand, spread = ladder): GroupRequest {
  return {
    id: `/bench/${number}`,
    slots: Array.from({ length: replicas }, (_, slot) => slot),
    demand,
    constraints: [],
    distinctAgents: true,
    spread,
    living: [],
    avoid: {},
    whole: true,
  };
}
