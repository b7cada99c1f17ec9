import { isTerminal } from '../../mesos-http-client/task-status.js';
import { flatAttributes, flatResources } from '../flat-values.js';
import { MESOS_VERSION } from '../master/master-info.js';
import { type AgentState, type Executor, tasksOfExecutor } from './state.js';

/** The agent's `/state` page; only the keys clients commonly read. */
export function agentStatePage(
  state: AgentState,
  workDirectory: string,
  sandboxOf: (executor: Executor) => string,
): object {
  const { hostname, port, resources = [], attributes, domain } = state.info;
  return {
    version: MESOS_VERSION,
    id: state.agentId ?? '',
    pid: `slave(1)@${state.settings.ip}:${port}`,
    hostname,
    resources: flatResources(resources),
    attributes: flatAttributes(attributes),
    ...(domain && { domain }),
    flags: { work_dir: workDirectory },
    frameworks: [...state.frameworks].map(([id, framework]) => ({
      id,
      name: framework.name,
      user: framework.user,
      checkpoint: framework.checkpoint ?? false,
      executors: [...state.executors.values()]
        .filter((executor) => executor.frameworkId === id)
        .map((executor) => executorPage(state, executor, sandboxOf(executor))),
    })),
  };
}

function executorPage(state: AgentState, executor: Executor, directory: string): object {
  const tasks = tasksOfExecutor(state, executor);
  const page = ({ info, taskId, stream }: (typeof tasks)[number]) => ({
    id: taskId,
    name: info?.name ?? '',
    state: stream.latestState,
  });
  return {
    id: executor.id,
    name: executor.info.name ?? '',
    source: executor.info.source ?? '',
    container: executor.containerId,
    directory,
    ...(executor.process && { pid: executor.process.pid }),
    tasks: tasks.filter((task) => task.delivered && !isTerminal(task.stream.latestState)).map(page),
    queued_tasks: tasks.filter((task) => !task.delivered).map(page),
    completed_tasks: tasks.filter((task) => isTerminal(task.stream.latestState)).map(page),
  };
}
