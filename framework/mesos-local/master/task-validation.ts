import lodash from 'lodash';
import { add, allocate, contains, toRefinedFormat } from '../../mesos-http-client/resources.js';
import type { CommandInfo, ExecutorInfo, Resource, TaskInfo } from '../../mesos-http-client/types.js';
import { checksError } from './check-validation.js';
import { resourcesText, resourceText } from './resource-words.js';

/** Checks of a task before it is launched, in the order and the words of src/master/validation.cpp. */

export interface ValidationContext {
  agentId: string;
  frameworkId: string;
  /** Allocation role of the offers. */
  role: string;
  /** What is left of the accepted offers, allocated. */
  available: readonly Resource[];
  isTaskIdInUse(taskId: string): boolean;
  /** The executor that already runs on the agent under this id. */
  runningExecutor(executorId: string): ExecutorInfo | undefined;
}

const ID_BYTES_MAX = 255;

export function idError(id: string): string | null {
  if (id === '') return 'ID must not be empty';
  if (Buffer.byteLength(id) > ID_BYTES_MAX) return `ID must not be greater than ${ID_BYTES_MAX} characters`;
  if (id === '.' || id === '..') return `'${id}' is disallowed`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ids become directory names; Mesos refuses control characters
  if (/[\x00-\x1f\x7f/\\]/.test(id)) return `'${id}' contains invalid characters`;
  return null;
}

function resourceError(resource: Resource): string | null {
  const prefix = `Resource '${resourceText(resource)}' is invalid:`;
  if (resource.type === 'SCALAR') {
    const { value } = resource.scalar ?? { value: 0 };
    const possible = value === 0 || Math.round(value * 1000) > 0;
    return possible ? null : `${prefix} Invalid scalar resource: value <= 0`;
  }
  if (resource.type === 'RANGES') {
    const wrong = (resource.ranges?.range ?? []).some(({ begin, end }) => begin > end);
    return wrong ? `${prefix} Invalid ranges resource: begin > end` : null;
  }
  return null;
}

function allocationError(resources: readonly Resource[], role: string): string | null {
  const wrong = resources.find((resource) => resource.allocation_info?.role !== role);
  return wrong ? `The resources have multiple allocation roles ('${role}' and '${wrong.allocation_info?.role}')` : null;
}

function resourcesError(task: TaskInfo, role: string): string | null {
  const resources = task.resources ?? [];
  if (resources.length === 0) return 'Task uses no resources';
  const all = [...resources, ...(task.executor?.resources ?? [])];
  return all.map(resourceError).find((error) => error !== null) ?? allocationError(all, role);
}

function executorError(task: TaskInfo, context: ValidationContext): string | null {
  const { executor } = task;
  if ((executor === undefined) === (task.command === undefined)) {
    return 'Task should have at least one (but not both) of CommandInfo or ExecutorInfo present';
  }
  if (!executor) return null;
  const error = idError(executor.executor_id.value);
  if (error) return error;
  if (executor.type === 'DEFAULT') return "'ExecutorInfo.type' must be 'CUSTOM'";
  if (!executor.command) return "'ExecutorInfo.command' must be set for 'CUSTOM' executor";
  if (executor.framework_id?.value !== context.frameworkId) {
    const given = executor.framework_id?.value;
    return `ExecutorInfo has an invalid FrameworkID (Actual: ${given} vs Expected: ${context.frameworkId})`;
  }
  return compatibilityError(executor, context);
}

/** The same id means the same executor. */
export function compatibilityError(executor: ExecutorInfo, context: ValidationContext): string | null {
  const running = context.runningExecutor(executor.executor_id.value);
  if (!running || lodash.isEqual(running, executor)) return null;
  const line = '-'.repeat(60);
  const [existing, given] = [running, executor].map((info) => JSON.stringify(info, null, 1));
  const head = 'ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID.';
  return `${head}\n${line}\nExisting ExecutorInfo:\n${existing}\n${line}\nExecutorInfo:\n${given}\n${line}\n`;
}

/** Resources of a task, and of its executor unless that runs already. */
export function demandOf(task: TaskInfo, context: Pick<ValidationContext, 'runningExecutor'>): Resource[] {
  const { executor, resources = [] } = task;
  const newExecutor = executor && !context.runningExecutor(executor.executor_id.value);
  return add(resources, newExecutor ? (executor.resources ?? []) : []);
}

function demandError(task: TaskInfo, context: ValidationContext): string | null {
  const demand = demandOf(task, context);
  if (contains(context.available, demand)) return null;
  const available = resourcesText(context.available);
  return `Total resources ${resourcesText(demand)} required by task and its executor is more than available ${available}`;
}

/** @returns why the task cannot be launched (the message of its TASK_ERROR), or null */
export function taskError(task: TaskInfo, context: ValidationContext): string | null {
  const error = idError(task.task_id.value);
  if (error) return error;
  if (context.isTaskIdInUse(task.task_id.value)) return `Task has duplicate ID: ${task.task_id.value}`;
  if (task.agent_id.value !== context.agentId) {
    return `Task uses invalid agent ${task.agent_id.value} while agent ${context.agentId} is expected`;
  }
  const grace = task.kill_policy?.grace_period?.nanoseconds;
  if (grace !== undefined && grace < 0) return "Task's 'kill_policy.grace_period' must be non-negative";
  return (
    executorError(task, context) ??
    timeError(task) ??
    checksError(task) ??
    resourcesError(task, context.role) ??
    limitsError(task) ??
    demandError(task, context)
  );
}

function timeError({ max_completion_time }: TaskInfo): string | null {
  const nanoseconds = max_completion_time?.nanoseconds ?? 0;
  return nanoseconds < 0 ? "Task's `max_completion_time` must be non-negative" : null;
}

/** Its agents do not isolate, and have no capability TASK_RESOURCE_LIMITS. */
function limitsError({ limits = {} }: TaskInfo): string | null {
  return lodash.isEmpty(limits) ? null : 'Agent is not capable of handling task resource limits';
}

function withDefaults(command: CommandInfo): CommandInfo {
  const { environment, uris = [], arguments: words = [], ...rest } = command;
  const variables = environment?.variables.map((variable) => ({ type: 'VALUE' as const, ...variable }));
  return {
    shell: true,
    ...rest,
    ...(uris.length > 0 && { uris }),
    ...(words.length > 0 && { arguments: words }),
    ...(variables && { environment: { variables } }),
  };
}

function completeResources(resources: readonly Resource[] = [], role: string): Resource[] {
  return resources.map((resource) => {
    const refined = toRefinedFormat(resource);
    return refined.allocation_info?.role ? refined : (allocate([refined], role)[0] as Resource);
  });
}

/** The executor as the master hands it on: allocation, framework id and proto defaults filled in. */
export function completeExecutor(executor: ExecutorInfo, frameworkId: string, role: string): ExecutorInfo {
  return {
    ...executor,
    type: executor.type ?? 'CUSTOM',
    framework_id: executor.framework_id ?? { value: frameworkId },
    ...(executor.command && { command: withDefaults(executor.command) }),
    resources: completeResources(executor.resources, role),
  };
}

/** The task as the master hands it on. */
export function completeTask(task: TaskInfo, frameworkId: string, role: string): TaskInfo {
  const { executor, command } = task;
  return {
    ...task,
    resources: completeResources(task.resources, role),
    ...(command && { command: withDefaults(command) }),
    ...(executor && { executor: completeExecutor(executor, frameworkId, role) }),
  };
}
