/**
 * What is set aside on agents. Each group sees an agent as if it were alone there with what it may take; what it takes
 * is then drawn from the portions that it came from. Requests in which nothing is claimed or set aside do not come here.
 */
import { Inventory } from './inventory.js';
import { type Dimension, dimensions, normalizedPorts } from './resources.js';
import type {
  AgentSnapshot,
  Claim,
  GroupRequest,
  Objective,
  Portion,
  PortRange,
  ReplicaDemand,
  Resources,
  Seat,
} from './types.js';

const unreserved = '*';

/** Whether groups may take different parts of the agents. */
export function isSetAside(groups: readonly GroupRequest[], agents: readonly AgentSnapshot[]): boolean {
  return groups.some(({ claim }) => claim !== undefined) || agents.some(({ portions = [] }) => portions.length > 0);
}

/** The agents between one group and the next. */
export class Stock {
  private readonly agents: Map<string, AgentSnapshot>;

  constructor(agents: readonly AgentSnapshot[]) {
    this.agents = new Map(agents.map((agent) => [agent.id, agent]));
  }

  inventoryFor(group: GroupRequest, objective: Objective | undefined): Inventory {
    return new Inventory(
      [...this.agents.values()].map((agent) => viewOf(agent, group)),
      objective,
    );
  }

  /** What `inventory` has given the group, and what it says about the agents since. */
  settle(group: GroupRequest, seats: readonly Seat[], inventory: Inventory): void {
    for (const seat of seats) {
      const agent = this.agents.get(seat.agentId) as AgentSnapshot;
      const { running, leaders } = inventory.ledgerOf(seat.agentId)?.agent ?? {};
      const noted = { ...(running && { running }), ...(leaders !== undefined && { leaders }) };
      this.agents.set(seat.agentId, { ...drawn(agent, group, seat), ...noted });
    }
  }
}

/** The agent with nothing but what this group may take, as free. */
function viewOf(agent: AgentSnapshot, { claim = {}, demand }: Pick<GroupRequest, 'claim' | 'demand'>): AgentSnapshot {
  const parts = partsFor(agent, claim);
  const [only] = parts;
  if (only && parts.length === 1 && !only.revocable) return { ...agent, free: only.resources, portions: parts };
  const ordinary = parts.filter(({ revocable }) => !revocable);
  const scalar = (d: Dimension) => sum(sourcesOf(parts, d, demand[d]).map(({ resources }) => resources[d]));
  const free: Resources = {
    cpus: scalar('cpus'),
    mem: scalar('mem'),
    disk: scalar('disk'),
    gpus: scalar('gpus'),
    ports: normalizedPorts(ordinary.flatMap(({ resources }) => resources.ports)),
    ...named(ordinary),
  };
  return { ...agent, free, portions: parts };
}

/** What any group with this claim to roles may take of the agent, as free. */
export function sharedBy(roles: string[], agent: AgentSnapshot): AgentSnapshot {
  return viewOf(agent, { claim: { roles }, demand: { cpus: 0, mem: 0, disk: 0, gpus: 0, ports: [] } });
}

function named(parts: readonly Portion[]): Pick<Resources, 'scalars' | 'sets'> {
  const scalars: Record<string, number> = {};
  const sets: Record<string, string[]> = {};
  for (const { resources } of parts) {
    for (const [name, value] of Object.entries(resources.scalars ?? {}))
      scalars[name] = sum([scalars[name] ?? 0, value]);
    for (const [name, items] of Object.entries(resources.sets ?? {})) sets[name] = [...(sets[name] ?? []), ...items];
  }
  return { scalars, sets };
}

/** In the order in which they are taken: what is reserved before what is free for all. */
function partsFor({ free, portions = [] }: AgentSnapshot, claim: Claim): Portion[] {
  if (claim.keptFor !== undefined) return portions.filter(({ keptFor }) => keptFor === claim.keptFor);
  const { roles = [unreserved], revocable = false } = claim;
  const mine = portions.filter(
    (portion) => portion.keptFor === undefined && roles.includes(roleOf(portion)) && (revocable || !portion.revocable),
  );
  const all = roles.includes(unreserved) ? [...mine, { resources: free }] : mine;
  return all.sort((a, b) => Number(roleOf(a) === unreserved) - Number(roleOf(b) === unreserved));
}

const roleOf = ({ reservedFor = [] }: Portion): string => reservedFor.at(-1) ?? unreserved;

/** The parts that one scalar is taken from. */
function sourcesOf(parts: readonly Portion[], dimension: Dimension, asked: number): Portion[] {
  const revocable = parts.filter((part) => part.revocable);
  const enough = sum(revocable.map(({ resources }) => resources[dimension])) >= asked;
  return revocable.length > 0 && enough ? revocable : parts.filter((part) => !part.revocable);
}

const sum = (numbers: readonly number[]) => Math.round(numbers.reduce((a, b) => a + b, 0) * 1000) / 1000;

/** The agent without what one replica was given. */
function drawn(agent: AgentSnapshot, { claim = {}, demand }: GroupRequest, seat: Seat): AgentSnapshot {
  const parts = partsFor(agent, claim);
  const left = new Map(parts.map((part) => [part, { ...part.resources }]));
  const leftOf = (part: Portion) => left.get(part) as Resources;
  for (const d of dimensions) drawScalar(sourcesOf(parts, d, demand[d]).map(leftOf), d, demand[d]);
  const ordinary = parts.filter(({ revocable }) => !revocable).map(leftOf);
  for (const port of seat.ports) drawPort(ordinary, port);
  drawNamed(ordinary, demand, seat);
  const rest = (resources: Resources) =>
    left.get(parts.find((part) => part.resources === resources) as Portion) ?? resources;
  const portions = (agent.portions ?? []).map((portion) => ({ ...portion, resources: rest(portion.resources) }));
  return { ...agent, free: rest(agent.free), portions };
}

function drawScalar(sources: Resources[], dimension: Dimension, asked: number): void {
  let missing = asked;
  for (const source of sources) {
    const part = Math.min(missing, source[dimension]);
    source[dimension] = sum([source[dimension], -part]);
    missing = sum([missing, -part]);
  }
}

function drawPort(sources: Resources[], port: number): void {
  const has = ({ begin, end }: PortRange) => begin <= port && port <= end;
  const source = sources.find(({ ports }) => ports.some(has));
  if (!source) return;
  const cut = source.ports.filter(has).flatMap(({ begin, end }) => [
    { begin, end: port - 1 },
    { begin: port + 1, end },
  ]);
  source.ports = normalizedPorts([...source.ports.filter((range) => !has(range)), ...cut]);
}

function drawNamed(sources: Resources[], { scalars = {} }: ReplicaDemand, { items = {} }: Seat): void {
  for (const [name, asked] of Object.entries(scalars)) {
    let missing = asked;
    for (const source of sources) {
      const part = Math.min(missing, source.scalars?.[name] ?? 0);
      source.scalars = { ...source.scalars, [name]: sum([source.scalars?.[name] ?? 0, -part]) };
      missing = sum([missing, -part]);
    }
  }
  for (const [name, given] of Object.entries(items))
    for (const source of sources) {
      const left = source.sets?.[name]?.filter((item) => !given.includes(item));
      if (left) source.sets = { ...source.sets, [name]: left };
    }
}
