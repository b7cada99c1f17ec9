/** What must hold of plain tasks at every moment, whatever strikes. */
import type { TaskProcess } from './task-processes.js';

/** As the scheduler tells it. */
export interface ToldApp {
  id: string;
  instances: number;
  upgradeStrategy: { maximumOverCapacity: number };
  /** Its tasks have volumes, and are never started beside each other. */
  residency?: object | null;
  tasks: { id: string; state: string }[];
}

export interface TaskObservation {
  atMs: number;
  processes: readonly TaskProcess[];
  /** Of those that were told of just before. */
  apps: readonly ToldApp[];
}

/**
 * One that is on its way out is none of those that the bound is for, and one that is unreachable may have been replaced and live
 * on: nobody can stop it there.
 */
const countedStates = ['TASK_STAGING', 'TASK_STARTING', 'TASK_RUNNING'];

/** So long after a size was told, tasks may still be as many: they are stopped in the steps that follow. */
const formerSizeMs = 10_000;

/**
 * So many tasks that count may live: in a restart as `maximumOverCapacity` says, and one more than there are to be where one moves
 * or all are to stay up. One with a volume takes the place of its predecessor, which has ended.
 */
export function liveMax({ instances, upgradeStrategy, residency }: ToldApp): number {
  if (residency) return instances;
  return Math.max(Math.trunc(instances * (1 + upgradeStrategy.maximumOverCapacity)), instances + 1);
}

export class TaskInvariants {
  readonly violations: { atMs: number; text: string }[] = [];
  readonly #said = new Set<string>();
  #bounds: { atMs: number; app: string; most: number }[] = [];
  /** Apps that had too many at the look before. */
  #hadTooMany = new Set<string>();

  observe({ atMs, processes, apps }: TaskObservation): void {
    this.#oneProcess(atMs, processes, ({ task }) => `task ${task}`);
    this.#oneProcess(atMs, processes, ({ app, volume }) => (volume === null ? null : `volume ${volume} of ${app}`));
    const tooMany = apps.flatMap((app) => this.#tooMany(atMs, processes, app) ?? []);
    for (const { id, text } of tooMany) if (this.#hadTooMany.has(id)) this.#violated(atMs, text);
    this.#hadTooMany = new Set(tooMany.map(({ id }) => id));
  }

  #violated(atMs: number, text: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.violations.push({ atMs, text });
  }

  #oneProcess(atMs: number, processes: readonly TaskProcess[], ofWhat: (one: TaskProcess) => string | null): void {
    const pids = new Map<string, number>();
    for (const one of processes) {
      const name = ofWhat(one);
      if (name === null) continue;
      const other = pids.get(name);
      if (other !== undefined) this.#violated(atMs, `${name} is two processes, ${other} and ${one.pid}`);
      pids.set(name, one.pid);
    }
  }

  /** One that has come back is stopped, or taken for wanted, in the next step: too many at one look alone are borne. */
  #tooMany(atMs: number, processes: readonly TaskProcess[], app: ToldApp): { id: string; text: string } | null {
    this.#bounds = this.#bounds.filter((bound) => atMs - bound.atMs <= formerSizeMs);
    this.#bounds.push({ atMs, app: app.id, most: liveMax(app) });
    const most = Math.max(...this.#bounds.filter((bound) => bound.app === app.id).map((bound) => bound.most));
    const living = new Set(processes.map(({ task }) => task));
    const counted = app.tasks.filter(({ id, state }) => countedStates.includes(state) && living.has(id));
    if (counted.length <= most) return null;
    return { id: app.id, text: `${app.id} has ${counted.length} tasks of ${most} at most` };
  }
}
