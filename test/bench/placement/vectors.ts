/**
 * Agents used against the least that any solution needs, over equal agents: the largest of the sums of each dimension,
 * which is what linear programming gives for equal bins. Items come one after another. Classes 1 to 8 are those of Spieksma and of Caprara
 * and Toth for two constraints ("Lower bounds and algorithms for the 2-dimensional vector packing problem", 2001), drawn anew.
 */
import { type Random, randomFrom } from '../../random.js';
import { round } from '../measure.js';
import { pick, type Shape } from './cluster.js';
import { clusterOf, policies } from './policies.js';

interface Instance {
  name: string;
  capacity: Shape;
  items(random: Random): Shape[];
}

const itemCount = 2000;
const between = (random: Random, low: number, high: number) => low + Math.floor(random() * (high - low + 1));

/** Both dimensions alike and apart from each other. */
function uniform(number: number, capacity: number, low: number, high: number): Instance {
  const item = (random: Random) => ({ cpus: between(random, low, high), mem: between(random, low, high) });
  return instance(`class ${number}`, capacity, item);
}

function instance(name: string, capacity: number, item: (random: Random) => Shape): Instance {
  const items = (random: Random) => Array.from({ length: itemCount }, () => item(random));
  return { name, capacity: { cpus: capacity, mem: capacity }, items };
}

/** The second dimension goes with the first one, or against it. */
function related(number: number, middle: (cpus: number) => number): Instance {
  return instance(`class ${number}`, 150, (random) => {
    const cpus = between(random, 20, 100);
    return { cpus, mem: between(random, middle(cpus) - 10, middle(cpus) + 10) };
  });
}

/** Containers as clusters run them: most are small, few are large, mem goes loosely with cpus. */
const trace: Instance = {
  name: 'trace',
  capacity: { cpus: 64, mem: 256 * 1024 },
  items: (random) =>
    Array.from({ length: 10 * itemCount }, () => {
      const cpus = pick(random, [0.25, 0.25, 0.5, 0.5, 0.5, 1, 1, 1, 2, 2, 4, 8]);
      return { cpus, mem: Math.round(cpus * pick(random, [1, 2, 4, 4, 6]) * 1024) };
    }),
};

const instances: Instance[] = [
  uniform(1, 1000, 100, 400),
  uniform(2, 1000, 1, 1000),
  uniform(3, 1000, 200, 800),
  uniform(4, 1000, 50, 200),
  uniform(5, 1000, 25, 100),
  uniform(6, 150, 20, 100),
  related(7, (cpus) => cpus),
  related(8, (cpus) => 120 - cpus),
  trace,
];

/** Agents used, divided by the bound. */
export function measureVectors(seed: number) {
  return instances.map(({ name, capacity, items: draw }) => {
    const items = draw(randomFrom(seed));
    const sum = (dimension: keyof Shape) => items.reduce((total, item) => total + item[dimension], 0);
    const bound = Math.ceil(Math.max(sum('cpus') / capacity.cpus, sum('mem') / capacity.mem));
    const agents = Array.from({ length: Math.min(items.length, 3 * bound) }, () => capacity);
    const ratios = policies.map((policy): [string, number] => [policy, usedBy(policy, agents, items) / bound]);
    return { name, bound, ...Object.fromEntries(ratios.map(([policy, ratio]) => [policy, round(ratio)])) };
  });
}

function usedBy(policy: string, agents: readonly Shape[], items: readonly Shape[]): number {
  const { place, used } = clusterOf(policy, agents);
  for (const item of items) if (!place(1, item)) throw new Error(`${policy} finds no room on ${agents.length} agents`);
  return used();
}
