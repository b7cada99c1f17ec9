/** Drives a task by hand, with a clock of its own. */
import assert from 'node:assert/strict';
import type { Assignment } from '../../executor/assignment.js';
import { Task } from '../../executor/task.js';
import type { ChildExit, TaskAction, TaskEvent } from '../../executor/task-types.js';
import { assignment, encode, helloLine, replica } from './fixtures.js';

export const exit: ChildExit = { code: 0, signal: null, livedMs: 1500, lastLines: '' };
export const plain = assignment();
export const replicated = assignment({ replica });

/** Drives a task with a clock of its own and keeps what it did. */
export class Drive {
  readonly task = new Task();
  nowMs = 1000;
  all: TaskAction[] = [];

  on(...events: TaskEvent[]): TaskAction[] {
    const actions = events.flatMap((event) => this.task.step(event, this.nowMs));
    this.all.push(...actions);
    return actions;
  }

  line(line: string): TaskAction[] {
    return this.on({ type: 'controlLine', line });
  }

  /** Lets time pass in ticks of 100 ms. */
  pass(ms: number): TaskAction[] {
    const actions: TaskAction[] = [];
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs += Math.min(100, endMs - this.nowMs);
      actions.push(...this.on({ type: 'ticked' }));
    }
    return actions;
  }

  get states(): string[] {
    return updates(this.all).map((update) => update.state);
  }

  get final() {
    const last = updates(this.all).at(-1);
    assert.equal(last?.final, true, `no terminal update, but ${JSON.stringify(last)}`);
    return last;
  }
}

export type Update = Extract<TaskAction, { type: 'update' }>;
export const updates = (actions: TaskAction[]) =>
  actions.filter((action): action is Update => action.type === 'update');
export const types = (actions: TaskAction[]) => actions.map((action) => action.type);

export function launched(what: Assignment, killingState = true): Drive {
  const drive = new Drive();
  drive.on({ type: 'agentConnected', killingState }, { type: 'launched', taskId: what.taskId, data: encode(what) });
  return drive;
}

export function running(what: Assignment, killingState = true): Drive {
  const drive = launched(what, killingState);
  drive.on({ type: 'childSpawned', pid: 4711 });
  if (what.replica !== null) drive.line(helloLine);
  return drive;
}

export const kill: Extract<TaskEvent, { type: 'killRequested' }> = {
  type: 'killRequested',
  taskId: plain.taskId,
  graceMs: null,
};
