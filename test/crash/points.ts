/** Runs of scenarios: undisturbed, to know where the framework may be killed, and with a kill at some of these points. */
import { randomFrom } from '../random.js';
import { Life } from './life.js';
import type { Scenario } from './scenarios.js';

export interface Run {
  scenario: Scenario;
  seed: number;
  /** Of what can be lost, repeated or overtaken. */
  faultShare: number;
  /** It is killed before these of its actions, counted from where the change begins. */
  points: number[];
}

const faultyRounds = 25;

/** So many actions it took; throws when a promise is broken. */
export function live({ scenario, seed, faultShare, points }: Run): number {
  const life = new Life(scenario.agents, randomFrom(seed));
  if (scenario.before.length > 0) life.put(scenario.before);
  life.rest();
  const from = life.world.performed;
  for (const point of points) life.world.crashesBefore.add(from + point);
  scenario.change(life);
  life.suffer(faultyRounds, faultShare);
  life.rest();
  return life.world.performed - from;
}

export const commandOf = ({ scenario, seed, faultShare, points }: Run) =>
  `npm run crash -- --scenario '${scenario.name}' --seed ${seed} --faults ${faultShare} --points ${points.join(',')}`;

/** As `live`, with how to repeat it in the error. */
export function check(run: Run): number {
  try {
    return live(run);
  } catch (error) {
    throw new Error(`${(error as Error).message}\nagain: ${commandOf(run)}`, { cause: error });
  }
}

/** Every `stride`th point, from `first` on. */
export function pointsOf(count: number, stride: number, first: number): number[] {
  const points: number[] = [];
  for (let point = first % stride; point < count; point += stride) points.push(point);
  return points;
}
