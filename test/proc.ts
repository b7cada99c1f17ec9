/** What /proc tells of a process; empty for one that has ended. */
import { readFileSync, readlinkSync } from 'node:fs';

/** Its words, with a space after each. */
export const commandLineOf = (pid: number): string =>
  orEnded(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));

/** Where it works: what runs for a task does so in its sandbox. */
export const directoryOf = (pid: number): string => orEnded(() => readlinkSync(`/proc/${pid}/cwd`));

function orEnded(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
