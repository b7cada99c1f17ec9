/** Runs mocha files in this process and counts. */
import Mocha from 'mocha';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export async function runMocha(files: string[], rootHooks: Mocha.RootHookObject = {}): Promise<Counts> {
  const mocha = new Mocha({ timeout: 20_000, reporter: 'spec', color: process.stdout.isTTY === true });
  mocha.rootHooks(rootHooks);
  for (const file of files) mocha.addFile(file);
  await mocha.loadFilesAsync();
  return await new Promise((resolve) => {
    const runner = mocha.run(() => {
      const stats = runner.stats;
      resolve({ passed: stats?.passes ?? 0, failed: stats?.failures ?? 1, skipped: stats?.pending ?? 0 });
    });
  });
}

/** Closes a run with "N passed, N failed, N skipped"; nothing passed is a failure too. */
export function finish(...parts: Counts[]): never {
  const sum = (key: keyof Counts) => parts.reduce((total, part) => total + part[key], 0);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
  process.exit(sum('failed') > 0 || sum('passed') === 0 ? 1 : 0);
}
