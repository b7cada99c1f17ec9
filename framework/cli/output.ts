import Table from 'cli-table3';
import picocolors from 'picocolors';
import { EXIT, Failure } from './failure.js';

const WIDTH_WITHOUT_TERMINAL = 160;
const COLUMN_MIN = 10;
const GAP = 2;

const colours = picocolors.createColors(process.stdout.isTTY === true && !process.env.NO_COLOR);
const { bold, dim, green, red, yellow } = colours;

export { bold, dim, green, red, yellow };

/**
 * Where a command says things. For people: lines on standard output. With `--json`: the same lines on standard error,
 * and on standard output one JSON object, the last line.
 */
export class Output {
  constructor(readonly json: boolean) {}

  line(text = ''): void {
    (this.json ? process.stderr : process.stdout).write(`${text}\n`);
  }

  /** `rows` under `head`, as wide as the terminal at most. */
  table(head: string[], rows: string[][]): void {
    const table = new Table({
      head: head.map((title) => bold(title)),
      chars: NO_BORDERS,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP, compact: true },
      colWidths: columnWidths([head, ...rows]),
      wordWrap: true,
      wrapOnWordBoundary: false,
    });
    table.push(...rows);
    this.line(table.toString().replaceAll(/ +$/gm, ''));
  }

  result(value: object): void {
    if (this.json) process.stdout.write(`${JSON.stringify({ ok: true, ...value })}\n`);
  }

  /** Tells a failure and gives the exit code. */
  failure(error: unknown): number {
    const known = error instanceof Failure ? error : unexpected(error);
    process.stderr.write(`${red('error:')} ${known.message}\n${known.remedy}\n`);
    if (this.json) {
      const { message, remedy, exitCode, more } = known;
      process.stdout.write(`${JSON.stringify({ ok: false, error: { message, remedy, exitCode, ...more } })}\n`);
    }
    return known.exitCode;
  }
}

function unexpected(error: unknown): Failure {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Failure(EXIT.failed, text, 'This is a fault of gaia itself; please report it with the command you ran.');
}

const NO_BORDERS = Object.fromEntries(
  ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
    .concat(['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'])
    .map((name) => [name, '']),
);

/** Natural widths; while they do not fit, the widest column gives way and its text wraps. */
function columnWidths(rows: string[][]): number[] {
  const total = process.stdout.columns || WIDTH_WITHOUT_TERMINAL;
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => plainLength(row[column]))) + GAP);
  for (let excess = widths.reduce((a, b) => a + b, 0) - total; excess > 0; ) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    const cut = Math.min(excess, width - COLUMN_MIN, Math.max(1, width - secondOf(widths)));
    if (cut <= 0) break;
    widths[widest] = width - cut;
    excess -= cut;
  }
  return widths;
}

function secondOf(widths: number[]): number {
  return [...widths].sort((a, b) => b - a)[1] ?? COLUMN_MIN;
}

function plainLength(text = ''): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes start with an escape character
  return text.replaceAll(/\u001b\[\d+m/g, '').length;
}
