/**
 * `npm run fuzz -- --seconds 3600 [WORD]`: everything that is given damaged input, each for so long (60): the cases `fuzz: *` of the native
 * tests under libFuzzer with AddressSanitizer and UBSan, then the files `*.fuzz.test.ts`; WORD: those that have it in their name. `--keep`:
 * only the former, and what reaches code that nothing smaller does becomes the corpus that `npm test` tries
 * (test/consensus/native/fuzz/README.md). What ends a case is kept below build/fuzz/found/.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Counts, finish, runMocha } from './mocha.js';
import { wholeNumber } from './whole-number.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const directory = join(root, 'build/fuzz');
const found = join(directory, 'found');
const native = join(root, 'test/consensus/native');
const corpusFile = join(native, 'fuzz/corpus.txt');
/** A case asks for no more choices than these hold. */
const inputBytesMax = 512;

const secondsMax = 7 * 86_400;

const options = { seconds: { type: 'string', default: '60' }, keep: { type: 'boolean' } } as const;
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const seconds = wholeNumber('seconds', values.seconds, [1, secondsMax], (problem) => {
  console.error(problem);
  process.exit(2);
});

function run(command: string, args: string[], env: Record<string, string> = {}): boolean {
  return spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status === 0;
}

function build(): boolean {
  const compiler = ['-DCMAKE_CXX_COMPILER=clang++-14', '-DGAIA_FUZZ=ON'];
  return (
    run('cmake', ['-S', join(root, 'consensus/native'), '-B', directory, ...compiler]) &&
    run('cmake', ['--build', directory, '-j2', '--target', 'gaia-native-fuzz'])
  );
}

function cases(): string[] {
  const files = readdirSync(native)
    .filter((file) => /^fuzz\w*_test\.cc$/.test(file))
    .sort();
  const text = files.map((file) => readFileSync(join(native, file), 'utf8')).join('\n');
  return [...text.matchAll(/TEST_CASE\("(fuzz: [^"]+)"\)/g)].map(([, name]) => name as string);
}

/** Each case with its inputs in hexadecimal. */
function readCorpus(): Map<string, string[]> {
  const parts = readFileSync(corpusFile, 'utf8')
    .trim()
    .split(/^(?=fuzz: )/m);
  return new Map(
    parts.map((part) => {
      const [name = '', ...inputs] = part.trim().split('\n');
      return [name, inputs];
    }),
  );
}

/** A new directory of a case. */
function fresh(name: string, use: string): string {
  const path = join(directory, use, name.replaceAll(/\W+/g, '-'));
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
}

/** Commas separate filters of doctest. */
function libFuzzer(name: string, args: string[]): boolean {
  return run(join(directory, 'gaia-native-fuzz'), args, { GAIA_FUZZ_CASE: name.replaceAll(',', '*') });
}

/** Gives what the run has, with the corpus it began with. */
function fuzz(name: string, begin: string[]): { passed: boolean; reached: string } {
  console.log(`\n${name}`);
  const reached = fresh(name, 'reached');
  begin.forEach((input, i) => {
    writeFileSync(join(reached, `corpus-${i}`), Buffer.from(input, 'hex'));
  });
  const limits = [`-max_total_time=${seconds}`, `-max_len=${inputBytesMax}`, '-timeout=30', '-rss_limit_mb=2048'];
  const args = [...limits, `-artifact_prefix=${found}/`, '-print_final_stats=1', '-verbosity=0', reached];
  return { passed: libFuzzer(name, args), reached };
}

/** The fewest inputs that reach as much as all do. */
function fewest(name: string, reached: string): string[] {
  const into = fresh(name, 'fewest');
  if (!libFuzzer(name, ['-merge=1', '-verbosity=0', into, reached])) throw new Error(`cannot merge ${reached}`);
  const inputs = readdirSync(into)
    .map((file) => readFileSync(join(into, file)).toString('hex'))
    .filter((text) => text !== '');
  return inputs.sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
}

function writeCorpus(corpus: Map<string, string[]>): void {
  const parts = cases().map((name) => [name, ...(corpus.get(name) ?? [])].join('\n'));
  writeFileSync(corpusFile, `${parts.join('\n')}\n`);
}

const isWanted = (name: string) => positionals.every((word) => name.includes(word));

/** Compiled files of the targets in TypeScript, by name. */
function filesWanted(): string[] {
  const compiled = join(root, 'dist/test');
  return readdirSync(compiled, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.fuzz.test.js') && isWanted(basename(name, '.fuzz.test.js')))
    .filter((name) => existsSync(join(root, 'test', name.replace(/\.js$/, '.ts'))))
    .sort()
    .map((name) => join(compiled, name));
}

function fuzzNative(names: string[]): Counts {
  mkdirSync(found, { recursive: true });
  if (names.length > 0 && !build()) process.exit(1);
  const corpus = readCorpus();
  const failures: string[] = [];
  for (const name of names) {
    const { passed, reached } = fuzz(name, corpus.get(name) ?? []);
    if (!passed) failures.push(name);
    else if (values.keep) corpus.set(name, fewest(name, reached));
  }
  if (values.keep) writeCorpus(corpus);
  if (failures.length > 0) console.log(`see ${found}: ${readdirSync(found).join(', ')}`);
  return { passed: names.length - failures.length, failed: failures.length, skipped: 0, failures };
}

const names = cases().filter(isWanted);
const files = values.keep ? [] : filesWanted();
if (names.length + files.length === 0) {
  const where = 'they are in test/consensus/native/fuzz_*test.cc and in files *.fuzz.test.ts';
  console.error(`nothing has ${positionals.join(' and ')} in its name; ${where}`);
  process.exit(2);
}
const counts = fuzzNative(names);
process.env.GAIA_FUZZ_SECONDS = values.seconds;
finish(counts, ...(files.length > 0 ? [await runMocha(files)] : []));
