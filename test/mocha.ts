/** Runs mocha files and counts. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** Full titles of what failed, as far as they are known. */
  failures: string[];
}

export interface MochaSettings {
  rootHooks?: Mocha.RootHookObject;
  /** Processes that take the files one after another; 1 is this process, the only one that knows root hooks. */
  lanes?: number;
}

/** Compiled files of `folder` whose names end so and have one of the words, if there are any; by name. */
export function filesIn(folder: string, ending: string, words: string[]): string[] {
  const isNamed = (name: string) => words.length === 0 || words.some((word) => name.includes(word));
  const names = readdirSync(folder).filter((name) => name.endsWith(ending) && isNamed(name));
  return names.sort().map((name) => path.join(folder, name));
}

export async function runMocha(files: string[], { rootHooks = {}, lanes = 1 }: MochaSettings = {}): Promise<Counts> {
  const color = process.stdout.isTTY === true;
  const mocha = new Mocha({ timeout: 20_000, reporter: 'spec', color, parallel: lanes > 1, jobs: lanes });
  mocha.rootHooks(rootHooks);
  for (const file of files) mocha.addFile(file);
  if (lanes === 1) await mocha.loadFilesAsync();
  return await new Promise((resolve) => {
    const failures: string[] = [];
    const runner = mocha
      .run(() => {
        const stats = runner.stats;
        resolve({ passed: stats?.passes ?? 0, failed: stats?.failures ?? 1, skipped: stats?.pending ?? 0, failures });
      })
      .on('fail', (test) => failures.push(test.fullTitle()));
  });
}

/** Closes a run with what failed and "N passed, N failed, N skipped"; nothing passed is a failure too. */
export function finish(...parts: Counts[]): never {
  const sum = (key: 'passed' | 'failed' | 'skipped') => parts.reduce((total, part) => total + part[key], 0);
  for (const title of parts.flatMap((part) => part.failures)) console.log(`failed: ${title}`);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
  process.exit(sum('failed') > 0 || sum('passed') === 0 ? 1 : 0);
}
