/** Where the files of a task are. */
import type { SandboxView } from '../service.js';
import type { Context } from './context.js';

/** Also of the last task that has failed: what it wrote says why. Null: the app has no such task. */
export function sandboxOf({ state, memory }: Context, appId: string, taskId: string): SandboxView | null {
  const [task, failure] = [state.tasks.get(taskId), state.apps.get(appId)?.lastTaskFailure];
  const { frameworkId } = state;
  if (frameworkId === null) return null;
  // Its executor has its id (task-info.ts).
  const path = `/frameworks/${frameworkId}/executors/${taskId}/runs/latest`;
  const view = (agentId: string, host: string) => ({ host, path, agentUrl: memory.agents.get(agentId)?.url ?? null });
  if (task?.appId === appId) return view(task.agent.id, task.agent.hostname);
  return failure?.taskId === taskId ? view(failure.agentId, failure.host) : null;
}
