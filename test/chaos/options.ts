/** What `npm run chaos` is told. */
import { parseArgs } from 'node:util';
import { wholeNumber } from '../whole-number.js';
import { type NemesisName, nemesisNames } from './nemeses.js';
import { readSchedule, type Schedule, scheduleOf, secondsMax } from './schedule.js';

/** More than clients have time for. */
const callsPerSecondMax = 10_000;

export interface ChaosOptions {
  schedule: Schedule;
  /** Of the clients of all groups together, at most. */
  callsPerSecond: number;
  /** Where the report goes. */
  out: string;
  /** URL of somebody else's; null: masters and agents of its own. */
  master: string | null;
}

/** @throws Error that names the option, its value and the remedy */
export function readChaosOptions(args: string[], readFile: (path: string) => string): ChaosOptions {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: 'string', default: '60' },
      nemesis: { type: 'string', default: 'all' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      calls: { type: 'string', default: '200' },
      schedule: { type: 'string' },
      out: { type: 'string' },
      master: { type: 'string' },
    },
  });
  const schedule =
    values.schedule === undefined
      ? scheduleOf(
          wholeNumber('seed', values.seed, [0, 2 ** 32], refuse),
          wholeNumber('seconds', values.seconds, [0, secondsMax], refuse),
          chosen(values.nemesis),
        )
      : readSchedule(readFile(values.schedule));
  const callsPerSecond = wholeNumber('calls', values.calls, [1, callsPerSecondMax], refuse);
  const out = values.out ?? `build/chaos/${schedule.seed}`;
  return { schedule, callsPerSecond, out, master: values.master === undefined ? null : urlOf(values.master) };
}

function urlOf(text: string): string {
  if (/^https?:\/\/[^/]+\/?$/.test(text)) return text.replace(/\/$/, '');
  throw new Error(`--master is "${text}"; give the URL of the leading one, http://HOST:PORT`);
}

function refuse(problem: string): never {
  throw new Error(problem);
}

function chosen(text: string): NemesisName[] {
  if (text === 'all') return nemesisNames;
  const names = text.split(',');
  const unknown = names.find((name) => !nemesisNames.some((known) => known === name));
  if (unknown !== undefined)
    throw new Error(`--nemesis names "${unknown}"; there are ${nemesisNames.join(', ')}, and all`);
  return nemesisNames.filter((name) => names.includes(name));
}
