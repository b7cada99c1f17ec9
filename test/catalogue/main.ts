/**
 * `npm run test:catalogue [-- NAME...] [--seed N]`: the story of every program of the catalogue, or of those that are
 * named; closes with one line "N passed, N failed, N skipped".
 */
import { parseArgs } from 'node:util';
import { finish } from '../mocha.js';
import { clients } from './clients/index.js';
import { entryNames, readEntry } from './entry.js';
import { tell } from './story.js';

function usage(problem: string): never {
  console.error(`${problem}\nUse: npm run test:catalogue -- [--seed N] [${entryNames().join('|')}]...`);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({ allowPositionals: true, options: { seed: { type: 'string', default: '1' } } });
  } catch (error) {
    usage((error as Error).message);
  }
}

const { values, positionals } = parse();
const seed = Number(values.seed);
if (!(Number.isInteger(seed) && seed >= 0)) usage(`--seed ${values.seed}: use a whole number from 0 on.`);
const names = positionals.length > 0 ? positionals : entryNames();
const unknown = names.find((name) => !entryNames().includes(name));
if (unknown !== undefined) usage(`"${unknown}" is not in the catalogue.`);

const counts = { passed: 0, failed: 0, skipped: 0, failures: [] as string[] };
for (const name of names) {
  const begunMs = performance.now();
  const seconds = () => `${((performance.now() - begunMs) / 1000).toFixed(0)} s`;
  try {
    const verdict = await tell(readEntry(name), clients[name] as (typeof clients)[string], { seed, writes: 20 });
    counts.passed++;
    console.log(`${name}: ${seconds()}, ${JSON.stringify(verdict)}`);
  } catch (error) {
    counts.failed++;
    counts.failures.push(`${name} (seed ${seed})`);
    console.log(`${name}: ${seconds()}, ${(error as Error).stack}`);
  }
}
finish(counts);
