#!/usr/bin/env node
import { CommanderError } from 'commander';
import { answerCompletion } from './completion/answer.js';
import { completeWord } from './completion/scripts.js';
import { EXIT } from './failure.js';
import { formatIn, textOf } from './format.js';
import { Output } from './output.js';
import { buildProgram } from './program.js';
import { gaia } from './program-name.js';

const code = await main(process.argv);
// A program that was run for a command has left its own.
process.exitCode = code === EXIT.ok ? (process.exitCode ?? code) : code;

/** Runs one command and gives its exit code. */
async function main(argv: string[]): Promise<number> {
  // `gaia app list | head` closes our output early; that is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed),
  );
  // Where nobody reads what is wrong, the exit code tells it still.
  process.stderr.on('error', () => {});
  if (argv[2] === completeWord) return complete(argv.slice(3));
  try {
    await buildProgram().parseAsync(argv);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return endOfUsage(error, argv);
    return new Output(formatIn(argv)).failure(error);
  }
}

/** Ends at once: a request that nobody waits for any more must not hold the shell. */
async function complete(words: string[]): Promise<number> {
  const answer = await answerCompletion(buildProgram(), words);
  process.stdout.write(answer, () => process.exit(EXIT.ok));
  return EXIT.ok;
}

/** Help and version end well; commander has written the rest to standard error already. */
function endOfUsage(error: CommanderError, argv: string[]): number {
  if (error.exitCode === 0) return EXIT.ok;
  const told = { message: error.message, remedy: `See: ${gaia} help`, exitCode: EXIT.usage };
  process.stdout.write(textOf({ ok: false, error: told }, formatIn(argv)));
  return EXIT.usage;
}
