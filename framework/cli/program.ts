import { Command } from 'commander';
import { installation } from '../installation.js';
import { addAppCommands } from './commands/apps.js';
import { addDeploymentCommands, addGroupCommands } from './commands/changes.js';
import { addVmCommands } from './commands/guests.js';
import { addAgentCommands, addDoctor, addLookingCommands } from './commands/looking.js';
import { addContextCommands, addLocalCommands, addStoreCommands, addUserCommands } from './commands/machine.js';
import { addToolCommands } from './commands/tools.js';
import { examplesOf } from './examples.js';
import { EXIT, exitWords } from './failure.js';
import { API_DEFAULT, globalOptions } from './options.js';
import { leavesOf } from './tree.js';

/** All commands and their options. Parsing throws CommanderError on wrong usage, and Failure when a command fails. */
export function buildProgram(): Command {
  const program = new Command('gaia')
    .description('Keeps ordinary server programs alive through machine failures, on Apache Mesos.')
    .version(installation.version)
    .showHelpAfterError('Run "gaia help" to see what is possible.')
    .addHelpText('after', `\n${exitText}\n${addressText}`)
    .exitOverride();
  addLocalCommands(program);
  addLookingCommands(program);
  addAppCommands(program.command('app').description('add, change and look at apps'));
  addGroupCommands(program.command('group').description('app groups: apps below one path'));
  addDeploymentCommands(program.command('deployment').description('changes that are being carried out'));
  addAgentCommands(program);
  addVmCommands(program.command('vm').description('virtual machines'));
  addContextCommands(program.command('context').description('names for clusters'));
  addUserCommands(program.command('user').description('who may use the API'));
  addStoreCommands(program);
  addDoctor(program);
  addToolCommands(program);
  for (const command of leavesOf(program)) completed(command);
  return program;
}

/** Options that all have, unless all words are for another program, and examples. */
function completed(command: Command): void {
  const passesOn = command.registeredArguments.some(({ variadic, required }) => variadic && !required);
  if (!passesOn) globalOptions(command);
  const examples = examplesOf(command);
  const title = examples.length === 1 ? 'Example' : 'Examples';
  command.addHelpText('after', `\n${title}:\n${examples.map((line) => `  ${line}`).join('\n')}`);
}

export const exitText = `Exit codes: ${Object.entries(EXIT)
  .map(([name, code]) => `${code} ${exitWords[name as keyof typeof EXIT]}`)
  .join(', ')}.`;

export const addressText = `The API is --api URL or --context NAME, else $GAIA_API or $GAIA_CONTEXT, else the context in use, else the local cluster
that "gaia up" started, else ${API_DEFAULT}.`;
