/** A day of the scheduler: in a process of its own, so that what lives there is the scheduler's and its tiny Mesos'. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Reading } from '../growth/growth.js';
import { told } from './told.js';
import type { Day } from './verdict.js';

const program = fileURLToPath(new URL('scheduler/main.js', import.meta.url));

export interface SchedulerOptions {
  minutes: number;
  /** Before the day: what is remembered of each app has a bound, which is reached first. */
  roundsBefore: number;
  /** Also what is compared with nothing, for people to see. */
  hourly: boolean;
  seed: number;
}

/** Of apps, which come and go, of agents, which are drained until somebody ends it, and of pages between two collections. */
const breathes: Reading = {
  residentBytes: 64 * 2 ** 20,
  tasks: 8,
  records: 16,
  offers: 8,
  storyLines: 64,
  versions: 32,
  deployments: 2,
  drains: 8,
  waiting: 8,
};

export function schedulerDay(options: SchedulerOptions, say: (text: string) => void): Promise<Day> {
  const child = spawn(process.execPath, ['--enable-source-maps', program, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return told(child, { overMs: options.minutes * 60_000, breathes }, say);
}
