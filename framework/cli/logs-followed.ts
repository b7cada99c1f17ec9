import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, Failure } from './failure.js';
import { type LogsOptions, type Part, readPart, type Source } from './logs.js';
import type { Session } from './session.js';
import { dim } from './terminal/colour.js';

const POLL_INTERVAL_MS = 500;
const TASKS_INTERVAL_MS = 2000;
/** Of a line that does not end. */
const LINE_CHARACTERS_MAX = 64 * 1024;

/** Puts lines together from parts of a text. */
export class Lines {
  #rest = '';

  /** Lines that have ended by now, or are too long to be waited for. */
  take(text: string): string[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length <= LINE_CHARACTERS_MAX) return lines;
    const long = this.#rest;
    this.#rest = '';
    return [...lines, long];
  }
}

type Followed = Source & { lines: Lines };

/** `find` gives what there is now: replicas that are replaced have new tasks. Ends when nobody answers for `timeout` seconds. */
export async function followLogs(
  session: Session,
  id: string,
  { lines, timeout }: LogsOptions,
  find: () => Promise<Source[]>,
): Promise<never> {
  let followed = followedOf([], await find(), null);
  for (const source of followed) await tellNews(session, id, source, lines);
  let foundMs = performance.now();
  for (let answeredMs = foundMs; ; await sleep(POLL_INTERVAL_MS)) {
    try {
      const isDue = performance.now() - foundMs > TASKS_INTERVAL_MS;
      if (isDue) followed = followedOf(followed, await find(), 0);
      if (isDue) foundMs = performance.now();
      for (const source of followed) await tellNews(session, id, source);
      answeredMs = performance.now();
    } catch (error) {
      if (!isPassing(error) || performance.now() - answeredMs > timeout * 1000) throw error;
    }
  }
}

/** `next`: from where those on are told that are new. */
function followedOf(before: Followed[], found: Source[], next: number | null): Followed[] {
  return found.map((source) => {
    const known = before.find(({ task, file }) => task.id === source.task.id && file === source.file);
    return known ?? { ...source, next, lines: new Lines() };
  });
}

async function tellNews({ api, output }: Session, id: string, source: Followed, linesMax = Number.POSITIVE_INFINITY) {
  const { next, text } = await readPart(api, id, source).catch((error) => noFileYet(error, source));
  source.next = next;
  for (const line of source.lines.take(text).slice(-linesMax)) tellLine(output, source, line);
}

/** A task that has not begun has none, and one that is gone none any more. */
function noFileYet(error: unknown, { next }: Source): Part {
  if (error instanceof Failure && error.exitCode === EXIT.notFound) return { next: next ?? 0, text: '' };
  throw error;
}

const isPassing = (error: unknown): boolean =>
  error instanceof Failure &&
  (error.exitCode === EXIT.unreachable || (typeof error.more.status === 'number' && error.more.status >= 500));

function tellLine(output: Session['output'], { task, file }: Source, line: string): void {
  if (output.forPrograms) output.item({ taskId: task.id, host: task.host, file, line });
  const name = task.replica === undefined ? task.host : `replica ${task.replica.slot}`;
  output.line(`${dim(`${name} ${file} |`)} ${line}`);
}
