/** A day of one group: the real core in gaia-simulator, which tells what there is at even intervals. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Reading } from '../growth/growth.js';
import { told } from './told.js';
import type { Day } from './verdict.js';

const program = fileURLToPath(new URL('../../../build/native/gaia-simulator', import.meta.url));

export interface CoreOptions {
  minutes: number;
  members: number;
  durability: 'memory' | 'disk';
  loadPercent: number;
  /** Between two faults. */
  everySeconds: number;
  seed: number;
  /** A rule that is left out, as consensus/native/core/mutant.h names it. */
  mutant?: string;
}

const megabyte = 2 ** 20;

/** Of logs, which grow until the next snapshot, of what is on its way, and of pages that the allocator keeps. */
const breathes: Reading = {
  residentBytes: 16 * megabyte,
  entriesHeld: 512,
  readsPending: 16,
  recordsInRings: 512,
  ownRingBytes: 256 * 1024,
  logEntries: 8192,
  operations: 32,
  events: 32,
  clientsWaiting: 64,
  entriesChecked: 8192,
};

function argumentsOf({ durability, loadPercent, everySeconds, ...others }: CoreOptions): string[] {
  const values = { ...others, load: loadPercent, every: everySeconds };
  const named = Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return durability === 'disk' ? [...named, '--disk'] : named;
}

export function coreDay(options: CoreOptions, say: (text: string) => void): Promise<Day> {
  const child = spawn(program, argumentsOf(options), { stdio: ['ignore', 'pipe', 'inherit'] });
  return told(child, { overMs: options.minutes * 60_000, breathes }, say);
}
