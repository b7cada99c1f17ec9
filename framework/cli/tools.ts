import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installation } from '../installation.js';
import { EXIT, Failure } from './failure.js';

interface Tool {
  description: string;
  /** Below the installation. */
  file: string;
}

/** Programs of the installation that have a command each. A package for running GAIA may be without them. */
export const tools = {
  sim: { description: 'simulated lives of the consensus protocol, from seeds', file: 'build/native/gaia-simulator' },
  bench: { description: 'measure what the documents claim, on this machine', file: 'dist/test/bench/main.js' },
} satisfies Record<string, Tool>;

/** Runs it in the foreground, and ends as it does. */
export function runTool(name: keyof typeof tools, words: string[]): void {
  const file = join(installation.root, tools[name].file);
  if (!existsSync(file)) throw missing(name, file);
  const argv = file.endsWith('.js') ? [process.execPath, '--enable-source-maps', file] : [file];
  const [program, ...before] = argv as [string, ...string[]];
  const { status, error } = spawnSync(program, [...before, ...words], { stdio: 'inherit' });
  if (error) throw new Failure(EXIT.failed, `${file} cannot be run: ${error.message}`, 'Install GAIA again.');
  process.exitCode = status ?? EXIT.failed;
}

function missing(name: string, file: string): Failure {
  const remedy = `Take a clone of GAIA with its tests, and run there: npm run ${name} -- ARGUMENTS`;
  return new Failure(EXIT.failed, `This installation has no ${file}`, remedy);
}
