/**
 * A core dump has what a process had in memory, secrets too, and lies where the system puts it: in a sandbox, for one, where others read.
 * What of the memory is in it is inherited over fork and execve (core(5)).
 */
import { readFileSync, writeFileSync } from 'node:fs';

const filter = '/proc/self/coredump_filter';
const nothing = '0';

/** What this process dumped at first; null: it has not asked for anything else. */
let atFirst: string | null = null;

/** From now on nothing of the memory is in core dumps of this process. `failed` is told why the system does not let us. */
export function dumpNoMemory(failed: (cause: string) => void): void {
  try {
    // In hexadecimal, without saying so.
    const before = `0x${readFileSync(filter, 'utf8').trim()}`;
    writeFileSync(filter, nothing);
    atFirst = before;
  } catch (error) {
    failed((error as Error).message);
  }
}

/** What `start` starts dumps as this process did at first: its memory is its own affair. */
export function startDumping<T>(start: () => T): T {
  if (atFirst === null) return start();
  writeFileSync(filter, atFirst);
  try {
    return start();
  } finally {
    writeFileSync(filter, nothing);
  }
}
