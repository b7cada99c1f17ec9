/**
 * Runs a pattern over texts, all its alternatives side by side (Thompson's construction). Which instructions are left after the
 * beginning of a text is a state. States are made when a text first needs them and remembered with where each character leads:
 * clusters have many thousand host names, and after the first ones a character costs a look-up.
 */

export type Instruction =
  | { op: 'character'; test: (character: string) => boolean }
  | { op: 'split'; to: number[] }
  | { op: 'assert'; at: 'start' | 'end' }
  | { op: 'match' };

/** Instructions in states, and ways between these. There may be too many of them: beyond it all are forgotten, and made again. */
const rememberedMax = 50_000;

interface State {
  /** Numbers of instructions, without end: those that read a character, assert the end, or match. */
  reached: number[];
  /** The text may end here. */
  accepts: boolean;
  next: Map<string, State>;
}

export class Automaton {
  #start: State;
  #states = new Map<string, State>();
  #remembered = 0;

  constructor(private readonly program: readonly Instruction[]) {
    this.#start = this.#made(this.#closure([0], { start: true, end: false }), true);
  }

  /** Says whether the whole text matches. */
  matches(text: string): boolean {
    let state = this.#start;
    for (const character of text) {
      if (state.reached.length === 0) return false;
      state = state.next.get(character) ?? this.#advance(state, character);
    }
    return state.accepts;
  }

  #advance(state: State, character: string): State {
    if (this.#remembered > rememberedMax) this.#forget();
    const reads = (at: number) => {
      const instruction = this.program[at];
      return instruction?.op === 'character' && instruction.test(character);
    };
    const read = state.reached.filter(reads).map((at) => at + 1);
    const next = this.#stateOf(this.#closure(read, { start: false, end: false }));
    state.next.set(character, next);
    this.#remembered += 1;
    return next;
  }

  #stateOf(reached: number[]): State {
    const key = reached.join();
    const known = this.#states.get(key);
    if (known) return known;
    const state = this.#made(reached, false);
    this.#states.set(key, state);
    this.#remembered += reached.length + 1;
    return state;
  }

  #made(reached: number[], start: boolean): State {
    const ends = reached.filter((at) => this.program[at]?.op === 'assert').map((at) => at + 1);
    const all = [...reached, ...this.#closure(ends, { start, end: true })];
    return { reached, accepts: all.some((at) => this.program[at]?.op === 'match'), next: new Map() };
  }

  #forget(): void {
    this.#start = { ...this.#start, next: new Map() };
    this.#states.clear();
    this.#remembered = 0;
  }

  /** All instructions that are reached from `from` without reading a character, in their order; `start` and `end`: the text does so here. */
  #closure(from: number[], is: { start: boolean; end: boolean }): number[] {
    const seen = new Uint8Array(this.program.length);
    const reached: number[] = [];
    const open = [...from];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen[at]) continue;
      seen[at] = 1;
      const instruction = this.program[at];
      if (instruction?.op === 'split') open.push(...instruction.to);
      else if (instruction?.op === 'assert' && is[instruction.at]) open.push(at + 1);
      else if (instruction?.op !== 'assert' || instruction.at === 'end') reached.push(at);
    }
    return reached.sort((a, b) => a - b);
  }
}
