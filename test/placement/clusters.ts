/** Random small clusters with groups that run on them, and a replay of moves that keeps its own books. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type AgentSnapshot,
  type Cluster,
  type Constraint,
  type GroupRequest,
  type Move,
  place,
  type Rung,
  type RunningGroup,
  type RunningReplica,
} from '../../placement/index.js';
import { agent, constraint, group, living } from './build.js';
import { holds, isValid, keepsRungs } from './oracle.js';

export const ladder = ['zone', 'rack'];

export function running(shape: Partial<RunningGroup> & { replicas: RunningReplica[] }): RunningGroup {
  const { slots: _slots, living: _living, whole: _whole, ...common } = group();
  return { ...common, size: shape.replicas.length, replicated: true, leader: null, spread: ladder, ...shape };
}

/** A replica that runs there, with as many ports. */
export function replica(slot: number, on: AgentSnapshot, ports: number[] = []): RunningReplica {
  return { ...living(slot, on), ports, runs: true };
}

interface AgentRow {
  cpus: number;
  zone: string;
  rack: string;
}

interface GroupRow {
  size: number;
  cpus: number;
  rules: Constraint[];
  spread: Rung[];
  replicated: boolean;
  leader: number;
  priority: number;
  /** On these agents only; the others came later. */
  on: boolean[];
  missing: boolean;
}

const agentRow: fc.Arbitrary<AgentRow> = fc.record({
  cpus: fc.integer({ min: 0, max: 6 }),
  zone: fc.constantFrom('a', 'b', 'c'),
  rack: fc.constantFrom('1', '2'),
});

const groupRow = (agents: number): fc.Arbitrary<GroupRow> =>
  fc.record({
    size: fc.integer({ min: 1, max: 4 }),
    cpus: fc.integer({ min: 1, max: 2 }),
    rules: fc.array(
      fc.constantFrom(
        constraint('rack', 'MAX_PER', '2'),
        constraint('@zone', 'MAX_PER', '1'),
        constraint('@zone', 'UNIQUE'),
        constraint('rack', 'LIKE', '1'),
        constraint('rack', 'CLUSTER'),
        constraint('@zone', 'GROUP_BY', '2'),
      ),
      { maxLength: 1 },
    ),
    spread: fc.constantFrom<Rung[]>(
      ladder,
      ladder,
      [{ domain: 'zone', required: true }, 'rack'],
      ['zone', { domain: 'rack', maxPerDomain: 1, required: true }],
    ),
    replicated: fc.nat(3).map((n) => n > 0),
    leader: fc.nat(3),
    priority: fc.integer({ min: 0, max: 2 }),
    on: fc.oneof(
      fc.array(fc.boolean(), { minLength: agents, maxLength: agents }),
      fc.constant(Array.from({ length: agents }, (_, i) => i < agents / 2)),
    ),
    missing: fc.boolean(),
  });

/** `free` of the agents is what the groups leave. */
export const clusters = (agentsMax: number, groupsMax: number): fc.Arbitrary<Cluster> =>
  fc
    .array(agentRow, { minLength: 1, maxLength: agentsMax })
    .chain((rows) =>
      fc.array(groupRow(rows.length), { minLength: 1, maxLength: groupsMax }).map((groups) => build(rows, groups)),
    );

function build(rows: AgentRow[], groups: GroupRow[]): Cluster {
  const agents = rows.map(({ cpus, zone, rack }, i) =>
    agent(`s${i}`, { cpus, zone, text: { rack }, ports: [{ begin: 1, end: 3 }] }),
  );
  const cluster: Cluster = { agents, groups: [] };
  for (const [i, row] of groups.entries()) cluster.groups.push(start(cluster.agents, `/g${i}`, row));
  return cluster;
}

/** Takes what it needs from `agents`. */
function start(agents: AgentSnapshot[], id: string, row: GroupRow): RunningGroup {
  const asked = group({
    id,
    slots: Array.from({ length: row.size }, (_, slot) => slot),
    demand: { cpus: row.cpus, mem: 0, disk: 0, gpus: 0, ports: [0] },
    constraints: row.rules,
    distinctAgents: row.replicated,
    spread: row.replicated ? row.spread : [],
    whole: row.replicated,
  });
  const some = agents.filter((_, index) => row.on[index]);
  const replicas = place({ groups: [asked], seed: 1 }, some).assigned.map(({ slot, agentId, ports }) => {
    const index = agents.findIndex((one) => one.id === agentId);
    const on = agents[index] as AgentSnapshot;
    agents[index] = { ...on, free: lessened(on, row.cpus, ports) };
    return replica(slot, on, ports);
  });
  const [first] = replicas;
  if (first && row.missing && row.replicated) first.runs = false;
  const { slots: _slots, living: _living, whole: _whole, ...common } = asked;
  const { replicated, leader, priority } = row;
  // GROUP_BY is by the number of replicas: what holds for all may not hold for the part that found room.
  if (replicas.length < row.size) common.constraints = row.rules.filter(({ operator }) => operator !== 'GROUP_BY');
  return { ...common, size: replicas.length, replicas, replicated, leader: replicated ? leader : null, priority };
}

function lessened({ free }: AgentSnapshot, cpus: number, ports: number[]): AgentSnapshot['free'] {
  const numbers = free.ports.flatMap(({ begin, end }) => Array.from({ length: end - begin + 1 }, (_, i) => begin + i));
  const left = numbers.filter((port) => !ports.includes(port));
  return { ...free, cpus: free.cpus - cpus, ports: left.map((port) => ({ begin: port, end: port })) };
}

/** Cpus and ports in whole numbers, and where each replica is; fails at the first move that is against a rule. */
export class Replay {
  readonly at = new Map<string, Map<number, string>>();
  private readonly cpus = new Map<string, number>();
  private readonly ports = new Map<string, number>();

  constructor(readonly cluster: Cluster) {
    for (const { id, free } of cluster.agents) {
      this.cpus.set(id, free.cpus);
      const count = free.ports.reduce((sum, { begin, end }) => sum + end - begin + 1, 0);
      this.ports.set(id, count);
    }
    for (const { id, replicas } of cluster.groups)
      this.at.set(id, new Map(replicas.map(({ slot, agentId }) => [slot, agentId])));
  }

  group(id: string): RunningGroup {
    return this.cluster.groups.find((one) => one.id === id) as RunningGroup;
  }

  agent(id: string): AgentSnapshot {
    return this.cluster.agents.find((one) => one.id === id) as AgentSnapshot;
  }

  agentsOf(id: string): AgentSnapshot[] {
    return [...(this.at.get(id) as Map<number, string>).values()].map((agentId) => this.agent(agentId));
  }

  /** All at once: every successor has its place before any replica gives up its own. */
  step(moves: Move[]): void {
    assert.equal(new Set(moves.map((move) => move.group)).size, moves.length, 'a group moves twice in a step');
    for (const move of moves) {
      const homes = this.at.get(move.group) as Map<number, string>;
      assert.equal(homes.get(move.slot), move.from.agentId);
      if (this.group(move.group).distinctAgents) assert.ok(![...homes.values()].includes(move.to.agentId));
      this.take(move.to.agentId, this.group(move.group), 1);
    }
    for (const move of moves) {
      this.take(move.from.agentId, this.group(move.group), -1);
      this.at.get(move.group)?.set(move.slot, move.to.agentId);
    }
  }

  /** Where the replica in this slot could go, by an exhaustive search; not where it is. */
  *choices(id: string, slot: number, isOpen: (agent: AgentSnapshot) => boolean): Generator<AgentSnapshot> {
    const homes = this.at.get(id) as Map<number, string>;
    const others = [...homes].filter(([other]) => other !== slot);
    const beside = others.map(([other, agentId]) => living(other, this.agent(agentId)));
    const request: GroupRequest = { ...this.group(id), slots: [slot], living: beside, whole: true };
    for (const one of this.cluster.agents) {
      if (one.id === homes.get(slot) || !isOpen(one)) continue;
      const size = beside.length + 1;
      const keeps = request.constraints.every((rule) =>
        rule.operator === 'GROUP_BY'
          ? holds(rule, [...others.map(([, agentId]) => this.agent(agentId)), one], {
              ...request,
              living: [],
              slots: Array.from({ length: size }, (_, i) => i),
            })
          : true,
      );
      const simple = { ...request, constraints: request.constraints.filter((rule) => rule.operator !== 'GROUP_BY') };
      if (keeps && isValid(simple, [this.now(one)], [0])) yield one;
    }
  }

  /** Whether all constraints and required rungs of the group hold as it stands. */
  keepsRules(id: string): boolean {
    const at = this.agentsOf(id);
    const whole: GroupRequest = { ...this.group(id), slots: at.map((_, i) => i), living: [], whole: true };
    return whole.constraints.every((rule) => holds(rule, at, whole)) && keepsRungs(whole, at);
  }

  private now(one: AgentSnapshot): AgentSnapshot {
    const ports = this.ports.get(one.id) as number;
    return { ...one, free: { ...one.free, cpus: this.cpus.get(one.id) as number, ports: [{ begin: 1, end: ports }] } };
  }

  private take(agentId: string, { demand }: RunningGroup, times: number): void {
    const cpus = (this.cpus.get(agentId) as number) - demand.cpus * times;
    const ports = (this.ports.get(agentId) as number) - demand.ports.length * times;
    assert.ok(cpus >= 0 && ports >= 0, `${agentId} is given more than it has`);
    this.cpus.set(agentId, cpus);
    this.ports.set(agentId, ports);
  }
}
