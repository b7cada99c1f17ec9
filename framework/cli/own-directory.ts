import { mkdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, Failure } from './failure.js';
import { fileFault } from './file-fault.js';

export interface DirectoryNeeds {
  /** What it is for, as messages begin: `The cluster's directory`. */
  what: string;
  /** How to name another one: `Name another one with --directory DIR.` */
  remedy: string;
  /** Free room on its disk. */
  bytesMin: number;
}

/** Makes a directory for its owner alone, with those above it, and tries whether files can be written there. @throws Failure that names it */
export function makeOwnDirectory(directory: string, needs: DirectoryNeeds): void {
  try {
    makeFrom(directory);
    tryWriting(directory);
  } catch (error) {
    throw unfit(directory, directoryFault(error), needs);
  }
  const { bavail, bsize } = statfsSync(directory);
  const free = bavail * bsize;
  const megabytes = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MB`;
  if (free < needs.bytesMin)
    throw unfit(directory, `its disk has ${megabytes(free)} left, and ${megabytes(needs.bytesMin)} are needed`, needs);
}

/**
 * One after another: Node's recursive mkdir never ends where the kernel says ENOENT below a directory that is there, as in
 * /proc.
 */
function makeFrom(directory: string): void {
  const isDirectory = () => statSync(directory, { throwIfNoEntry: false })?.isDirectory();
  const isThere = isDirectory();
  if (isThere === true) return;
  if (isThere === false) throw new Error(`${directory} is a file`);
  makeFrom(dirname(directory));
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (isDirectory() !== true) throw error;
  }
}

function tryWriting(directory: string): void {
  const file = join(directory, `.written-${process.pid}`);
  try {
    writeFileSync(file, Buffer.alloc(4096), { mode: 0o600 });
  } finally {
    rmSync(file, { force: true });
  }
}

/** In /proc and the like nothing can be made, which the system tells as if the directory around were missing. */
function directoryFault(error: unknown): string {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  return isMissing ? 'nothing can be made there' : fileFault(error);
}

function unfit(directory: string, cause: string, { what, remedy }: DirectoryNeeds): Failure {
  return new Failure(EXIT.usage, `${what} ${directory} cannot be used: ${cause}`, remedy);
}
