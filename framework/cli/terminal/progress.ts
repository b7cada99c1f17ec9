/** A line of a terminal that says how far a long work is. */
import { bold } from './colour.js';
import { harmless } from './harmless.js';
import { columnsMax } from './size.js';
import { widthOf } from './table.js';

const barColumns = 20;

/** `[#####---------------] ` and what is being done, cut to the terminal. `share`: 0 to 1. Pure. */
export function progressText(share: number, text: string, columns: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * barColumns);
  const whole = `[${'#'.repeat(full)}${'-'.repeat(barColumns - full)}] ${text}`;
  if (widthOf(whole) < columns) return whole;
  let cut = whole;
  while (cut !== '' && widthOf(cut) > columns - 2) cut = cut.slice(0, -1);
  return `${cut}…`;
}

/** On a terminal the line is written over and over; elsewhere each `text` that is news is a line of its own, by `tell`. */
export class Progress {
  #line = '';
  readonly #isTerminal: boolean;
  readonly #tell: (text: string) => void;

  /** `quiet`: standard output is for programs. */
  constructor(quiet: boolean, tell: (text: string) => void) {
    this.#tell = newsOnly(tell);
    this.#isTerminal = !quiet && process.stdout.isTTY === true && process.env.TERM !== 'dumb';
  }

  show(share: number, text: string): void {
    if (this.#isTerminal)
      this.#write(bold(progressText(share, harmless(text), columnsMax(process.env, process.stdout) ?? 80)));
    else this.#tell(text);
  }

  /** The line is gone, and others may follow. */
  end(): void {
    this.#write('');
  }

  #write(line: string): void {
    if (line === this.#line) return;
    this.#line = line;
    process.stdout.write(`\r\u001b[K${line}`);
  }
}

/** Passes on what differs from what was told before by more than seconds and percent. */
export function newsOnly(tell: (text: string) => void): (text: string) => void {
  let told = '';
  return (text) => {
    if (withoutCountdown(text) !== told) tell(text);
    told = withoutCountdown(text);
  };
}

const withoutCountdown = (text: string): string => text.replaceAll(/\b\d+ (s|%)(?=\W|$)/g, '');
