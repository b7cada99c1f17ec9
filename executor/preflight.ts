/** Checks before the program is started, so that a refusal names its cause and remedy instead of leaving a riddle. */
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Assignment } from './assignment.js';
import { type Executable, inspectExecutable, ownMachine } from './executable.js';
import { gatewayFile } from './workplace.js';

/** The journal's first segment; the interposer allocates it when the replica starts. */
export const journalStartBytes = 128 * 2 ** 20;

const shellWords = new Set(
  (
    '. : [ alias bg break case cd chdir command continue do done echo elif else esac eval exit export false fg fi for ' +
    'getopts hash if in jobs kill local printf pwd read readonly return set shift test then times trap true type ' +
    'ulimit umask unalias unset until wait while { }'
  ).split(' '),
);

export interface PreflightRequest {
  assignment: Assignment;
  /** What a relative program name refers to. */
  sandbox: string;
  /** The PATH that the program will have. */
  path: string;
  /** The interposer library of this installation. */
  interposer: string;
}

/** Throws an error whose message is meant for the user. */
export function preflight(request: PreflightRequest): void {
  const { assignment, sandbox, path, interposer } = request;
  if ('vm' in assignment.command) return;
  const name = programName(assignment.command);
  const file = name === null ? null : findProgram(name, sandbox, path);
  if (assignment.replica === null) return;
  const { gateway } = assignment.replica;
  if (file !== null && gateway === null) checkPreloadable(file, sandbox, path);
  const ours = gateway === null ? interposer : join(dirname(interposer), gatewayFile);
  if (!existsSync(ours)) {
    const what = gateway === null ? 'The interposer library' : 'The gateway';
    throw new Error(`${what} ${ours} does not exist on this host: build it there with "npm run build".`);
  }
  checkDisk(sandbox);
}

/**
 * The program that a command comes down to. Null when only a shell can know: commands of several parts, words to be
 * expanded, builtins. Then a missing program is told by its exit and a static one by the missing `hello`.
 */
export function programName(command: Exclude<Assignment['command'], { vm: unknown }>): string | null {
  if ('argv' in command) return command.argv[0] ?? null;
  const words = command.shell.trim().split(/\s+/);
  while (words[0] !== undefined && /^[A-Za-z_]\w*=[^'"`$\\]*$/.test(words[0])) words.shift();
  const executes = words[0] === 'exec';
  if (executes) words.shift();
  const name = words[0] ?? '';
  if (!/^[\w./+@%:-]+$/.test(name) || shellWords.has(name)) return null;
  return executes || !/[;&|\n(){}]/.test(command.shell) ? name : null;
}

/** Looks a name up like execvp(3): with a slash it is a path, else PATH is searched. */
function findProgram(name: string, sandbox: string, path: string): string {
  const candidates = name.includes('/')
    ? [resolve(sandbox, name)]
    : path.split(':').map((part) => resolve(sandbox, part, name));
  const files = candidates.filter(isFile);
  const executable = files.find(isExecutable);
  if (executable !== undefined) return executable;
  if (files[0] !== undefined) {
    throw new Error(
      `The program ${files[0]} is not executable: set its mode (chmod +x), or "executable": true if it is fetched.`,
    );
  }
  const where = name.includes('/') ? `at ${candidates[0]}` : `in PATH (${path})`;
  throw new Error(
    `The program "${name}" was not found ${where}: install it on this host, name it by its path, or fetch it.`,
  );
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Follows scripts to their interpreters, as the kernel does, at most five deep (execve(2)). */
function checkPreloadable(file: string, sandbox: string, path: string, depth = 0): void {
  const found = inspectExecutable(file);
  const reason = whyNotPreloadable(found);
  if (reason !== null) {
    throw new Error(
      `The program ${file} cannot be preloaded: ${reason} Replicate it behind a gateway ("via": "gateway" in "replication"), or use a dynamic build.`,
    );
  }
  if (found.kind !== 'script' || depth === 5) return;
  const interpreter = /(^|\/)env$/.test(found.interpreter) && found.argument ? found.argument : found.interpreter;
  checkPreloadable(findProgram(interpreter, sandbox, path), sandbox, path, depth + 1);
}

/** ld.so(8): LD_PRELOAD needs a dynamic loader of the library's own machine, and is ignored in secure-execution mode. */
function whyNotPreloadable(found: Executable): string | null {
  if (found.setsId) return 'it is setuid or setgid, and such programs ignore LD_PRELOAD.';
  if (found.kind === 'unknown') return 'it is neither an ELF program nor a script that starts with "#!".';
  if (found.kind === 'script') return null;
  if (!found.dynamic) return 'it is statically linked.';
  if (found.machine !== ownMachine())
    return `it is built for another machine (${found.machine}) than this host (${ownMachine()}).`;
  return null;
}

function checkDisk(sandbox: string): void {
  const { bavail, bsize } = statfsSync(sandbox);
  const freeBytes = bavail * bsize;
  if (freeBytes >= journalStartBytes) return;
  const mib = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MiB`;
  throw new Error(
    `The sandbox's file system has ${mib(freeBytes)} free, and a replica's journal needs ${mib(journalStartBytes)} to start ` +
      `(missing: ${mib(journalStartBytes - freeBytes)}): free space below ${sandbox}, or give the agent a larger work_dir.`,
  );
}
