import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveredExecutorEvent, StatusChange } from '../mesos-http-client/index.js';
import { ExecutorClient, parseExecutorEnvironment } from '../mesos-http-client/index.js';
import type { KillPolicy, TaskInfo, TaskState } from '../mesos-http-client/types.js';
import { TaskChecks } from './checks/task-checks.js';
import { emptyStatus } from './checks/verdict.js';
import { commandLine } from './command-line.js';
import { endingWords } from './ending-words.js';
import { signalGroup } from './process-group.js';

/**
 * Runs the command of one task that has no executor of its own, as mesos-executor does: STARTING, RUNNING, and the
 * end with its status in words; its checks, and `max_completion_time`. The command leads a process group that is ended as a whole.
 */

const KILL_GRACE_MS = 3000;
/** Time for the last acknowledgement to be the last thing said. */
const LINGER_MS = 100;
/** The longest time a timer can wait. */
const TIMER_MS_MAX = 2 ** 31 - 1;

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
    const token = process.env.MESOS_EXECUTOR_AUTHENTICATION_TOKEN;
    this.#client = new ExecutorClient({
      environment: parseExecutorEnvironment(process.env),
      ...(token !== undefined && { authenticationToken: token }),
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
      case 'SUBSCRIBED': {
        const capabilities = event.subscribed.framework_info.capabilities ?? [];
        this.#tellsKilling = capabilities.some(({ type }) => type === 'TASK_KILLING_STATE');
        break;
      }
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
    const command = task.command ?? {};
    const { file, argv } = commandLine(command);
    const { MESOS_EXECUTOR_AUTHENTICATION_TOKEN: _, ...env } = process.env;
    this.#child = spawn(file, argv.slice(1), { argv0: argv[0] ?? file, detached: true, stdio: 'inherit', env });
    this.#child.once(
      'error',
      (error) => void this.#finish('TASK_FAILED', `Failed to start the command: ${error.message}`),
    );
    this.#child.once('exit', (code, signal) => this.#exited(code, signal));
    this.#update('TASK_RUNNING');
    this.#checks = new TaskChecks(task, env, {
      update: (change) => this.#client.update(task.task_id.value, change),
      unhealthy: () => this.#kill(undefined, 'unhealthy'),
    });
    const { nanoseconds } = task.max_completion_time ?? {};
    if (nanoseconds !== undefined) this.#endAfter(nanoseconds / 1e6);
  }

  #endAfter(ms: number): void {
    const timer = setTimeout(
      () => this.#kill({ grace_period: { nanoseconds: 0 } }, 'tooLong'),
      Math.min(ms, TIMER_MS_MAX),
    );
    this.#child?.once('exit', () => clearTimeout(timer));
  }

  #update(state: TaskState, more: Partial<StatusChange> = {}): void {
    if (!this.#task) return;
    const { task_id, check } = this.#task;
    const status = check && { check_status: emptyStatus(check.type) };
    this.#client.update(task_id.value, { state, ...more, ...status });
  }

  #kill(policy: KillPolicy | undefined, cause: KillCause = null): void {
    if (this.#killed || !this.#child) return;
    this.#killed = true;
    this.#killCause = cause;
    this.#checks?.stop();
    if (this.#tellsKilling) this.#update('TASK_KILLING');
    this.#signal('SIGTERM');
    const grace = policy?.grace_period ?? this.#task?.kill_policy?.grace_period;
    setTimeout(() => this.#signal('SIGKILL'), grace ? grace.nanoseconds / 1e6 : KILL_GRACE_MS);
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child) signalGroup(this.#child, signal);
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    this.#signal('SIGKILL');
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
      await this.#client.drained();
      await sleep(LINGER_MS);
    } finally {
      process.exit(0);
    }
  }

  /** The agent is gone for good: the task must not go on unseen. */
  #abandon(): void {
    this.#signal('SIGKILL');
    process.exit(1);
  }
}

/** Runs until its task has ended. */
export function runCommandExecutor(): void {
  new CommandExecutor().run();
}
