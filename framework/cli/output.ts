import { EXIT, Failure } from './failure.js';
import { type Format, isForPrograms, textOf } from './format.js';
import { bold, dim, redThere } from './terminal/colour.js';
import { harmless } from './terminal/harmless.js';
import { columnsMax } from './terminal/size.js';
import { type Column, tableOf } from './terminal/table.js';

/**
 * Where a command says things. For people: lines on standard output. For programs: one object of JSON or YAML, or names, alone on
 * standard output. What is said on the way goes to standard error then.
 */
export class Output {
  readonly forPrograms: boolean;

  constructor(readonly format: Format) {
    this.forPrograms = isForPrograms(format);
  }

  /** A part of what a command has found or done. */
  line(text = ''): void {
    if (!this.forPrograms) process.stdout.write(`${harmless(text)}\n`);
  }

  /** News on the way there. */
  note(text: string): void {
    (this.forPrograms ? process.stderr : process.stdout).write(`${harmless(text)}\n`);
  }

  table(columns: (Column | string)[], rows: string[][]): void {
    if (this.forPrograms) return;
    const layout = { columnsMax: columnsMax(process.env, process.stdout), wide: this.format === 'wide', head: bold };
    const cells = rows.map((row) => row.map((cell) => harmless(cell)));
    const { text, hidden } = tableOf(columns, cells, layout);
    this.line(text);
    if (hidden.length > 0) this.line(dim(`not shown, for want of room: ${hidden.join(', ')}; --output wide shows all`));
  }

  /** For programs, one of many that come by and by: a line of JSON, or a document of YAML. */
  item(value: object): void {
    process.stdout.write(`${this.format === 'yaml' ? '---\n' : ''}${textOf(value, this.format)}`);
  }

  /** `names`: of the things found, for `--output name`. */
  result(value: object, names: string[] = []): void {
    if (this.format === 'name') process.stdout.write(names.map((name) => `${harmless(name)}\n`).join(''));
    else process.stdout.write(textOf({ ok: true, ...value }, this.format));
  }

  /** Tells a failure and gives the exit code. */
  failure(error: unknown): number {
    const known = error instanceof Failure ? error : unexpected(error);
    process.stderr.write(`${redThere('error:')} ${harmless(known.message)}\n${harmless(known.remedy)}\n`);
    const { message, remedy, exitCode, more } = known;
    process.stdout.write(textOf({ ok: false, error: { message, remedy, exitCode, ...more } }, this.format));
    return known.exitCode;
  }
}

function unexpected(error: unknown): Failure {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Failure(EXIT.failed, text, 'This is a fault of gaia itself; please report it with the command you ran.');
}
