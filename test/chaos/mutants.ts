/**
 * `npm run chaos:mutants [-- --only NAME] [--seed S]`: defects, each in a build of its own; simulated lives of the core, or the scheduler that is killed,
 * must find each within ten minutes. Says who found it, after how long, with which seed. Exit status 1: one survives; 2: nothing has that name.
 */
import { parseArgs } from 'node:util';
import { isNoticed as isSchedulerFound, mutants as schedulerMutants, tests } from '../crash/mutation.js';
import { mutants as coreMutants } from '../simulator/catalogue.js';
import { check } from '../simulator/mutation.js';
import { type Defect, defects } from './defects.js';

const secondsMax = 600;

interface Found {
  /** Null: nobody did. */
  by: string | null;
  seed: string;
}

/** In the simulator's build, which alone has the switches. */
async function inCore(rule: string): Promise<Found> {
  const mutant = coreMutants.find(({ name }) => name === rule);
  if (mutant === undefined)
    throw new Error(`test/simulator/catalogue.ts has no "${rule}"; adapt test/chaos/defects.ts`);
  const { check: noticed, seed } = await check(mutant);
  return { by: noticed === null ? null : `simulated lives: ${noticed}`, seed };
}

/** In a copy of the compiled scheduler. */
function inScheduler(rule: string, seed: string): Found {
  const mutant = schedulerMutants.find(({ name }) => name === rule);
  if (mutant === undefined) throw new Error(`test/crash/mutation.ts has no "${rule}"; adapt test/chaos/defects.ts`);
  const looking = mutant.by ?? tests;
  for (const test of looking) {
    const { noticed, said } = isSchedulerFound(mutant, test, seed, secondsMax / looking.length);
    if (noticed) return { by: `the killed scheduler: ${said}`, seed };
  }
  return { by: null, seed };
}

async function isFound({ name, where, rule }: Defect, seed: string): Promise<boolean> {
  const beginMs = performance.now();
  const { by, seed: foundWith } = where === 'core' ? await inCore(rule) : inScheduler(rule, seed);
  const seconds = (performance.now() - beginMs) / 1000;
  const found = by !== null && seconds <= secondsMax;
  console.log(`${found ? 'ok  ' : 'FAIL'} ${name}: ${by ?? 'not found'} (${seconds.toFixed(1)} s, seed ${foundWith})`);
  return found;
}

const { values } = parseArgs({ options: { only: { type: 'string' }, seed: { type: 'string', default: '1' } } });
const chosen = defects.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0) {
  console.error(`--only is "${values.only}"; there are ${defects.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
let survive = 0;
for (const defect of chosen) if (!(await isFound(defect, values.seed))) survive += 1;
console.log(`${chosen.length - survive} defects found, ${survive} survive`);
process.exit(survive > 0 ? 1 : 0);
