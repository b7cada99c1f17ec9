/** A program of a benchmark that says lines of JSON. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { until } from '../../e2e/system.js';

export type Line = Record<string, unknown>;

export class Helper {
  readonly said: Line[] = [];
  private readonly child: ChildProcess;
  /** Its last words on standard error; one that is killed after its peer complains of that. */
  private complaint = '';

  /** `hear` gets each line when it comes. */
  constructor([program = '', ...words]: string[], hear: (line: Line) => void = () => {}) {
    this.child = spawn(program, words, { stdio: 'pipe' });
    this.child.stdin?.on('error', () => {});
    this.child.stderr?.on('data', (bytes) => {
      this.complaint = `${this.complaint}${bytes}`.slice(-1000);
    });
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (text) => {
      const line = JSON.parse(text) as Line;
      this.said.push(line);
      hear(line);
    });
  }

  get pid(): number {
    return this.child.pid as number;
  }

  order(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** The first line of that type; rejects when the program has ended without one. */
  says(type: string, limitMs: number): Promise<Line> {
    return until(`"${type}"`, limitMs, async () => {
      const found = this.said.find((line) => line.type === type);
      if (found === undefined && this.over) throw new Error(`the program has ended: ${this.complaint}`);
      return found;
    });
  }

  async kill(): Promise<void> {
    if (this.over) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }

  private get over(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}
