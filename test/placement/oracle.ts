/** Exhaustive search over small instances, written against the promises and not against the implementation. */
import type { Affinity, AgentSnapshot, Constraint, GroupRequest, LivingReplica, Rung } from '../../placement/index.js';

type Located = AgentSnapshot | LivingReplica;

/** All multisets of `size` agents, each as a list of indices that never falls. */
export function* multisets(agents: number, size: number, from = 0): Generator<number[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let i = from; i < agents; i++) for (const rest of multisets(agents, size - 1, i)) yield [i, ...rest];
}

/** Whether `chosen` (indices of agents, one per replica) keeps every promise to the group. */
export function isValid(group: GroupRequest, agents: AgentSnapshot[], chosen: number[]): boolean {
  const at = chosen.map((i) => agents[i] as AgentSnapshot);
  if (group.distinctAgents) {
    const ids = [...at.map(({ id }) => id), ...group.living.map(({ agentId }) => agentId)];
    if (at.some(({ id }) => ids.filter((other) => other === id).length > 1)) return false;
  }
  return (
    agents.every((agent, i) => carries(agent, group, chosen.filter((c) => c === i).length)) &&
    group.constraints.every((c) => holds(c, at, group)) &&
    keepsRungs(group, at) &&
    keepsAffinities(group, at, agents)
  );
}

function keepsAffinities(
  { spread, near = [], apart = [] }: GroupRequest,
  at: AgentSnapshot[],
  agents: AgentSnapshot[],
) {
  return (
    near.every((one) => !one.required || at.every((agent) => isNear(agent, one, spread, agents, false))) &&
    apart.every((one) => !one.required || at.every((agent) => !isNear(agent, one, spread, agents, true)))
  );
}

/** `unknown`: whether two agents without the domain are near each other. */
export function isNear(
  agent: AgentSnapshot,
  { app, domain }: Affinity,
  spread: Rung[],
  agents: AgentSnapshot[],
  unknown: boolean,
): boolean {
  if (!unknown && domainOf(agent, domain) === null) return false;
  const ladder = spread.map((rung) => (typeof rung === 'string' ? rung : rung.domain));
  const path = ladder.includes(domain) ? ladder.slice(0, ladder.indexOf(domain) + 1) : [domain];
  return agents.some(
    (other) =>
      (other.running ?? []).some((replica) => replica.app === app) &&
      path.every((one) => domainOf(other, one) === domainOf(agent, one)),
  );
}

/** Every domain of a required rung that takes a replica has no more than it may. */
export function keepsRungs({ spread, living, slots }: GroupRequest, at: AgentSnapshot[]): boolean {
  const size = living.length + slots.length;
  const names = spread.map((rung) => (typeof rung === 'string' ? rung : rung.domain));
  return spread.every((rung, i) => {
    if (typeof rung === 'string' || !rung.required) return true;
    const home = (one: Located) => JSON.stringify(names.slice(0, i + 1).map((domain) => domainOf(one, domain)));
    const homes = [...living, ...at].map(home);
    return at.map(home).every((key) => {
      const count = homes.filter((other) => other === key).length;
      return rung.maxPerDomain === undefined ? count === 1 || count * 2 <= size : count <= rung.maxPerDomain;
    });
  });
}

function carries({ free }: AgentSnapshot, { demand }: GroupRequest, replicas: number): boolean {
  if (replicas === 0) return true;
  const scalars = (['cpus', 'mem', 'disk', 'gpus'] as const).every(
    (d) => Math.round(demand[d] * 1000) * replicas <= Math.round(free[d] * 1000),
  );
  const named =
    Object.entries(demand.scalars ?? {}).every(([name, asked]) => asked * replicas <= (free.scalars?.[name] ?? 0)) &&
    Object.entries(demand.sets ?? {}).every(([name, count]) => count * replicas <= (free.sets?.[name]?.length ?? 0));
  const ports = new Set(
    free.ports.flatMap(({ begin, end }) => Array.from({ length: end - begin + 1 }, (_, i) => begin + i)),
  );
  const specific = demand.ports.filter((port) => port > 0);
  if (specific.length > 0 && (replicas > 1 || !specific.every((port) => ports.has(port)))) return false;
  return scalars && named && ports.size >= demand.ports.length * replicas;
}

function text(at: Located, field: string): string | null {
  if (field === 'hostname') return at.hostname;
  if (field === '@zone') return at.zone;
  const attribute = at.attributes[field];
  return attribute?.type === 'text' ? attribute.value : null;
}

/** Knows the operators and values that the generators make. GROUP_BY is only asked without living replicas. */
export function holds(
  { field, operator, value }: Constraint,
  at: AgentSnapshot[],
  { living, slots }: GroupRequest,
): boolean {
  const fresh = at.map((agent) => text(agent, field));
  if (operator === 'UNLIKE') return fresh.every((v) => v === null || !new RegExp(`^(?:${value})$`).test(v));
  if (fresh.includes(null)) return false;
  if (operator === 'LIKE') return fresh.every((v) => new RegExp(`^(?:${value})$`).test(v as string));
  const all = [...fresh, ...living.map((replica) => text(replica, field)).filter((v) => v !== null)];
  const count = (v: string | null) => all.filter((other) => other === v).length;
  if (operator === 'CLUSTER') return fresh.length === 0 || new Set(all).size === 1;
  if (operator === 'UNIQUE') return fresh.every((v) => count(v) === 1);
  if (operator === 'MAX_PER') return fresh.every((v) => count(v) <= Number(value));
  const size = living.length + slots.length;
  const [base, rest] = [Math.floor(size / Number(value)), size % Number(value)];
  const counts = [...new Set(all)].map(count);
  return (
    counts.length <= Number(value) &&
    counts.every((n) => n <= base + 1) &&
    counts.filter((n) => n > base).length <= rest
  );
}

/** Per rung, the sum of squares of the replicas per domain: less is more even; wider rungs first. */
export function unevenness(ladder: string[], at: Located[]): number[] {
  return ladder.map((_, rung) => {
    const counts = new Map<string, number>();
    for (const one of at) {
      const key = JSON.stringify(ladder.slice(0, rung + 1).map((domain) => domainOf(one, domain)));
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return [...counts.values()].reduce((sum, n) => sum + n * n, 0);
  });
}

function domainOf(at: Located, domain: string): string | null {
  if (domain === 'host') return at.hostname;
  return domain === 'zone' ? at.zone : text(at, domain);
}

export function compareLists(a: number[], b: number[]): number {
  for (const [i, x] of a.entries()) if (x !== b[i]) return x - (b[i] as number);
  return 0;
}
