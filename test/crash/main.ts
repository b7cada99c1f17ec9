/**
 * `npm run crash -- [--count N] [--seed S] [--scenario NAME]`: every scenario N times from seed S on, undisturbed and under faults, with the
 * framework killed at each of its actions, then at pairs of them. `--points a,b --faults SHARE` repeats a run that failed.
 * `npm run crash -- --model [--count N] [--seed S] [--path P --replay R] [--minutes M]`: N runs of `model/`, or one again as its failure names it.
 * `npm run crash -- --processes [--store lmdb|zookeeper] [--count N] [--seed S] [--lanes L] [--minutes M]`: see `processes/`.
 */
import { parseArgs } from 'node:util';
import { randomFrom } from '../random.js';
import { wholeNumber } from '../whole-number.js';
import { checkModel } from './model/model.js';
import { check, pointsOf, type Run } from './points.js';
import { killProcesses } from './processes/lanes.js';
import { scenarios } from './scenarios.js';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    scenario: { type: 'string' },
    points: { type: 'string' },
    faults: { type: 'string' },
    model: { type: 'boolean', default: false },
    path: { type: 'string' },
    replay: { type: 'string' },
    processes: { type: 'boolean', default: false },
    store: { type: 'string', default: 'lmdb' },
    lanes: { type: 'string', default: '3' },
    minutes: { type: 'string', default: '10' },
  },
});
function refuse(problem: string): never {
  console.error(problem);
  process.exit(2);
}
const bounds = { count: [1, 1_000_000], seed: [0, 2 ** 32 - 1], lanes: [1, 64], minutes: [1, 10_080] } as const;
const whole = (name: keyof typeof bounds): number => wholeNumber(name, values[name], bounds[name], refuse);
const [count, firstSeed] = [whole('count'), whole('seed')];
if (values.processes) await crashProcesses();
if (values.model) crashModel();
const chosen = scenarios.filter(({ name }) => values.scenario === undefined || name === values.scenario);
if (chosen.length === 0)
  refuse(`--scenario "${values.scenario}" is none of: ${scenarios.map(({ name }) => name).join(', ')}`);
const given = values.points?.split(',').filter(Boolean).map(Number);
const shares = values.faults === undefined ? [0, 0.1, 0.3] : [Number(values.faults)];
const pairsPerScenario = 50;

/** Ends this process. */
function crashModel(): never {
  const { path, replay: replayPath } = values;
  console.log(`seed ${firstSeed}`);
  const again = { ...(path && { path }), ...(replayPath && { replayPath }) };
  try {
    checkModel({ seed: firstSeed, numRuns: count, ...again, secondsMax: whole('minutes') * 60 });
    console.log('nothing was found');
    process.exit(0);
  } catch (error) {
    console.log(`FAIL ${(error as Error).message}\n${((error as Error).cause as Error | undefined)?.message ?? ''}`);
    process.exit(1);
  }
}

/** Ends this process. */
async function crashProcesses(): Promise<never> {
  const { store } = values;
  if (store !== 'lmdb' && store !== 'zookeeper') refuse(`--store is "${store}"; give lmdb or zookeeper`);
  console.log(`seed ${firstSeed}`);
  try {
    const figures = await killProcesses({
      store,
      count,
      seed: firstSeed,
      lanes: whole('lanes'),
      minutes: whole('minutes'),
    });
    console.log(JSON.stringify(figures));
    if (figures.kills < count)
      console.log(`only ${figures.kills} of ${count} kills fitted into --minutes ${values.minutes}`);
    process.exit(figures.kills < count ? 1 : 0);
  } catch (error) {
    console.log(`FAIL ${(error as Error).message}`);
    process.exit(1);
  }
}

/** Each action once, then pairs: the framework that goes on is killed, too. */
function plansOf(actions: number, seed: number): number[][] {
  const random = randomFrom(seed);
  const any = () => Math.floor(random() * actions);
  return [
    ...pointsOf(actions, 1, 0).map((point) => [point]),
    ...Array.from({ length: pairsPerScenario }, () => [any(), any()]),
  ];
}

let passed = 0;
let failed = 0;
function attempt(run: Run): number | null {
  try {
    const actions = check(run);
    passed++;
    return actions;
  } catch (error) {
    failed++;
    console.log(`FAIL ${run.scenario.name}: ${(error as Error).message}`);
    return null;
  }
}

console.log(`seed ${firstSeed}`);
for (let seed = firstSeed; seed < firstSeed + count; seed++) {
  for (const scenario of chosen) {
    const before = failed;
    for (const faultShare of shares) {
      const actions = attempt({ scenario, seed, faultShare, points: given ?? [] });
      const plans = given || actions === null ? [] : plansOf(actions, seed);
      for (const points of plans) attempt({ scenario, seed, faultShare, points });
    }
    console.log(
      `${failed === before ? 'ok  ' : 'FAIL'} ${scenario.name}, seed ${seed}: ${passed + failed} runs so far`,
    );
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
