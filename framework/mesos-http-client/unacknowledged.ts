import type { ExecutorUpdate } from './calls.js';
import type { TaskStatus } from './task-status.js';
import type { TaskInfo } from './types.js';

export interface KeptLimits {
  updatesMax: number;
  /** Of updates and tasks together, as JSON. */
  charactersMax: number;
}

/**
 * What an executor must tell again when it subscribes again (executor HTTP API, SUBSCRIBE): updates the agent has not
 * acknowledged, in order, and tasks none of whose updates it has acknowledged.
 */
export class Unacknowledged {
  readonly #limits: KeptLimits;
  readonly #tasks = new Map<string, { task: TaskInfo; characters: number }>();
  /** By uuid, oldest first; `sent`: part of the current subscription or sent in it. */
  readonly #updates = new Map<string, { status: TaskStatus; sent: boolean; characters: number }>();
  #characters = 0;

  constructor(limits: KeptLimits) {
    this.#limits = limits;
  }

  get updateCount(): number {
    return this.#updates.size;
  }

  /** @throws RangeError if the agent has acknowledged nothing for too much */
  launched(task: TaskInfo): void {
    const { value } = task.task_id;
    this.#forget(this.#tasks, value);
    this.#tasks.set(value, { task, characters: this.#room(task) });
  }

  /** @throws RangeError if the agent has acknowledged nothing for too many updates */
  add(uuid: string, status: TaskStatus): void {
    const { updatesMax } = this.#limits;
    if (this.#updates.size >= updatesMax) {
      throw new RangeError(`the agent has not acknowledged the last ${updatesMax} updates; send fewer`);
    }
    this.#updates.set(uuid, { status, sent: false, characters: this.#room(status) });
  }

  /** Acknowledgements may come twice. */
  acknowledged(taskId: string, uuid: string): void {
    this.#forget(this.#updates, uuid);
    this.#forget(this.#tasks, taskId);
  }

  /** The body of SUBSCRIBE. All updates in it count as sent. */
  forSubscribe(): { unacknowledged_tasks: TaskInfo[]; unacknowledged_updates: ExecutorUpdate[] } {
    for (const update of this.#updates.values()) update.sent = true;
    return {
      unacknowledged_tasks: [...this.#tasks.values()].map(({ task }) => task),
      unacknowledged_updates: [...this.#updates.values()].map(({ status }) => ({ status })),
    };
  }

  /** Updates not sent in this subscription, oldest first. They count as sent from now on. */
  takeUnsent(): TaskStatus[] {
    const unsent = [...this.#updates.values()].filter(({ sent }) => !sent);
    for (const update of unsent) update.sent = true;
    return unsent.map(({ status }) => status);
  }

  /** How long `kept` is; there is room for it from now on. */
  #room(kept: object): number {
    const { length } = JSON.stringify(kept);
    const { charactersMax } = this.#limits;
    if (this.#characters + length > charactersMax)
      throw new RangeError(`what the agent has not acknowledged has more than ${charactersMax} characters; send less`);
    this.#characters += length;
    return length;
  }

  #forget(from: Map<string, { characters: number }>, name: string): void {
    this.#characters -= from.get(name)?.characters ?? 0;
    from.delete(name);
  }
}
