/**
 * Correlated failures: the probability that at least one of many groups of three loses its majority when some agents
 * are lost at once, with copysets and with agents drawn at random from different zones; and what copysets cost in room.
 */
import { Inventory } from '../../../placement/index.js';
import { type Random, randomFrom } from '../../random.js';
import { round } from '../measure.js';
import { agentOf, demandOf, groupOf, ladder, machines, pick, type Shape } from './cluster.js';

const trials = 20_000;
const scatterWidth = 4;
const lostShare = 0.001;
const demands: Shape[] = [
  { cpus: 0.5, mem: 1024 },
  { cpus: 1, mem: 4096 },
  { cpus: 2, mem: 4096 },
];

export function measureCopysets(agentCount: number, groups: number, seed: number) {
  const agents = Array.from({ length: agentCount }, (_, i) => agentOf(i, pick(randomFrom(seed + i), machines)));
  const onCopysets = fill(agents, groups, seed, scatterWidth);
  const anywhere = fill(agents, groups, seed);
  const lost = Math.round(agentCount * lostShare);
  const probabilities = {
    copysets: lossProbability(onCopysets.pairs, agentCount, lost, seed),
    bestFit: lossProbability(anywhere.pairs, agentCount, lost, seed),
    random: lossProbability(randomPairs(agentCount, groups, randomFrom(seed)), agentCount, lost, seed),
  };
  const untilRefusal = {
    copysets: fill(agents, Number.POSITIVE_INFINITY, seed, scatterWidth).placed,
    bestFit: fill(agents, Number.POSITIVE_INFINITY, seed).placed,
  };
  return {
    agents: agentCount,
    groups,
    agentsLost: lost,
    scatterWidth,
    lossProbability: probabilities,
    randomVsCopysets: round(probabilities.random / probabilities.copysets),
    placedUntilRefusal: untilRefusal,
    packing: round(untilRefusal.copysets / untilRefusal.bestFit),
  };
}

type Pairs = Set<number>;

const pairOf = (a: number, b: number, agents: number) => Math.min(a, b) * agents + Math.max(a, b);

/** Places groups of three until there are enough or one is refused. */
function fill(agents: ReturnType<typeof agentOf>[], groups: number, seed: number, width?: number) {
  const random = randomFrom(seed);
  const inventory = new Inventory(agents);
  const numbers = new Map(agents.map(({ id }, i) => [id, i]));
  const pairs: Pairs = new Set();
  let placed = 0;
  for (; placed < groups; placed++) {
    const group = groupOf(placed, 3, demandOf(pick(random, demands), []), ladder);
    const seats = inventory.place(width === undefined ? group : { ...group, scatterWidth: width }, seed);
    if (seats.length === 0) break;
    enter(
      pairs,
      seats.map(({ agentId }) => numbers.get(agentId) as number),
      agents.length,
    );
  }
  return { pairs, placed };
}

/** Two of three are a majority. */
function enter(pairs: Pairs, [a, b, c]: number[], agents: number): void {
  for (const [one, other] of [
    [a, b],
    [a, c],
    [b, c],
  ] as [number, number][])
    pairs.add(pairOf(one, other, agents));
}

/** One agent of each of the three zones. */
function randomPairs(agents: number, groups: number, random: Random): Pairs {
  const pairs: Pairs = new Set();
  for (let i = 0; i < groups; i++) {
    const chosen = [0, 1, 2].map((zone) => Math.floor((random() * agents) / 3) * 3 + zone);
    enter(
      pairs,
      chosen.map((number) => Math.min(number, agents - 1)),
      agents,
    );
  }
  return pairs;
}

function lossProbability(pairs: Pairs, agents: number, lost: number, seed: number): number {
  const random = randomFrom(seed + 1);
  let losses = 0;
  for (let trial = 0; trial < trials; trial++) {
    const failed = new Set<number>();
    while (failed.size < lost) failed.add(Math.floor(random() * agents));
    const list = [...failed];
    if (list.some((a, i) => list.slice(i + 1).some((b) => pairs.has(pairOf(a, b, agents))))) losses += 1;
  }
  return losses / trials;
}
