/**
 * `npm run conformance -- [--master URL] [WORDS]`: the conformance suite against a master with at least two idle agents on this host; without
 * --master against the embedded one. Words narrow the files. Closes with the verdict: exit status 0 if nothing failed, 1 if something did, 2 if it could not be tried.
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runMocha } from '../mocha.js';

const ANSWER_TIMEOUT_MS = 5000;
const AGENTS_MIN = 2;

function refuse(problem: string): never {
  console.error(`${problem}\nUse: npm run conformance -- [--master http://HOST:PORT] [WORD ...]`);
  process.exit(2);
}

function parse() {
  try {
    return parseArgs({ allowPositionals: true, options: { master: { type: 'string' } } });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

async function page<Body>(master: string, name: string): Promise<Body> {
  const answer = await fetch(`${master}/${name}`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  if (!answer.ok) throw new Error(`GET /${name} answers ${answer.status}`);
  return (await answer.json()) as Body;
}

/** @returns what is tested, in words; ends the run if the master cannot be tested */
async function subject(master: string): Promise<string> {
  try {
    const { version } = await page<{ version: string }>(master, 'version');
    const { slaves } = await page<{ slaves: { active: boolean }[] }>(master, 'slaves');
    const active = slaves.filter((agent) => agent.active).length;
    if (active >= AGENTS_MIN) return `${master}, version ${version}`;
    return refuse(`--master ${master} has ${active} active agents; the suite needs ${AGENTS_MIN}, idle, on this host.`);
  } catch (error) {
    const cause = (error as { cause?: Error }).cause ?? (error as Error);
    return refuse(`--master ${master} cannot be asked: ${cause.message}. Give the URL of the leading master.`);
  }
}

const { values, positionals } = parse();
const master = values.master?.replace(/\/$/, '');
const what = master === undefined ? 'the embedded master' : await subject(master);
if (master !== undefined) process.env.MASTER_URL = master;

const folder = fileURLToPath(new URL('.', import.meta.url));
const named = (name: string) => positionals.length === 0 || positionals.some((word) => name.includes(word));
const files = readdirSync(folder).filter((name) => name.endsWith('.test.js') && named(name));
if (files.length === 0) refuse(`no file of the suite has ${positionals.join(' or ')} in its name.`);
const { passed, failed, skipped } = await runMocha(files.sort().map((name) => path.join(folder, name)));
const conforms = failed === 0 && passed > 0;
console.log(
  `${what}: ${passed} passed, ${failed} failed, ${skipped} skipped: ${conforms ? 'conforms' : 'does NOT conform'}`,
);
process.exit(conforms ? 0 : 1);
