/**
 * Instances of vector packing with two dimensions. Classes 1 to 10 are those of Spieksma and of Caprara and Toth ("Lower bounds and
 * algorithms for the 2-dimensional vector packing problem", 2001), drawn anew, in the largest of their sizes; 9 and 10 as public
 * generators of them have it.
 */
import type { Random } from '../../random.js';
import { pick, type Shape, shuffled } from './cluster.js';

export interface Instance {
  /** Of every agent. */
  capacity: Shape;
  items: Shape[];
}

export interface InstanceClass {
  name: string;
  draw(random: Random): Instance;
}

const itemCount = 200;
const between = (random: Random, low: number, high: number) => low + Math.floor(random() * (high - low + 1));
const times = <Item>(count: number, make: () => Item) => Array.from({ length: count }, make);
const square = (side: number): Shape => ({ cpus: side, mem: side });

const drawn = (random: Random, low: number, high: number) => ({
  cpus: between(random, low, high),
  mem: between(random, low, high),
});

/** Both dimensions alike and apart from each other. */
function uniform(number: number, capacity: number, low: number, high: number): InstanceClass {
  const draw = (random: Random) => ({
    capacity: square(capacity),
    items: times(itemCount, () => drawn(random, low, high)),
  });
  return { name: `class ${number}`, draw };
}

/** The second dimension goes with the first one, or against it. */
function related(number: number, middle: (cpus: number) => number): InstanceClass {
  const item = (random: Random) => {
    const cpus = between(random, 20, 100);
    return { cpus, mem: between(random, middle(cpus) - 10, middle(cpus) + 10) };
  };
  return {
    name: `class ${number}`,
    draw: (random) => ({ capacity: square(150), items: times(itemCount, () => item(random)) }),
  };
}

/** Agents of a size that leaves nothing free in either dimension if all are filled. */
const exact: InstanceClass = {
  name: 'class 9',
  draw: (random) => {
    const items = times(itemCount, () => drawn(random, 100, 400));
    const sum = (dimension: keyof Shape) => items.reduce((total, item) => total + item[dimension], 0);
    const agents = Math.ceil(Math.max(sum('cpus'), sum('mem')) / 1000);
    return { capacity: { cpus: Math.ceil(sum('cpus') / agents), mem: Math.ceil(sum('mem') / agents) }, items };
  },
};

/** Three items fill an agent exactly, in both dimensions. */
const triplets: InstanceClass = {
  name: 'class 10',
  draw: (random) => {
    const items = times(Math.ceil(itemCount / 3), () => {
      const [a, b] = [drawn(random, 25, 50), drawn(random, 25, 50)];
      return [a, b, { cpus: 100 - a.cpus - b.cpus, mem: 100 - a.mem - b.mem }];
    });
    return { capacity: square(100), items: shuffled(random, items.flat()) };
  },
};

export const classes: readonly InstanceClass[] = [
  uniform(1, 1000, 100, 400),
  uniform(2, 1000, 1, 1000),
  uniform(3, 1000, 200, 800),
  uniform(4, 1000, 50, 200),
  uniform(5, 1000, 25, 100),
  uniform(6, 150, 20, 100),
  related(7, (cpus) => cpus),
  related(8, (cpus) => 120 - cpus),
  exact,
  triplets,
];

/** Containers as clusters run them: most are small, few are large, mem goes loosely with cpus. */
export const trace: InstanceClass = {
  name: 'trace',
  draw: (random) => ({
    capacity: { cpus: 64, mem: 256 * 1024 },
    items: times(20_000, () => {
      const cpus = pick(random, [0.25, 0.25, 0.5, 0.5, 0.5, 1, 1, 1, 2, 2, 4, 8]);
      return { cpus, mem: Math.round(cpus * pick(random, [1, 2, 4, 4, 6]) * 1024) };
    }),
  }),
};
