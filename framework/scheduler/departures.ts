/** Tasks that are to leave their agents for others. A successor comes first. */
import type { AgentName } from '../../placement/index.js';
import type { Context } from './context.js';
import type { TaskRecord } from './records.js';

export interface Departure<Task extends TaskRecord = TaskRecord> {
  task: Task;
  /** As the story tells it. */
  reason: string;
  /** Null: wherever placement finds best. */
  to: AgentName | null;
}

/** Of tasks that are to stay otherwise. */
export function departuresOf<Task extends TaskRecord>({ memory }: Context, tasks: Task[]): Departure<Task>[] {
  const staying = tasks.filter((task) => !task.stopping && !task.inactive && !task.replica?.retiring);
  return staying
    .filter(({ agent }) => Object.hasOwn(memory.closed, agent.id))
    .map((task) => ({ task, reason: `${task.agent.hostname} is being drained`, to: null }));
}
