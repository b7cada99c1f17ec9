/**
 * `npm run test:catalogue [-- NAME...] [--soak SECONDS] [--runs N] [--seed N]`: the story of every program of the catalogue, or of
 * those that are named, and a soak of 20 seconds; of those in guests, what is said of them as processes. With --soak only that, for
 * so long; with --runs only the story, with so many seeds one after the other. Closes with one line "N passed, N failed, N skipped".
 */
import { parseArgs } from 'node:util';
import { finish } from '../mocha.js';
import { wholeNumber } from '../whole-number.js';
import { findOut } from './as-processes.js';
import { clients } from './clients/index.js';
import { entryNames, isGuest, type ProgramEntry, readEntry } from './entry.js';
import { soak } from './soak.js';
import { tell } from './story.js';
import { wires } from './wires/index.js';

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1)); // with all replicas

const writes = 20;
const soakSeconds = 20;

function usage(problem: string): never {
  const names = entryNames().join('|');
  console.error(`${problem}\nUse: npm run test:catalogue -- [--soak SECONDS | --runs N] [--seed N] [${names}]...`);
  process.exit(2);
}

function parse() {
  try {
    const options = {
      seed: { type: 'string', default: '1' },
      soak: { type: 'string' },
      runs: { type: 'string' },
    } as const;
    return parseArgs({ allowPositionals: true, options });
  } catch (error) {
    usage((error as Error).message);
  }
}

const { values, positionals } = parse();
const seed = wholeNumber('seed', values.seed, [0, 2 ** 32 - 1], usage);
const seconds = values.soak === undefined ? soakSeconds : wholeNumber('soak', values.soak, [10, 86_400], usage);
const runs = values.runs === undefined ? 1 : wholeNumber('runs', values.runs, [1, 10_000], usage);
const names = positionals.length > 0 ? positionals : entryNames();
if (values.runs !== undefined && values.soak !== undefined) usage('--runs and --soak: use one of them.');
const unknown = names.find((name) => !entryNames().includes(name));
if (unknown !== undefined) usage(`"${unknown}" is not in the catalogue.`);

const counts = { passed: 0, failed: 0, skipped: 0, failures: [] as string[] };

async function run(name: string, of: number, test: (seed: number) => Promise<object>): Promise<void> {
  const begunMs = performance.now();
  const what = `${name} (seed ${of})`;
  const told = () => `${what}: ${((performance.now() - begunMs) / 1000).toFixed(0)} s`;
  try {
    const verdict = await test(of);
    counts.passed++;
    console.log(`${told()}, ${JSON.stringify(verdict)}`);
  } catch (error) {
    counts.failed++;
    counts.failures.push(what);
    console.log(`${told()}, ${(error as Error).stack}`);
  }
}

/** A guest's turns are not compared, and its processes are QEMU's: `npm run campaign` has long tests of guests. */
function leaveSoakOut(name: string): void {
  counts.skipped++;
  console.log(`${name}, soak: left out, it runs in a guest`);
}

async function runSoak(name: string, entry: ProgramEntry): Promise<void> {
  const wire = wires[name];
  if (!wire) throw new Error(`${name} lacks a wire`);
  await run(`${name}, soak`, seed, (of) => soak(entry, wire, of, seconds));
}

for (const name of names) {
  const entry = readEntry(name);
  const client = clients[name];
  if (!client) throw new Error(`${name} lacks a client`);
  if (values.soak === undefined)
    for (let i = 0; i < runs; i++) await run(name, seed + i, (of) => tell(entry, client, { seed: of, writes }));
  if (values.runs !== undefined) continue;
  if (!isGuest(entry)) await runSoak(name, entry);
  else if (values.soak !== undefined) leaveSoakOut(name);
  else await run(`${name}, as processes`, seed, () => findOut(name));
}
finish(counts);
