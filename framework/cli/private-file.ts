import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { EXIT, Failure } from './failure.js';
import { fileFault } from './file-fault.js';

/** Anybody but the owner. */
const OTHERS = 0o077;

/** What is in a file that only its owner may read or write. `what` names it in errors: an option, such as `--key`. */
export function readPrivate(what: string, file: string): Buffer {
  return read(what, file, true);
}

/** What is in a file that everybody may read. */
export const readPublic = (what: string, file: string): Buffer => read(what, file, false);

function read(what: string, file: string, isPrivate: boolean): Buffer {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    throw unreadable(what, file, error);
  }
  try {
    const mode = fstatSync(descriptor).mode & 0o777;
    if (isPrivate && (mode & OTHERS) !== 0) throw tooOpen(what, file, mode);
    return readFileSync(descriptor);
  } catch (error) {
    throw error instanceof Failure ? error : unreadable(what, file, error);
  } finally {
    closeSync(descriptor);
  }
}

function tooOpen(what: string, file: string, mode: number): Failure {
  const message = `${what} ${file} is open to others than its owner (mode ${mode.toString(8).padStart(4, '0')})`;
  return new Failure(EXIT.usage, message, `Keep it for yourself: chmod 600 ${file}`);
}

function unreadable(what: string, file: string, error: unknown): Failure {
  const message = `${what} ${file} cannot be read: ${fileFault(error)}`;
  return new Failure(EXIT.usage, message, 'Name a file that is there and may be read.');
}
