/**
 * `npm run test:docs`: runs the shell blocks of README.md and docs/, page by page, each page from its own empty folder, with a local
 * cluster of its own. Arguments narrow the pages: `npm run test:docs -- README cluster`.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readLocalCluster } from '../../framework/cli/local-cluster.js';
import { installation } from '../../framework/installation.js';
import { type Step, stepsOf } from './blocks.js';
import { pages, reference } from './pages.js';

const blockTimeoutMs = 180_000;
/** Variables and functions that a block sets are there in the next ones of its page. */
const remembering = 'set -a; if test -e .shell; then . ./.shell; fi; trap "{ export -p; declare -f; } > .shell" EXIT\n';

const words = process.argv.slice(2);
const home = mkdtempSync(join(tmpdir(), 'gaia-docs-'));
const cluster = join(home, 'cluster');
const left: string[] = [`${reference}: its examples are parsed, not run (test/framework/cli/manual.test.ts)`];
const count = { passed: 0, failed: 0, saved: 0 };

makePrograms();
process.once('SIGINT', () => void close(130));
for (const { page, markdown } of pages()) {
  if (words.length > 0 && !words.some((word) => page.includes(word))) continue;
  await follow(page, stepsOf(page, markdown)).catch((error: Error) => {
    console.log(`FAILED ${page}: ${error.message}`);
    count.failed += 1;
  });
}
console.log(`\n${left.length} exemptions:`);
for (const line of left) console.log(`  ${line}`);
console.log(`${count.passed} passed, ${count.failed} failed, ${left.length} not run, ${count.saved} files saved`);
await close(count.failed > 0 || count.passed === 0 ? 1 : 0);

/** A page is left at its first block that fails: what follows needs it. */
async function follow(page: string, steps: Step[]): Promise<void> {
  const folder = join(home, 'pages', page);
  mkdirSync(folder, { recursive: true });
  // As in a clone, from which readers type.
  symlinkSync(join(installation.root, 'dist'), join(folder, 'dist'));
  symlinkSync(cluster, join(folder, '.gaia'));
  // README starts one itself.
  if (page !== 'README.md' && steps.some(({ kind }) => kind === 'run')) await startCluster(folder);
  for (const step of steps) if (!(await carriedOut(step, folder))) return;
}

/** As a reader finds it who begins with this page: the page before may have taken the demo away. */
async function startCluster(folder: string): Promise<void> {
  await bash(folder, 'gaia down');
  rmSync(cluster, { recursive: true, force: true });
  const { code, text } = await bash(folder, 'gaia up');
  if (code !== 0) throw new Error(`gaia up ended with ${code}:\n${text}`);
}

async function carriedOut(step: Step, folder: string): Promise<boolean> {
  const place = `${step.page}:${step.line}`;
  if (step.kind === 'leave') left.push(`${place}: ${step.reason}`);
  if (step.kind === 'save') {
    writeFileSync(join(folder, step.file), step.text);
    count.saved += 1;
  }
  if (step.kind !== 'run') return true;
  const startedAt = performance.now();
  const ran = await bash(folder, await filled(step, folder), step.until);
  const isWell = step.codes.includes(ran.code);
  console.log(`${isWell ? 'ok    ' : 'FAILED'} ${place} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
  if (!isWell) console.log(`${step.script}--- ended with ${ran.code}:\n${ran.text}`);
  count[isWell ? 'passed' : 'failed'] += 1;
  return isWell;
}

/** What the reader puts in for words that stand for something. The API may have another port than the usual one. */
async function filled({ script, given }: Extract<Step, { kind: 'run' }>, folder: string): Promise<string> {
  const { apiUrl = '' } = readLocalCluster(cluster) ?? {};
  let text = apiUrl === '' ? script : script.replaceAll('http://127.0.0.1:8080', apiUrl);
  for (const [word, command] of given) {
    const { code, printed: value, text: all } = await bash(folder, command);
    if (code !== 0 || value.trim() === '') throw new Error(`${word} is not known: ${command}\n${all}`);
    const whole = new RegExp(`(?<![\\w.])${word.replaceAll(/[.*+?^$|()[\]{}\\]/g, '\\$&')}(?!\\w)`, 'g');
    text = text.replaceAll(whole, () => value.trim());
  }
  return text;
}

interface Ran {
  code: number;
  /** On standard output, and on both. */
  printed: string;
  text: string;
}

/** With `until` it is a program that goes on until it is stopped. */
function bash(folder: string, script: string, until: string | null = null): Promise<Ran> {
  const { GAIA_API: _api, GAIA_CONTEXT: _context, ...outer } = process.env;
  const env = {
    ...outer,
    GAIA_DIRECTORY: cluster,
    XDG_CONFIG_HOME: join(home, 'config'),
    PATH: `${join(home, 'bin')}:${process.env.PATH}`,
  };
  const child = spawn('bash', ['-euo', 'pipefail', '-c', `${remembering}${script}`], {
    ...{ cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true, timeout: blockTimeoutMs },
  });
  let [printed, text] = ['', ''];
  let stopped = false;
  const hear = (chunk: Buffer) => {
    text += chunk;
    if (stopped || until === null || !text.includes(until)) return;
    stopped = true;
    process.kill(-(child.pid as number), 'SIGTERM');
  };
  child.stdout?.on('data', (chunk) => (printed += chunk));
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', hear);
  // What `up` starts goes on and may hold the pipes: the end of the shell is the end.
  return new Promise((resolve) =>
    child.on('exit', (code) => setImmediate(() => resolve({ code: stopped ? 0 : (code ?? -1), printed, text }))),
  );
}

/** What is called as in a clone, from any folder: `npx gaia` and `gaia` are this build, `npm` is of this clone. */
function makePrograms(): void {
  const main = join(installation.root, 'dist/framework/cli/main.js');
  const bin = join(home, 'bin');
  mkdirSync(bin, { recursive: true });
  const run = `exec '${process.execPath}' '${main}' "$@"`;
  const npm = join(dirname(process.execPath), 'npm');
  const programs = {
    gaia: run,
    npx: `test "$1" = gaia || { echo "npx $1: only gaia is for this clone" >&2; exit 1; }; shift; ${run}`,
    npm: `cd '${installation.root}'; exec '${npm}' "$@"`,
  };
  for (const [name, script] of Object.entries(programs))
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

async function close(code: number): Promise<never> {
  await bash(home, 'gaia down');
  rmSync(home, { recursive: true, force: true });
  process.exit(code);
}
