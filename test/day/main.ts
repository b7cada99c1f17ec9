/**
 * `npm run day -- core|scheduler [--hours N] [--seed S] ...`: a simulated day under load and faults. Exit status 1 when a promise
 * was broken, or when something has grown.
 */
import { parseArgs } from 'node:util';
import { wholeNumber } from '../whole-number.js';
import { type CoreOptions, coreDay } from './core.js';
import { schedulerDay } from './scheduler.js';
import { judge, summary } from './verdict.js';

const usageText = `Use: npm run day -- core [--hours N] [--members 3..9] [--durability memory|disk] [--load PERCENT] [--every SECONDS] [--seed S]
     npm run day -- scheduler [--hours N] [--seed S]`;

function usage(problem: string): never {
  console.error(`${problem}\n${usageText}`);
  process.exit(2);
}

function parse() {
  try {
    const options = {
      hours: { type: 'string', default: '24' },
      members: { type: 'string', default: '3' },
      durability: { type: 'string', default: 'memory' },
      load: { type: 'string', default: '80' },
      every: { type: 'string', default: '120' },
      seed: { type: 'string', default: '1' },
    } as const;
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    usage((error as Error).message);
  }
}

const { values, positionals } = parse();
const number = (name: 'hours' | 'members' | 'load' | 'every' | 'seed', min: number, max: number): number =>
  wholeNumber(name, values[name], [min, max], usage);
const durability: CoreOptions['durability'] = values.durability === 'disk' ? 'disk' : 'memory';
if (durability !== values.durability) usage(`--durability ${values.durability}: use memory or disk.`);

const say = (text: string) => console.error(text);
const minutes = 60 * number('hours', 1, 1000);
const seed = number('seed', 0, 2 ** 32 - 1);
const members = number('members', 3, 9);
const core: Omit<CoreOptions, 'everySeconds'> = {
  minutes,
  members,
  durability,
  loadPercent: number('load', 1, 100),
  seed,
};
const days = {
  core: () => coreDay({ ...core, everySeconds: number('every', 1, 86_400) }, say),
  scheduler: () => schedulerDay({ minutes, roundsBefore: 300, hourly: true, seed }, say),
};
const [what = ''] = positionals;
if (what !== 'core' && what !== 'scheduler') usage(`"${what}" is neither core nor scheduler.`);

const verdict = judge(await days[what]());
console.log(JSON.stringify(verdict, null, 2));
console.log(summary(`${values.hours} simulated hours of the ${what}, seed ${seed}`, verdict));
process.exit(verdict.faults.length === 0 ? 0 : 1);
