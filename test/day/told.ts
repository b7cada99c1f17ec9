/** The day that a program of its own lives through: it says a line of JSON for each reading, and one of facts at the end. */
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Reading, Sample } from '../growth/growth.js';
import type { Day } from './verdict.js';

/** Its facts have the field `failure`: the promise that was broken, or nothing. */
export type Lives = ChildProcessByStdio<null, Readable, null>;

const saidEvery = 60;

export async function told(
  program: Lives,
  { overMs, breathes }: { overMs: number; breathes: Reading },
  say: (text: string) => void,
): Promise<Day> {
  const ended = once(program, 'close');
  const samples: Sample[] = [];
  let facts: Record<string, unknown> = {};
  for await (const line of createInterface({ input: program.stdout })) {
    const said = JSON.parse(line) as Sample | Record<string, unknown>;
    if (!('reading' in said)) facts = said;
    else samples.push(said as Sample);
    if (samples.length % saidEvery === 0 && 'reading' in said)
      say(`${samples.at(-1)?.atMs} ms: ${JSON.stringify(said.reading)}`);
  }
  const [status] = await ended;
  const { failure = `it ended with ${status}`, ...others } = facts;
  const faults = failure === '' ? [] : [String(failure)];
  return { overMs, samples, breathes, faults, facts: others };
}
