import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { appPath } from './api-client.js';
import type { TaskJson } from './app-json.js';
import { EXIT, Failure } from './failure.js';
import { directoryOf } from './local-cluster.js';
import type { Output } from './output.js';
import { gaia } from './program-name.js';
import type { Session } from './session.js';
import { bold, dim } from './terminal/colour.js';

/** Work directory of an agent down to the runs of an executor, as Apache Mesos lays it out. */
const DEPTH_MAX = 10;
/** Of a program; a guest's console is its standard output. */
const FILES = ['stdout', 'stderr'];
export const CONSOLE_FILES = ['stdout'];
const TAIL_BYTES_MAX = 256 * 1024;

export interface LogsOptions {
  directory?: string;
  lines: number;
  slot?: number;
}

/**
 * `gaia logs`: the end of what the tasks of an app wrote, read from the sandboxes of a cluster on this machine. `gaia vm console`: of
 * standard output alone, which is a guest's console.
 */
export async function logs({ api, output }: Session, id: string, options: LogsOptions, files = FILES): Promise<void> {
  const { tasks } = await api.get<{ tasks: TaskJson[] }>(appPath(id, 'tasks'));
  const wanted = tasks.filter((task) => options.slot === undefined || task.replica?.slot === options.slot);
  if (wanted.length === 0) {
    const what = options.slot === undefined ? 'has no tasks' : `has no task in slot ${options.slot}`;
    throw new Failure(EXIT.failed, `${id} ${what}`, `See what waits with: ${gaia} app show ${id}`);
  }
  const directory = directoryOf(options.directory);
  const found = wanted.map((task) => ({ task, sandbox: findSandbox(directory, task.id) }));
  for (const { task, sandbox } of found) showTask(output, task, sandbox, options.lines, files);
  if (found.every(({ sandbox }) => sandbox === null)) {
    const remedy = 'Logs are read on the machine of a local cluster; name its directory with --directory.';
    throw new Failure(EXIT.failed, `No sandbox of ${id} below ${directory}`, remedy);
  }
  output.result({ logs: found.map(({ task, sandbox }) => ({ taskId: task.id, sandbox })) });
}

function showTask(output: Output, task: TaskJson, sandbox: string | null, lines: number, files: string[]): void {
  const slot = task.replica === undefined ? '' : `replica ${task.replica.slot}, `;
  output.line(bold(`${slot}${task.id} on ${task.host}`));
  if (sandbox === null) {
    output.line(dim('  its sandbox is not on this machine'));
    return;
  }
  for (const file of files.map((name) => join(sandbox, name))) {
    output.line(dim(`  ${file}`));
    for (const line of existsSync(file) ? lastLines(file, lines) : []) output.line(`    ${line}`);
  }
}

/** The newest run of the executor that has the task; null when none is below `directory`. */
export function findSandbox(directory: string, taskId: string): string | null {
  const runs = findRuns(directory, taskId, DEPTH_MAX);
  if (runs === null) return null;
  const latest = join(runs, 'latest');
  if (existsSync(latest)) return latest;
  const [only] = readdirSync(runs);
  return only === undefined ? null : join(runs, only);
}

function findRuns(directory: string, taskId: string, depth: number): string | null {
  const here = join(directory, 'executors', taskId, 'runs');
  if (existsSync(here)) return here;
  if (depth === 0 || !existsSync(directory)) return null;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    // What is below `runs` is a sandbox: it belongs to the program and may be of any size.
    const found =
      entry.isDirectory() && entry.name !== 'runs' ? findRuns(join(directory, entry.name), taskId, depth - 1) : null;
    if (found !== null) return found;
  }
  return null;
}

function lastLines(file: string, count: number): string[] {
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES_MAX));
    const read = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
    const lines = bytes.subarray(0, read).toString('utf8').split('\n');
    // What ends with a line break ends with an empty line that is none.
    return (lines.at(-1) === '' ? lines.slice(0, -1) : lines).slice(-count);
  } finally {
    closeSync(descriptor);
  }
}
