/** Programs that change machines. Awaited, since on a busy machine they may take long, and clients go on meanwhile. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** @throws Error with what it has said */
export async function command([program = '', ...words]: readonly string[]): Promise<void> {
  await run(program, words);
}
