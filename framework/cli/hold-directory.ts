import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { EXIT, Failure } from './failure.js';

/**
 * For one command at a time. The lock ends with this process, however that ends: who has it waits for the end of a pipe that only
 * this process holds open. Nothing of it lies in the directory.
 * @returns what lets go of it
 * @throws Failure when somebody else has it
 */
export async function holdDirectory(directory: string): Promise<() => void> {
  const words = ['-n', directory, 'sh', '-c', 'echo held && exec cat'];
  const keeper = spawn('flock', words, { stdio: ['pipe', 'pipe', 'ignore'] });
  const said = once(keeper.stdout, 'data').then(() => true);
  const ended = once(keeper, 'exit').then(
    () => false,
    (error: Error) => {
      throw new Failure(EXIT.failed, `flock cannot be run: ${error.message}`, 'Install it (Debian: util-linux).');
    },
  );
  if (await Promise.race([said, ended])) return () => keeper.stdin.end();
  const remedy = 'Wait until that has ended, or name another directory with --directory DIR.';
  throw new Failure(EXIT.failed, `Another command starts a cluster in ${directory} at the moment`, remedy);
}
