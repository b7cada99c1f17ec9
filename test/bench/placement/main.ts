/** The placement library: how fast, how tight, how safe. On one core; every figure is made of a seed. */
import { round } from '../measure.js';
import { measureCopysets } from './copysets.js';
import { measureOptimal } from './optimal.js';
import { measurePlanted } from './planted.js';
import { measureScale } from './scale.js';
import { measureVectors } from './vectors.js';

const seed = 1;
/** Until the compiler has seen everything often enough. */
const warmUps = 4;

export async function run(): Promise<object> {
  for (let i = 0; i < warmUps; i++) measureScale(1000, seed + i);
  const growth = [1000, 10_000, 100_000].map((agents) => measureScale(agents, seed));
  const [small, middle, large] = growth as [Scale, Scale, Scale];
  return {
    placementsPerSecond: middle.placementsPerSecond,
    p99Us: middle.p99Us,
    violations: growth.reduce((sum, { violations }) => sum + violations, 0),
    growth,
    /** Per tenfold number of agents; the square root would be 3.16. */
    costPerTenfoldAgents: [
      round(middle.usPerPlacement / small.usPerPlacement),
      round(large.usPerPlacement / middle.usPerPlacement),
    ],
    planted: measurePlanted(1000, [1, 2, 3, 4, 5, 6]),
    vectors: measureVectors([1, 2, 3]),
    copysets: measureCopysets(10_000, 100_000, seed),
    exhaustive: measureOptimal(5000, seed),
  };
}

type Scale = ReturnType<typeof measureScale>;
