/** What agents have, and what is asked of them: sums and differences of amounts and ports. */
import type { AgentSnapshot, ReplicaDemand, Resources } from '../../placement/types.js';
import { type PlainResources, ranges } from '../mesos-http-client/index.js';

export const scalars = ['cpus', 'mem', 'disk', 'gpus'] as const;
/** Names of refusals that are about them. */
export const amountNames: readonly string[] = [...scalars, 'ports'];

/** What is left of `free` beside what is asked, nothing of it below zero; of ports that are not named the last go. */
export function less(free: Resources, demand: ReplicaDemand): Resources {
  const rest = Object.fromEntries(scalars.map((name) => [name, Math.max(0, free[name] - demand[name])]));
  const specific = specificPorts(demand);
  const ports = withoutLast(ranges.difference(free.ports, specific), demand.ports.length - specific.length);
  return { ...free, ...rest, ports };
}

/** What some replicas ask together. */
export function together(demands: ReplicaDemand[]): ReplicaDemand {
  const sum = (name: (typeof scalars)[number]) => demands.reduce((total, demand) => total + demand[name], 0);
  const ports = demands.flatMap((demand) => demand.ports);
  return { cpus: sum('cpus'), mem: sum('mem'), disk: sum('disk'), gpus: sum('gpus'), ports };
}

function withoutLast(ports: Resources['ports'], count: number): Resources['ports'] {
  const left = [...ports];
  for (let missing = count; missing > 0; ) {
    const last = left.pop();
    if (!last) break;
    const size = last.end - last.begin + 1;
    if (size > missing) left.push({ begin: last.begin, end: last.end - missing });
    missing -= size;
  }
  return left;
}

/** The agent as if all that was taken by tasks had come back. */
export function emptied(agent: AgentSnapshot, tasks: PlainResources[]): AgentSnapshot {
  if (tasks.length === 0) return agent;
  const all = Object.fromEntries(
    scalars.map((name) => [name, tasks.reduce((sum, task) => sum + task[name], agent.free[name])]),
  );
  const free = { ...agent.free, ...all, ports: ranges.union(agent.free.ports, ...tasks.map(({ ports }) => ports)) };
  return { ...agent, free, total: free };
}

/** The largest share of what is asked that is not free; 0: it fits. */
export function missing(free: Resources, demand: ReplicaDemand): number {
  const share = (asked: number, has: number) => Math.max(0, Math.round((asked - has) * 1000) / (asked * 1000));
  const lacks = scalars.map((name) => (demand[name] > 0 ? share(demand[name], free[name]) : 0));
  const ports = ranges.includes(free.ports, specificPorts(demand)) ? ranges.size(free.ports) : 0;
  return Math.max(...lacks, demand.ports.length > 0 ? share(demand.ports.length, ports) : 0);
}

function specificPorts({ ports }: ReplicaDemand): Resources['ports'] {
  return ports.filter((port) => port !== 0).map((port) => ({ begin: port, end: port }));
}
