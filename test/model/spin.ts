/** Makes the verifier of one run with spin and gcc, runs it within its bounds, and reads the verdict. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Run } from './catalogue.js';

const folder = fileURLToPath(new URL('../../../test/model', import.meta.url));
const depthMax = 100_000;

export interface Verdict {
  /** The property that broke, or null. */
  broken: string | null;
  /** False: a bound was reached before every state was visited, or the verifier failed. */
  exhaustive: boolean;
  states: number;
  depth: number;
  memoryMiB: number;
  seconds: number;
  output: string;
}

function command(directory: string, program: string, args: string[], secondsMax: number) {
  const result = spawnSync(program, args, { cwd: directory, encoding: 'utf8', timeout: secondsMax * 1000 });
  return { output: `${result.stdout}${result.stderr}`, status: result.status, error: result.error };
}

function make(directory: string, run: Run, live: boolean): void {
  const defines = run.defines.map((define) => `-D${define}`);
  const model = command(directory, 'spin', ['-a', ...defines, join(folder, `${run.model}.pml`)], 60);
  if (model.status !== 0) throw new Error(`spin refuses ${nameOf(run)}: ${model.error?.message ?? model.output}`);
  const safety = live ? [] : ['-DSAFETY', '-DNOCLAIM'];
  const random = run.randomSeed === undefined ? [] : ['-DT_RAND', '-DP_RAND'];
  const args = ['-O2', '-w', ...safety, ...random, `-DMEMLIM=${run.memoryMiBMax}`, '-o', 'pan', 'pan.c'];
  const verifier = command(directory, 'gcc', args, 120);
  if (verifier.status !== 0)
    throw new Error(`gcc refuses ${nameOf(run)}: ${verifier.error?.message ?? verifier.output}`);
}

const figure = (output: string, pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? 0);

/** From what the verifier printed; `property`: what an acceptance cycle of this model breaks. */
export function verdictOf(output: string, property: string | null): Verdict {
  const cycle = /acceptance cycle/.test(output) ? property : null;
  const broken = /assertion violated (\w+)/.exec(output)?.[1] ?? cycle;
  const complete = /errors: 0/.test(output) && !/Search not completed|max search depth too small/.test(output);
  return {
    broken,
    exhaustive: complete,
    states: figure(output, /([\d.e+]+) states, stored/),
    depth: figure(output, /depth reached (\d+)/),
    memoryMiB: figure(output, /([\d.]+)\s+total actual memory usage/),
    seconds: figure(output, /elapsed time ([\d.e+-]+) seconds/),
    output,
  };
}

export const nameOf = (run: Run) => [run.model, ...run.defines].join(' ');

/** The property of a model that is checked for liveness; null: assertions are. */
function liveProperty(run: Run): string | null {
  if (run.model === 'liveness') return 'somethingIsDecided';
  return run.defines.includes('ALONE') ? 'ringIsReadOn' : null;
}

export function check(run: Run): Verdict {
  const directory = mkdtempSync(join(tmpdir(), 'gaia-model-'));
  const property = liveProperty(run);
  try {
    make(directory, run, property !== null);
    const search = property === null ? [] : ['-a', '-f'];
    if (run.randomSeed !== undefined) search.push(`-RS${run.randomSeed}`);
    const { output } = command(directory, './pan', [`-m${depthMax}`, ...search], run.secondsMax);
    return verdictOf(output, property);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Null when the run ended as the catalogue says; otherwise what is wrong. */
export function complaint(run: Run, verdict: Verdict): string | null {
  if (run.breaks === null) {
    if (verdict.broken !== null) return `${verdict.broken} breaks`;
    return verdict.exhaustive
      ? null
      : `not all states were visited within ${run.secondsMax} s and ${run.memoryMiBMax} MiB`;
  }
  if (verdict.broken === null) return 'the mutant survives';
  return run.breaks.includes(verdict.broken) ? null : `the mutant breaks ${verdict.broken}, not ${run.breaks}`;
}
