/** The whole scheduler against its reference: any commands in any order, made smaller by fast-check when they break a promise. */
import fc from 'fast-check';
import type { AppSpec } from '../../../framework/app.js';
import { type Act, acts } from './acts.js';
import { Run } from './run.js';

/** What users were promised. */
type Wanted = Map<string, AppSpec>;

class Step implements fc.Command<Wanted, Run> {
  constructor(
    private readonly name: string,
    private readonly act: Act,
    private readonly pick: number,
  ) {}

  check(wanted: Readonly<Wanted>): boolean {
    return this.act.possible?.(wanted) ?? true;
  }

  run(_wanted: Wanted, run: Run): void {
    this.act.carryOut(run, this.pick);
    run.check(this.pick);
  }

  toString(): string {
    return `${this.name} ${this.pick}`;
  }
}

const picks = fc.nat(1000);
const steps = fc.oneof(
  ...Object.entries(acts).map(([name, act]) => ({
    weight: act.weight,
    arbitrary: picks.map((pick) => new Step(name, act, pick)),
  })),
);

export interface ModelOptions {
  seed: number;
  numRuns: number;
  /** Of a run that failed, as its error names them. */
  path?: string;
  replayPath?: string;
  /** What has not failed by then has passed; what has is made no smaller after it. */
  secondsMax: number;
  /** Left out: true. */
  shrinks?: boolean;
}

/** @throws Error with the fewest commands that break a promise, the seed and the path */
export function checkModel({ seed, numRuns, path, replayPath, secondsMax, shrinks = true }: ModelOptions): void {
  const commands = fc.commands([steps], { maxCommands: 150, size: 'max', ...(replayPath && { replayPath }) });
  const property = fc.property(commands, (list) => {
    const run = new Run();
    fc.modelRun(() => ({ model: run.life.wanted, real: run }), list);
    run.heal();
  });
  const limits = { interruptAfterTimeLimit: secondsMax * 1000, endOnFailure: !shrinks };
  fc.assert(property, { seed, numRuns, ...(path && { path }), ...limits });
}
