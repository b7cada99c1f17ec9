#!/usr/bin/env node
import { CommanderError } from 'commander';
import { EXIT } from './failure.js';
import { Output } from './output.js';
import { buildProgram } from './program.js';

process.exitCode = await main(process.argv);

/** Runs one command and gives its exit code. */
async function main(argv: string[]): Promise<number> {
  // `gaia app list | head` closes our output early; that is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.failed),
  );
  try {
    await buildProgram().parseAsync(argv);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return endOfUsage(error, argv);
    return new Output(argv.includes('--json')).failure(error);
  }
}

/** Help and version end well; commander has written the rest to standard error already. */
function endOfUsage(error: CommanderError, argv: string[]): number {
  if (error.exitCode === 0) return EXIT.ok;
  if (argv.includes('--json')) {
    const told = { message: error.message, remedy: 'See: npx gaia help', exitCode: EXIT.usage };
    process.stdout.write(`${JSON.stringify({ ok: false, error: told })}\n`);
  }
  return EXIT.usage;
}
