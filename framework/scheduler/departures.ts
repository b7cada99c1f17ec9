/** Tasks that are to leave their agents for others. A successor comes first. */
import type { AgentName } from '../../placement/index.js';
import type { Context } from './context.js';
import type { TaskRecord } from './records.js';
import { isStaying } from './tasks.js';

export interface Departure<Task extends TaskRecord = TaskRecord> {
  task: Task;
  /** As the story tells it. */
  reason: string;
  /** Null: wherever placement finds best. */
  to: AgentName | null;
}

/** Of tasks that are to stay otherwise; agents are drained before a rebalance goes on. */
export function departuresOf<Task extends TaskRecord>(context: Context, tasks: Task[]): Departure<Task>[] {
  const staying = tasks.filter(isStaying);
  const drained = staying.filter(({ agent }) => Object.hasOwn(context.memory.closed, agent.id));
  if (drained.length === 0) return rebalanced(context, staying);
  return drained.map((task) => ({ task, reason: `${task.agent.hostname} is being drained`, to: null }));
}

function rebalanced<Task extends TaskRecord>({ state }: Context, tasks: Task[]): Departure<Task>[] {
  return [...state.rebalances.values()].flatMap(({ moves, current, taskId }) => {
    const task = tasks.find(({ id }) => id === taskId);
    const move = moves[current];
    if (!task || !move) return [];
    return [{ task, reason: `it is better placed on ${move.to.hostname}: ${move.sentence}`, to: move.to }];
  });
}
