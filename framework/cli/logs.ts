import { appPath } from './api-client.js';
import type { TaskJson } from './app-json.js';
import { EXIT, Failure } from './failure.js';
import { followLogs } from './logs-followed.js';
import type { Output } from './output.js';
import { gaia } from './program-name.js';
import type { Session } from './session.js';
import { bold, dim } from './terminal/colour.js';

/** Of a program; a guest's console is its standard output. */
const FILES = ['stdout', 'stderr'] as const;
export const CONSOLE_FILES: LogFile[] = ['stdout'];
const TAIL_BYTES_MAX = 256 * 1024;

export type LogFile = (typeof FILES)[number];

export interface LogsOptions {
  lines: number;
  slot?: number;
  follow?: boolean;
  /** Seconds. */
  timeout: number;
}

/** One file of a task, and how far it has been read. */
export interface Source {
  task: TaskJson;
  file: LogFile;
  /** In bytes; null: from the end on. */
  next: number | null;
}

export interface Part {
  next: number;
  text: string;
}

/** What came after what has been read of it. */
export async function readPart(api: Session['api'], appId: string, { task, file, next }: Source): Promise<Part> {
  const from = next === null ? '' : `&offset=${next}`;
  return api.get<Part>(`${appPath(appId, 'tasks', task.id, 'log')}?file=${file}&length=${TAIL_BYTES_MAX}${from}`);
}

/**
 * `gaia logs`: the end of what the tasks of an app wrote, which their agents tell; with `follow` what they write, too. `gaia vm console`:
 * of standard output alone, which is a guest's console.
 */
export async function logs(session: Session, id: string, options: LogsOptions, files: LogFile[] = [...FILES]) {
  const { api, output } = session;
  const sources = await sourcesOf(api, id, options, files);
  if (sources.length === 0) {
    const what = options.slot === undefined ? 'has no tasks' : `has no task in slot ${options.slot}`;
    throw new Failure(EXIT.failed, `${id} ${what}`, `See what waits with: ${gaia} app show ${id}`);
  }
  if (options.follow) return followLogs(session, id, options, () => sourcesOf(api, id, options, files));
  const told: object[] = [];
  for (const source of sources) {
    const lines = linesOf((await readPart(api, id, source)).text).slice(-options.lines);
    showSource(output, source, lines);
    told.push({ taskId: source.task.id, host: source.task.host, file: source.file, lines });
  }
  output.result({ logs: told });
}

async function sourcesOf(api: Session['api'], id: string, { slot }: LogsOptions, files: LogFile[]): Promise<Source[]> {
  const { tasks } = await api.get<{ tasks: TaskJson[] }>(appPath(id, 'tasks'));
  const wanted = tasks.filter(({ replica }) => slot === undefined || replica?.slot === slot);
  return wanted.flatMap((task) => files.map((file) => ({ task, file, next: null })));
}

function showSource(output: Output, { task, file }: Source, lines: string[]): void {
  output.line(`${bold(`${slotText(task)}${task.id} on ${task.host}`)} ${dim(file)}`);
  for (const line of lines) output.line(`  ${line}`);
}

const slotText = ({ replica }: TaskJson): string => (replica === undefined ? '' : `replica ${replica.slot}, `);

/** What ends with a line break ends with an empty line that is none. */
export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}
