/**
 * Regular expressions of users, matched in time proportional to pattern times text. Backtracking engines need
 * exponential time for some patterns, for example `(a|a)*b`; this one runs all alternatives side by side
 * (Thompson's construction), so no pattern can hold up the scheduler. What that cannot do (look-around,
 * back references, possessive quantifiers, inline flags) is refused by name.
 */
import { type Node, parse } from './pattern-parser.js';

/** Longer texts match nothing. */
export const textCharactersMax = 4096;
const instructionsMax = 4000;

type Instruction =
  | { op: 'character'; test: (character: string) => boolean }
  | { op: 'split'; to: number[] }
  | { op: 'assert'; at: 'start' | 'end' }
  | { op: 'match' };

/** Says whether the whole text matches. */
export type Pattern = (text: string) => boolean;

/** Compiles once. Throws SyntaxError with a sentence when the pattern is wrong, too long or uses what is refused. */
export function compilePattern(source: string): Pattern {
  const program: Instruction[] = [];
  emit(parse(source), program);
  append(program, { op: 'match' });
  return (text) => text.length <= textCharactersMax && run(program, [...text]);
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

function run(program: Instruction[], text: string[]): boolean {
  let states = closure(program, [0], 0, text.length);
  for (let position = 0; position < text.length && states.length > 0; position++) {
    const next: number[] = [];
    for (const state of states) {
      const instruction = program[state];
      if (instruction?.op === 'character' && instruction.test(text[position] as string)) next.push(state + 1);
    }
    states = closure(program, next, position + 1, text.length);
  }
  return states.some((state) => program[state]?.op === 'match');
}

/** All states that are reached from `from` without reading a character. */
function closure(program: Instruction[], from: number[], position: number, length: number): number[] {
  const seen = new Uint8Array(program.length);
  const reached: number[] = [];
  const open = [...from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (seen[state]) continue;
    seen[state] = 1;
    reached.push(state);
    const instruction = program[state];
    if (instruction?.op === 'split') open.push(...instruction.to);
    else if (instruction?.op === 'assert' && position === (instruction.at === 'start' ? 0 : length))
      open.push(state + 1);
  }
  return reached;
}
