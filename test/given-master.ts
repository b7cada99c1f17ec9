/** Commands that try a master of somebody else, or an embedded one: which, and the verdict. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { authorization, credential } from './conformance/credential.js';
import type { Counts } from './mocha.js';

const ANSWER_TIMEOUT_MS = 5000;

export interface GivenMaster {
  /** In words, for the verdict. */
  what: string;
  words: string[];
}

interface Needs {
  /** As in package.json. */
  command: string;
  agentsMin: number;
  /** The suite can name itself to a master that asks. */
  takesCredential?: boolean;
}

/** Ends the run with status 2: it could not be tried. */
export function refuse(command: string, problem: string): never {
  console.error(`${problem}\nUse: npm run ${command} -- [--master http://HOST:PORT [--credential FILE]] [WORD ...]`);
  process.exit(2);
}

/** Reads the arguments, looks whether the master can be tried, and names it to the suite by `MASTER_URL`. */
export async function givenMaster({ command, agentsMin, takesCredential }: Needs): Promise<GivenMaster> {
  const { values, positionals } = parse(command);
  const master = values.master?.replace(/\/$/, '');
  useCredential(command, values.credential, takesCredential === true && master !== undefined);
  if (master === undefined) return { what: 'the embedded master', words: positionals };
  const what = await subject(command, master, agentsMin);
  process.env.MASTER_URL = master;
  return { what, words: positionals };
}

function parse(command: string) {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { master: { type: 'string' }, credential: { type: 'string' } },
    });
  } catch (error) {
    return refuse(command, (error as Error).message);
  }
}

/** Named to the suite by `MASTER_CREDENTIAL`. */
function useCredential(command: string, file: string | undefined, isTaken: boolean): void {
  if (file === undefined) return;
  if (!isTaken) refuse(command, '--credential is for the conformance of the master of --master.');
  process.env.MASTER_CREDENTIAL = resolve(file);
  try {
    credential();
  } catch (error) {
    refuse(command, `--credential: ${(error as Error).message}`);
  }
}

async function subject(command: string, master: string, agentsMin: number): Promise<string> {
  try {
    const { version } = await page<{ version: string }>(master, 'version');
    const { slaves } = await page<{ slaves: { active: boolean }[] }>(master, 'slaves');
    const active = slaves.filter((agent) => agent.active).length;
    if (active >= agentsMin) return `${master}, version ${version}`;
    const needs = `the suite needs ${agentsMin}, idle, on this host`;
    return refuse(command, `--master ${master} has ${active} active agents; ${needs}.`);
  } catch (error) {
    const cause = (error as { cause?: Error }).cause ?? (error as Error);
    return refuse(command, `--master ${master} cannot be asked: ${cause.message}. Give the URL of the leading master.`);
  }
}

async function page<Body>(master: string, name: string): Promise<Body> {
  const answer = await fetch(`${master}/${name}`, {
    headers: authorization(),
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  if (!answer.ok) throw new Error(`GET /${name} answers ${answer.status}`);
  return (await answer.json()) as Body;
}

/** Says what came of it, and ends with status 0 if nothing failed, 1 if something did. */
export function conclude(what: string, { passed, failed, skipped }: Counts, well: string, badly: string): never {
  const good = failed === 0 && passed > 0;
  console.log(`${what}: ${passed} passed, ${failed} failed, ${skipped} skipped: ${good ? well : badly}`);
  process.exit(good ? 0 : 1);
}
