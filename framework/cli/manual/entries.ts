/** The program as its manual has it. Pure. */
import type { Command, Option } from 'commander';
import { examplesOf } from '../examples.js';
import { leavesOf, pathOf } from '../tree.js';

export interface Row {
  term: string;
  text: string;
}

export interface Entry {
  /** 'app show' */
  path: string;
  /** 'gaia app show [options] <app>' */
  usage: string;
  description: string;
  args: Row[];
  /** But for those of all commands. */
  options: Row[];
  examples: string[];
}

export function entriesOf(program: Command): Entry[] {
  return leavesOf(program).map((command) => ({
    path: pathOf(command),
    usage: `${program.name()} ${pathOf(command)} ${command.usage()}`,
    description: command.description(),
    args: command.registeredArguments.flatMap((argument) => {
      const text = [argument.description, ...choicesOf(argument.argChoices)].filter((part) => part !== '').join('; ');
      return text === '' ? [] : [{ term: argument.name(), text }];
    }),
    options: command.options.filter((option) => !isShared(option)).map(rowOf),
    examples: examplesOf(command),
  }));
}

/** Options of all commands. */
export const sharedOptions = (program: Command): Row[] =>
  (leavesOf(program)[0] as Command).options.filter(isShared).map(rowOf);

const isShared = ({ helpGroupHeading }: Option): boolean => helpGroupHeading !== undefined;

/** Places in the installation are where it is; none of them is a default elsewhere. */
function rowOf({ flags, description, argChoices, defaultValue, defaultValueDescription, envVar }: Option): Row {
  const said =
    defaultValueDescription ??
    (typeof defaultValue === 'string' && defaultValue.startsWith('/') ? undefined : defaultValue);
  const notes = [
    ...choicesOf(argChoices),
    ...(said === undefined || typeof said === 'boolean' ? [] : [`else ${said}`]),
    ...(envVar === undefined ? [] : [`env: ${envVar}`]),
  ];
  return { term: flags, text: notes.length === 0 ? description : `${description} (${notes.join('; ')})` };
}

const choicesOf = (choices: readonly string[] | undefined): string[] =>
  choices === undefined ? [] : [`one of ${choices.join(', ')}`];
