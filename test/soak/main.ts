/**
 * `npm run soak -- [--minutes N] [--load PERCENT] [--seed S]`: a local cluster with replicated, plain and gateway apps under load and churn.
 * Exit status 1 when an answer was wrong, something has grown, or a process has had more memory than is promised.
 */
import { parseArgs } from 'node:util';
import { interruption } from '../chaos/interruption.js';
import { wholeNumber } from '../whole-number.js';
import { soak } from './soak.js';

function usage(problem: string): never {
  console.error(`${problem}\nUse: npm run soak -- [--minutes N] [--load PERCENT] [--seed S]`);
  process.exit(2);
}

function parse() {
  try {
    const options = {
      minutes: { type: 'string', default: '60' },
      load: { type: 'string', default: '80' },
      seed: { type: 'string', default: '1' },
    } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    usage((error as Error).message);
  }
}

const values = parse();
const number = (name: 'minutes' | 'load' | 'seed', min: number, max: number): number =>
  wholeNumber(name, values[name], [min, max], usage);

const options = {
  minutes: number('minutes', 1, 10_080),
  loadPercent: number('load', 1, 100),
  seed: number('seed', 0, 2 ** 32 - 100),
  interrupted: interruption(),
};
const verdict = await soak(options, (text) => console.error(text)).catch((error: Error) => {
  console.error(options.interrupted.aborted ? error.message : error);
  process.exit(1);
});
console.log(JSON.stringify(verdict, null, 2));
process.exit(verdict.faults.length === 0 ? 0 : 1);
