import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { StatusChange } from '../mesos-http-client/index.js';
import type { KillPolicy, TaskInfo, TaskState } from '../mesos-http-client/types.js';
import { fetchUri } from './agent/fetcher.js';
import { TaskChecks } from './checks/task-checks.js';
import { emptyStatus } from './checks/verdict.js';
import { variablesOf } from './command-line.js';
import { endingWords } from './ending-words.js';
import { signalGroup } from './process-group.js';
import { AT_ONCE, startCommand, terminate, whenLate } from './task-command.js';

export interface NestedSettings {
  /** Of the executor. */
  sandbox: string;
  containerId: string;
  tellsKilling: boolean;
  update(taskId: string, change: StatusChange): void;
  /** `failed`: the others of its group are to end, too. */
  ended(task: NestedTask, failed: boolean): void;
}

/** One task of a group: a process with a folder of its own below the executor's, where Mesos has them. */
export class NestedTask {
  readonly id: string;
  readonly #task: TaskInfo;
  readonly #settings: NestedSettings;
  readonly #containerId = randomUUID();
  readonly #sandbox: string;
  readonly #abort = new AbortController();
  #child: ChildProcess | null = null;
  #checks: TaskChecks | null = null;
  #killed: Partial<StatusChange> | null = null;
  #isOver = false;

  constructor(task: TaskInfo, settings: NestedSettings) {
    this.id = task.task_id.value;
    this.#task = task;
    this.#settings = settings;
    this.#sandbox = join(settings.sandbox, 'containers', this.#containerId);
  }

  async launch(): Promise<void> {
    try {
      mkdirSync(this.#sandbox, { recursive: true, mode: 0o750 });
      mkdirSync(join(this.#settings.sandbox, 'tasks'), { recursive: true });
      symlinkSync(this.#sandbox, join(this.#settings.sandbox, 'tasks', this.id));
      this.#update('TASK_STARTING');
      for (const uri of this.#task.command?.uris ?? [])
        await fetchUri(uri, { sandbox: this.#sandbox, account: null, signal: this.#abort.signal });
      if (!this.#isOver) this.#spawn();
    } catch (error) {
      const reason = 'REASON_CONTAINER_LAUNCH_FAILED';
      this.#end('TASK_FAILED', { reason, message: `Failed to launch container: ${(error as Error).message}` });
    }
  }

  #spawn(): void {
    const outputs = ['stdout', 'stderr'].map((name) => openSync(join(this.#sandbox, name), 'a', 0o644));
    const env = this.#environment();
    const stdio = ['ignore', ...outputs] as ['ignore', number, number];
    const child = startCommand(this.#task.command ?? {}, { cwd: this.#sandbox, stdio, env });
    for (const output of outputs) closeSync(output);
    this.#child = child;
    child.once('error', ({ message }) =>
      this.#end('TASK_FAILED', { message: `Failed to start the command: ${message}` }),
    );
    child.once('exit', (code, signal) => this.#exited(code, signal));
    this.#update('TASK_RUNNING');
    this.#checks = new TaskChecks(this.#task, env, {
      update: (change) => this.#tell(change),
      unhealthy: () => this.kill(undefined, { healthy: false }),
    });
    const late = { state: 'TASK_FAILED', reason: 'REASON_MAX_COMPLETION_TIME_REACHED' } as const;
    whenLate(child, this.#task, () => this.kill(AT_ONCE, late));
  }

  /** What Mesos' containerizer gives nested containers, which do not inherit the executor's. */
  #environment(): NodeJS.ProcessEnv {
    const role = this.#task.resources?.[0]?.allocation_info?.role;
    return {
      ...(role !== undefined && { MESOS_ALLOCATION_ROLE: role }),
      MESOS_CONTAINER_IP: process.env.LIBPROCESS_IP,
      MESOS_SANDBOX: this.#sandbox,
      PATH: process.env.PATH,
      ...variablesOf(this.#task.command),
    };
  }

  pause(paused: boolean): void {
    this.#checks?.pause(paused);
  }

  /** @param ending what its last update says beside TASK_KILLED, or instead */
  kill(policy?: KillPolicy, ending: Partial<StatusChange> = {}): void {
    if (this.#killed || this.#isOver) return;
    this.#killed = ending;
    this.#abort.abort(new Error('the task is killed'));
    this.#checks?.stop();
    if (this.#child) this.#terminate(this.#child, policy);
    else this.#end('TASK_KILLED', ending);
  }

  #terminate(child: ChildProcess, policy: KillPolicy | undefined): void {
    if (this.#settings.tellsKilling) this.#update('TASK_KILLING');
    terminate(child, this.#task, policy);
  }

  /** At once, and untold. */
  destroy(): void {
    if (this.#child) signalGroup(this.#child, 'SIGKILL');
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    this.destroy();
    const state = this.#killed ? 'TASK_KILLED' : code === 0 ? 'TASK_FINISHED' : 'TASK_FAILED';
    this.#end(state, { message: endingWords(code, signal), ...this.#killed });
  }

  #end(state: TaskState, more: Partial<StatusChange>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#checks?.stop();
    this.#update(state, more);
    this.#settings.ended(this, state !== 'TASK_FINISHED');
  }

  #update(state: TaskState, more: Partial<StatusChange> = {}): void {
    const { check } = this.#task;
    this.#tell({ state, ...more, ...(check && { check_status: emptyStatus(check.type) }) });
  }

  #tell(change: StatusChange): void {
    const container_id = { value: this.#containerId, parent: { value: this.#settings.containerId } };
    const { pid } = this.#child ?? {};
    const container_status = { container_id, ...(pid !== undefined && { executor_pid: pid }) };
    this.#settings.update(this.id, { ...change, container_status });
  }
}
