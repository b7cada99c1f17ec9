import { toPlain } from '../../mesos-http-client/plain-resources.js';
import { add, contains } from '../../mesos-http-client/resources.js';
import type { ExecutorInfo, Resource, TaskInfo } from '../../mesos-http-client/types.js';
import { resourcesText } from './resource-words.js';
import { compatibilityError, idError, taskError, type ValidationContext } from './task-validation.js';

/** Checks of a task group before it is launched (src/master/validation.cpp, task::group). */

const EXECUTOR_MINIMUM = { cpus: 0.01, mem: 32 };

/** Of all tasks, and of the executor unless it runs already. */
export function demandOfGroup(
  executor: ExecutorInfo,
  tasks: readonly TaskInfo[],
  context: ValidationContext,
): Resource[] {
  const isNew = !context.runningExecutor(executor.executor_id.value);
  return add(...tasks.map(({ resources = [] }) => resources), isNew ? (executor.resources ?? []) : []);
}

/** @returns why none of it can be launched (the message of each task's TASK_ERROR), or null */
export function groupError(
  executor: ExecutorInfo,
  tasks: readonly TaskInfo[],
  context: ValidationContext,
): string | null {
  if (tasks.length === 0) return 'Task group cannot be empty';
  return executorError(executor, context) ?? membersError(tasks, context) ?? demandError(executor, tasks, context);
}

function executorError(executor: ExecutorInfo, context: ValidationContext): string | null {
  const { type, executor_id, command, resources = [] } = executor;
  const id = executor_id.value;
  const invalidId = idError(id);
  if (invalidId) return invalidId;
  if (type === 'DEFAULT' && command) return "'ExecutorInfo.command' must not be set for 'DEFAULT' executor";
  if (type !== 'DEFAULT' && !command) return "'ExecutorInfo.command' must be set for 'CUSTOM' executor";
  const plain = toPlain(resources);
  for (const name of ['cpus', 'mem'] as const) {
    const amount = plain[name];
    const least = EXECUTOR_MINIMUM[name];
    if (amount < least) return `Executor '${id}' uses less ${name} (${amount}) than the minimum required (${least})`;
  }
  if (plain.disk === 0) return `Executor '${id}' uses no disk`;
  return compatibilityError(executor, context);
}

function membersError(tasks: readonly TaskInfo[], context: ValidationContext): string | null {
  const ids = tasks.map(({ task_id }) => task_id.value);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) return `Task group has duplicate ID: ${twice}`;
  if (tasks.some(({ executor }) => executor)) return "'TaskInfo.executor' must not be set";
  const errors = tasks.map((task) => ({ id: task.task_id.value, error: taskError(task, context) }));
  const invalid = errors.find(({ error }) => error !== null);
  return invalid ? `Task '${invalid.id}' is invalid: ${invalid.error}` : null;
}

function demandError(executor: ExecutorInfo, tasks: readonly TaskInfo[], context: ValidationContext): string | null {
  const demand = demandOfGroup(executor, tasks, context);
  if (contains(context.available, demand)) return null;
  const words = 'required by task group and its executor is more than available';
  return `Total resources ${resourcesText(demand)} ${words} ${resourcesText(context.available)}`;
}
