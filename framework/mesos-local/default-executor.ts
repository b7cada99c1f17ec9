import type { DeliveredExecutorEvent, ExecutorClient } from '../mesos-http-client/index.js';
import type { TaskInfo } from '../mesos-http-client/types.js';
import { builtInClient, everythingTold } from './built-in-client.js';
import { hasCapability } from './master/framework-validation.js';
import { type NestedSettings, NestedTask } from './nested-task.js';

/**
 * Runs task groups, as mesos-default-executor does: each task is a process of its own; when one of a group fails or is killed
 * the others are killed. The executor ends when it has no task left.
 */

class DefaultExecutor {
  readonly #client: ExecutorClient;
  readonly #groups = new Set<Set<NestedTask>>();
  #settings: Pick<NestedSettings, 'sandbox' | 'containerId' | 'tellsKilling'> | null = null;
  #isLeaving = false;

  constructor() {
    this.#client = builtInClient({
      onEvent: (event) => this.#handle(event),
      onState: (state) => {
        if (state.type === 'ended') this.#abandon();
        for (const task of this.#tasks()) task.pause(state.type !== 'subscribed');
      },
    });
  }

  run(): void {
    this.#client.subscribe();
  }

  #tasks(): NestedTask[] {
    return [...this.#groups].flatMap((group) => [...group]);
  }

  #handle(event: DeliveredExecutorEvent): void {
    switch (event.type) {
      case 'SUBSCRIBED': {
        const { framework_info, container_id } = event.subscribed;
        const tellsKilling = hasCapability(framework_info, 'TASK_KILLING_STATE');
        const sandbox = process.env.MESOS_SANDBOX ?? '.';
        this.#settings = { sandbox, containerId: container_id?.value ?? '', tellsKilling };
        break;
      }
      case 'LAUNCH_GROUP':
        this.#launch(event.launch_group.task_group.tasks);
        break;
      case 'KILL':
        this.#tasks()
          .find(({ id }) => id === event.kill.task_id.value)
          ?.kill(event.kill.kill_policy);
        break;
      case 'SHUTDOWN':
        for (const task of this.#tasks()) task.kill();
        void this.#leaveIfIdle();
    }
  }

  #launch(infos: readonly TaskInfo[]): void {
    const settings = this.#settings;
    if (!settings) return;
    const group = new Set<NestedTask>();
    const update: NestedSettings['update'] = (taskId, change) => this.#client.update(taskId, change);
    const ended = (task: NestedTask, failed: boolean) => this.#ended(group, task, failed);
    for (const info of infos) group.add(new NestedTask(info, { ...settings, update, ended }));
    this.#groups.add(group);
    for (const task of group) void task.launch();
  }

  #ended(group: Set<NestedTask>, task: NestedTask, failed: boolean): void {
    group.delete(task);
    if (group.size === 0) this.#groups.delete(group);
    if (failed) for (const other of group) other.kill();
    void this.#leaveIfIdle();
  }

  async #leaveIfIdle(): Promise<void> {
    if (this.#groups.size > 0 || this.#isLeaving) return;
    this.#isLeaving = true;
    try {
      await everythingTold(this.#client);
    } finally {
      // A group may have come in the meantime.
      this.#isLeaving = false;
      if (this.#groups.size === 0) process.exit(0);
    }
  }

  /** The agent is gone for good: no task must go on unseen. */
  #abandon(): void {
    for (const task of this.#tasks()) task.destroy();
    process.exit(1);
  }
}

/** Runs until its tasks have ended. */
export function runDefaultExecutor(): void {
  new DefaultExecutor().run();
}
