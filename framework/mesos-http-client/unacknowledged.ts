import type { ExecutorUpdate } from './calls.js';
import type { TaskStatus } from './task-status.js';
import type { TaskInfo } from './types.js';

/**
 * What an executor must tell again when it subscribes again (executor HTTP API, SUBSCRIBE): updates the agent has not
 * acknowledged, in order, and tasks none of whose updates it has acknowledged.
 */
export class Unacknowledged {
  readonly #updatesMax: number;
  readonly #tasks = new Map<string, TaskInfo>();
  /** By uuid, oldest first; `sent`: part of the current subscription or sent in it. */
  readonly #updates = new Map<string, { status: TaskStatus; sent: boolean }>();

  constructor(updatesMax: number) {
    this.#updatesMax = updatesMax;
  }

  get updateCount(): number {
    return this.#updates.size;
  }

  launched(task: TaskInfo): void {
    this.#tasks.set(task.task_id.value, task);
  }

  /** @throws RangeError if the agent has acknowledged nothing for too many updates */
  add(uuid: string, status: TaskStatus): void {
    if (this.#updates.size >= this.#updatesMax) {
      throw new RangeError(`the agent has not acknowledged the last ${this.#updatesMax} updates; send fewer`);
    }
    this.#updates.set(uuid, { status, sent: false });
  }

  /** Acknowledgements may come twice. */
  acknowledged(taskId: string, uuid: string): void {
    this.#updates.delete(uuid);
    this.#tasks.delete(taskId);
  }

  /** The body of SUBSCRIBE. All updates in it count as sent. */
  forSubscribe(): { unacknowledged_tasks: TaskInfo[]; unacknowledged_updates: ExecutorUpdate[] } {
    for (const update of this.#updates.values()) update.sent = true;
    return {
      unacknowledged_tasks: [...this.#tasks.values()],
      unacknowledged_updates: [...this.#updates.values()].map(({ status }) => ({ status })),
    };
  }

  /** Updates not sent in this subscription, oldest first. They count as sent from now on. */
  takeUnsent(): TaskStatus[] {
    const unsent = [...this.#updates.values()].filter(({ sent }) => !sent);
    for (const update of unsent) update.sent = true;
    return unsent.map(({ status }) => status);
  }
}
