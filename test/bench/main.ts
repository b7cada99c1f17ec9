/**
 * `npm run bench -- NAME [--json] [--replicas N] [--seconds S] [--kills K] [--agents N --groups M]`. Prints a summary; with --json the last line of
 * standard output is one JSON object with every figure and the command that made it.
 */
import { parseArgs } from 'node:util';
import { wholeNumber } from '../whole-number.js';

export interface BenchOptions {
  replicas: number;
  seconds: number;
  /** Of leaders, by `failover`. */
  kills: number;
  /** Of `scale`: agents, and groups of three. */
  agents: number;
  groups: number;
}

type Bench = (options: BenchOptions) => Promise<object>;

const benches: Record<string, () => Promise<Bench>> = {
  consensus: async () => (await import('./consensus.js')).run,
  redis: async () => (await import('./redis.js')).run,
  failover: async () => (await import('./failover.js')).run,
  servers: async () => (await import('./servers/main.js')).run,
  steady: async () => (await import('./steady.js')).run,
  frames: async () => (await import('./frames.js')).run,
  vm: async () => (await import('./vm/main.js')).run,
  placement: async () => (await import('./placement/main.js')).run,
  scheduler: async () => (await import('./scheduler/main.js')).run,
  scale: async () => (await import('./scale/main.js')).run,
  web: async () => (await import('./web/main.js')).run,
};

function usage(problem: string): never {
  console.error(
    `${problem}\nUse: npm run bench -- ${Object.keys(benches).join('|')} [--json] [--replicas 3|5|7|9] [--seconds S] [--kills K] [--agents N] [--groups M]`,
  );
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        replicas: { type: 'string', default: '3' },
        seconds: { type: 'string', default: '5' },
        kills: { type: 'string', default: '30' },
        agents: { type: 'string', default: '1000' },
        groups: { type: 'string', default: '3333' },
      },
    });
  } catch (error) {
    usage((error as Error).message);
  }
}

const { values, positionals } = parse();
const name = positionals[0] ?? '';
const bench = benches[name];
if (!bench) usage(`"${name}" is not a benchmark.`);
const replicas = Number(values.replicas);
const seconds = Number(values.seconds);
if (![1, 3, 5, 7, 9].includes(replicas)) usage(`--replicas ${values.replicas}: use 3, 5, 7 or 9.`);
if (!(seconds > 0 && seconds <= 3600)) usage(`--seconds ${values.seconds}: use a number above 0 and up to 3600.`);

const counted = (option: 'kills' | 'agents' | 'groups', min: number, max: number): number =>
  wholeNumber(option, values[option], [min, max], usage);
const kills = counted('kills', 1, 1000);
const agents = counted('agents', 9, 100_000);
const groups = counted('groups', 1, 333_334);

const figures = await (await bench())({ replicas, seconds, kills, agents, groups });
if (!values.json) console.log(JSON.stringify(figures, null, 2));
else console.log(JSON.stringify({ bench: name, replicas, seconds, ...figures }));
process.exit(0);
