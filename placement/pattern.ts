/**
 * Regular expressions of users, matched in time proportional to pattern times text. Backtracking engines need
 * exponential time for some patterns, for example `(a|a)*b`; this one runs all alternatives side by side
 * (automaton.ts), so no pattern can hold up the scheduler. What that cannot do (look-around,
 * back references, possessive quantifiers, inline flags) is refused by name.
 */
import { Automaton, type Instruction } from './automaton.js';
import { type Node, parse } from './pattern-parser.js';

/** Longer texts match nothing. */
export const textCharactersMax = 4096;
const instructionsMax = 4000;

/** Says whether the whole text matches. */
export type Pattern = (text: string) => boolean;

/** Of the sources that were asked for last: agents are judged by them again and again. */
const compiled = new Map<string, Pattern>();
const compiledMax = 64;

/** Throws SyntaxError with a sentence when the pattern is wrong, too long or uses what is refused. */
export function compilePattern(source: string): Pattern {
  const pattern = compiled.get(source) ?? compile(source);
  compiled.delete(source);
  compiled.set(source, pattern);
  const [oldest] = compiled.keys();
  if (compiled.size > compiledMax) compiled.delete(oldest as string);
  return pattern;
}

function compile(source: string): Pattern {
  const program: Instruction[] = [];
  emit(parse(source), program);
  append(program, { op: 'match' });
  const automaton = new Automaton(program);
  return (text) => text.length <= textCharactersMax && automaton.matches(text);
}

function append(program: Instruction[], instruction: Instruction): number {
  if (program.length >= instructionsMax)
    throw new SyntaxError(`the pattern repeats too much (over ${instructionsMax} steps); use smaller counts in {m,n}`);
  return program.push(instruction) - 1;
}

function emit(node: Node, program: Instruction[]): void {
  switch (node.kind) {
    case 'character':
      append(program, { op: 'character', test: node.test });
      return;
    case 'assert':
      append(program, { op: 'assert', at: node.at });
      return;
    case 'sequence':
      for (const item of node.items) emit(item, program);
      return;
    case 'either':
      emitEither(node.items, program);
      return;
    case 'repeat':
      emitRepeat(node, program);
  }
}

function emitEither(items: Node[], program: Instruction[]): void {
  const starts: number[] = [];
  const exits: { op: 'split'; to: number[] }[] = [];
  append(program, { op: 'split', to: starts });
  for (const item of items) {
    starts.push(program.length);
    emit(item, program);
    const exit = { op: 'split' as const, to: [] };
    append(program, exit);
    exits.push(exit);
  }
  for (const exit of exits) exit.to.push(program.length);
}

function emitRepeat(node: Extract<Node, { kind: 'repeat' }>, program: Instruction[]): void {
  for (let i = 0; i < node.min; i++) emit(node.item, program);
  if (node.max === null) {
    const loop = { op: 'split' as const, to: [program.length + 1] };
    const start = append(program, loop);
    emit(node.item, program);
    append(program, { op: 'split', to: [start] });
    loop.to.push(program.length);
    return;
  }
  const skips: { op: 'split'; to: number[] }[] = [];
  for (let i = node.min; i < node.max; i++) {
    const skip = { op: 'split' as const, to: [program.length + 1] };
    append(program, skip);
    skips.push(skip);
    emit(node.item, program);
  }
  for (const skip of skips) skip.to.push(program.length);
}
