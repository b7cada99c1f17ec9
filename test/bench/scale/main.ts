/** The scheduler with very many agents and groups, in simulated time and without sockets: where it stops being linear. */
import type { BenchOptions } from '../main.js';
import { round, told } from '../measure.js';
import { groups, Simulation } from './simulation.js';

/** Groups that one user's change brings: a thousand, of very many a thirtieth. */
const postedAtOnce = (count: number): number => Math.max(1000, Math.ceil(count / 30));
/** Status updates for each task that runs. */
const updatesPerTask = 3;
/** So many of them come together: a bench need not hold millions. */
const toldAtOnce = 30_000;

export async function run({ agents, groups: count }: Pick<BenchOptions, 'agents' | 'groups'>): Promise<object> {
  const simulation = new Simulation(agents);
  const phases: Record<string, object> = {};
  for (const [name, work] of Object.entries(phasesOf(simulation, count)))
    phases[name] = told(name, simulation.phase(work));
  const maxRssMb = Math.round(process.resourceUsage().maxRSS / 1000);
  return { agents, groups: count, tasks: simulation.world.tasks.size, maxRssMb, ...phases };
}

export function phasesOf(simulation: Simulation, count: number): Record<string, () => void> {
  const { world } = simulation;
  const settled = () => world.waiting === 0 && world.tasks.size === 3 * count;
  return {
    register: () => simulation.until('offers', () => simulation.scheduler.suppressed),
    launch: () => {
      for (let from = 0; from < count; from += postedAtOnce(count)) {
        const posted = Math.min(count, from + postedAtOnce(count));
        simulation.post(groups(from, posted - from));
        simulation.until('launched', () => world.waiting === 0 && world.tasks.size === 3 * posted);
      }
      simulation.until('at rest', () => simulation.scheduler.suppressed);
    },
    updates: () => {
      for (let round = 0; round < updatesPerTask; round += 1)
        for (let from = 0; from < 3 * count; from += toldAtOnce) {
          world.update(toldAtOnce, from);
          simulation.until('updates', settled);
        }
    },
    zoneLost: () => {
      const launched = world.launched;
      const lost = world.loseZone('zone-0');
      simulation.until('replaced', () => settled() && world.launched === launched + lost, 3_600_000);
    },
    reconcile: () => {
      world.subscribe();
      simulation.until('reconciled', settled);
    },
    restart: () => {
      const beganMs = performance.now();
      simulation.restart();
      told('read from the store', { seconds: round((performance.now() - beganMs) / 1000) });
      simulation.until('reconciled', settled);
    },
  };
}
