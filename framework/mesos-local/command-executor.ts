import type { ChildProcess } from 'node:child_process';
import type { DeliveredExecutorEvent, ExecutorClient, StatusChange } from '../mesos-http-client/index.js';
import type { KillPolicy, TaskInfo, TaskState } from '../mesos-http-client/types.js';
import { builtInClient, everythingTold } from './built-in-client.js';
import { TaskChecks } from './checks/task-checks.js';
import { emptyStatus } from './checks/verdict.js';
import { endingWords } from './ending-words.js';
import { hasCapability } from './master/framework-validation.js';
import { signalGroup } from './process-group.js';
import { AT_ONCE, startCommand, terminate, whenLate } from './task-command.js';

/**
 * Runs the command of one task that has no executor of its own, as mesos-executor does: STARTING, RUNNING, and the
 * end with its status in words; its checks, and `max_completion_time`. The command leads a process group that is ended as a whole.
 */

type KillCause = 'unhealthy' | 'tooLong' | null;

class CommandExecutor {
  readonly #client: ExecutorClient;
  #task: TaskInfo | null = null;
  #child: ChildProcess | null = null;
  #killed = false;
  /** Why it is killed, if not because of a KILL. */
  #killCause: KillCause = null;
  #checks: TaskChecks | null = null;
  #tellsKilling = false;

  constructor() {
    this.#client = builtInClient({
      onEvent: (event) => this.#handle(event),
      onState: (state) => {
        if (state.type === 'ended') this.#abandon();
        this.#checks?.pause(state.type !== 'subscribed');
      },
    });
  }

  run(): void {
    this.#client.subscribe();
  }

  #handle(event: DeliveredExecutorEvent): void {
    switch (event.type) {
      case 'SUBSCRIBED':
        this.#tellsKilling = hasCapability(event.subscribed.framework_info, 'TASK_KILLING_STATE');
        break;
      case 'LAUNCH':
        this.#launch(event.launch.task);
        break;
      case 'KILL':
        this.#kill(event.kill.kill_policy);
        break;
      case 'SHUTDOWN':
        if (this.#child) this.#kill(undefined);
        else process.exit(0);
    }
  }

  #launch(task: TaskInfo): void {
    this.#task = task;
    this.#update('TASK_STARTING');
    const { MESOS_EXECUTOR_AUTHENTICATION_TOKEN: _, ...env } = process.env;
    const child = startCommand(task.command ?? {}, { stdio: 'inherit', env });
    this.#child = child;
    child.once('error', (error) => void this.#finish('TASK_FAILED', `Failed to start the command: ${error.message}`));
    child.once('exit', (code, signal) => this.#exited(code, signal));
    this.#update('TASK_RUNNING');
    this.#checks = new TaskChecks(task, env, {
      update: (change) => this.#client.update(task.task_id.value, change),
      unhealthy: () => this.#kill(undefined, 'unhealthy'),
    });
    whenLate(child, task, () => this.#kill(AT_ONCE, 'tooLong'));
  }

  #update(state: TaskState, more: Partial<StatusChange> = {}): void {
    if (!this.#task) return;
    const { task_id, check } = this.#task;
    const status = check && { check_status: emptyStatus(check.type) };
    this.#client.update(task_id.value, { state, ...more, ...status });
  }

  #kill(policy: KillPolicy | undefined, cause: KillCause = null): void {
    if (this.#killed || !this.#child || !this.#task) return;
    this.#killed = true;
    this.#killCause = cause;
    this.#checks?.stop();
    if (this.#tellsKilling) this.#update('TASK_KILLING');
    terminate(this.#child, this.#task, policy);
  }

  #destroy(): void {
    if (this.#child) signalGroup(this.#child, 'SIGKILL');
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    this.#destroy();
    void this.#finish(
      this.#killed ? 'TASK_KILLED' : code === 0 ? 'TASK_FINISHED' : 'TASK_FAILED',
      endingWords(code, signal),
    );
  }

  async #finish(state: TaskState, message: string): Promise<void> {
    this.#checks?.stop();
    try {
      if (this.#killCause === 'tooLong') {
        this.#update('TASK_FAILED', { message, reason: 'REASON_MAX_COMPLETION_TIME_REACHED' });
      } else this.#update(state, { message, ...(this.#killCause === 'unhealthy' && { healthy: false }) });
      await everythingTold(this.#client);
    } finally {
      process.exit(0);
    }
  }

  /** The agent is gone for good: the task must not go on unseen. */
  #abandon(): void {
    this.#destroy();
    process.exit(1);
  }
}

/** Runs until its task has ended. */
export function runCommandExecutor(): void {
  new CommandExecutor().run();
}
