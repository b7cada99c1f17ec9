import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { EXIT, Failure } from './failure.js';

/** How long one waits for somebody else to let go. */
export interface Patience {
  secondsMax: number;
  /** Called when there is somebody else. */
  waits: () => void;
}

/**
 * For one command at a time.
 * @param patience left out: one does not wait
 * @returns what lets go of it
 * @throws Failure when somebody else has it
 */
export async function holdDirectory(directory: string, patience?: Patience): Promise<() => void> {
  const atOnce = await heldWithin(0, directory);
  if (atOnce !== null) return atOnce;
  patience?.waits();
  const later = patience ? await heldWithin(patience.secondsMax, directory) : null;
  if (later !== null) return later;
  const remedy = 'Wait until that has ended, or name another directory with --directory DIR.';
  throw new Failure(EXIT.failed, `Another command starts or stops a cluster in ${directory} at the moment`, remedy);
}

/** What flock ends with when somebody else has it. */
const busyStatus = 1;

/**
 * The lock ends with this process, however that ends: who has it waits for the end of a pipe that only this process holds open.
 * Nothing of it lies in the directory.
 */
async function heldWithin(seconds: number, directory: string): Promise<(() => void) | null> {
  const words = ['-w', String(seconds), directory, 'sh', '-c', 'echo held && exec cat'];
  const keeper = spawn('flock', words, { stdio: ['pipe', 'pipe', 'ignore'] });
  const said = once(keeper.stdout, 'data').then(() => null);
  const ended = once(keeper, 'exit').then(
    ([status]) => status as number,
    (error: Error) => {
      throw new Failure(EXIT.failed, `flock cannot be run: ${error.message}`, 'Install it (Debian: util-linux).');
    },
  );
  const status = await Promise.race([said, ended]);
  if (status === null) return () => keeper.stdin.end();
  if (status === busyStatus) return null;
  const remedy = 'May you read that directory? Name another one with --directory DIR.';
  throw new Failure(EXIT.failed, `${directory} cannot be locked: flock ended with status ${status}`, remedy);
}
