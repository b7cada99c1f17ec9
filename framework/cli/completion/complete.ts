/** What may come next on a command line. Pure. */
import type { Argument, Command, Option } from 'commander';
import { type Kind, kinds } from '../known.js';
import { askedFor } from './scripts.js';

export interface Candidate {
  word: string;
  description?: string;
}

/** Names that only the cluster or this user's files know. */
export type Names = Kind | 'context';

export interface Completion {
  candidates: Candidate[];
  /** To be added. */
  names: Names | null;
  directive: (typeof askedFor)[keyof typeof askedFor];
}

const nothing: Completion = { candidates: [], names: null, directive: askedFor.nothing };

/** `words`: behind the name of the program; the last one is being written and may be empty. */
export function completionOf(program: Command, words: string[]): Completion {
  const current = words.at(-1) ?? '';
  const { command, operands, awaiting } = walk(program, words.slice(0, -1));
  if (awaiting !== null) return valuesOf(awaiting);
  if (current.startsWith('-')) return { ...nothing, candidates: optionsOf(command) };
  if (command.commands.length > 0) return operands > 0 ? nothing : { ...nothing, candidates: commandsOf(command) };
  const argument = command.registeredArguments[operands] ?? lastVariadic(command);
  return argument === undefined ? nothing : namesOf(argument);
}

interface Place {
  command: Command;
  /** How many arguments stand there already. */
  operands: number;
  /** The option whose value comes next. */
  awaiting: Option | null;
}

function walk(program: Command, words: string[]): Place {
  let place: Place = { command: program, operands: 0, awaiting: null };
  for (const word of words) place = step(place, word);
  return place;
}

function step({ command, operands, awaiting }: Place, word: string): Place {
  if (awaiting !== null) return { command, operands, awaiting: null };
  if (word.startsWith('-')) {
    const option = command.options.find(({ long, short }) => word === long || word === short);
    return { command, operands, awaiting: option?.required ? option : null };
  }
  const inner = command.commands.find((one) => one.name() === word);
  if (inner !== undefined) return { command: inner as Command, operands: 0, awaiting: null };
  return { command, operands: operands + 1, awaiting: null };
}

const commandsOf = (command: Command): Candidate[] =>
  command.commands.map((one) => ({ word: one.name(), description: one.description() }));

function optionsOf(command: Command): Candidate[] {
  const own = command.options.flatMap(({ long, description, hidden }) =>
    long && !hidden ? [{ word: long, description }] : [],
  );
  return [...own, { word: '--help', description: 'how to use the command' }];
}

function valuesOf({ argChoices, flags }: Option): Completion {
  if (argChoices !== undefined) return choices(argChoices);
  if (/<FILE>/.test(flags)) return { ...nothing, directive: askedFor.files };
  if (/<DIR>/.test(flags)) return { ...nothing, directive: askedFor.directories };
  return flags.startsWith('--context') ? { ...nothing, names: 'context' } : nothing;
}

const choices = (words: readonly string[]): Completion => ({ ...nothing, candidates: words.map((word) => ({ word })) });

function lastVariadic(command: Command): Argument | undefined {
  const last = command.registeredArguments.at(-1);
  return last?.variadic ? last : undefined;
}

function namesOf(argument: Argument): Completion {
  const name = argument.name();
  if (argument.argChoices !== undefined) return choices(argument.argChoices);
  if (name === 'file') return { ...nothing, directive: askedFor.files };
  const names = [...kinds, 'context' as const].find((one) => one === name) ?? null;
  return { ...nothing, names };
}
