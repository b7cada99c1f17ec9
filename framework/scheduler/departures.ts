/** Tasks that are to leave their agents for others. A successor comes first. */
import type { AgentName } from '../../placement/index.js';
import type { Context } from './context.js';
import { windowAt } from './maintenance.js';
import type { TaskRecord } from './records.js';
import { isStaying } from './tasks.js';

export interface Departure<Task extends TaskRecord = TaskRecord> {
  task: Task;
  /** As the story tells it. */
  reason: string;
  /** Null: wherever placement finds best. */
  to: AgentName | null;
  /** Its agent goes down: no agent will do that goes down, too. */
  isForMaintenance: boolean;
}

/** Of tasks that are to stay otherwise: drains first, then maintenance, then a rebalance. */
export function departuresOf<Task extends TaskRecord>(context: Context, tasks: readonly Task[]): Departure<Task>[] {
  const staying = tasks.filter(isStaying);
  const drained = staying.filter(({ agent }) => Object.hasOwn(context.memory.closed, agent.id));
  if (drained.length > 0)
    return drained.map((task) => ({
      ...{ task, to: null, isForMaintenance: false },
      reason: `${task.agent.hostname} is being drained`,
    }));
  const goingDown = goesDown(context, staying);
  return goingDown.length > 0 ? goingDown : rebalanced(context, staying);
}

function goesDown<Task extends TaskRecord>(context: Context, tasks: readonly Task[]): Departure<Task>[] {
  return tasks.flatMap((task) => {
    const window = windowAt(context, task.agent.id);
    const reason = `${task.agent.hostname} goes down: ${window}`;
    return window === null ? [] : [{ task, reason, to: null, isForMaintenance: true }];
  });
}

function rebalanced<Task extends TaskRecord>({ state }: Context, tasks: readonly Task[]): Departure<Task>[] {
  return [...state.rebalances.values()].flatMap(({ moves, current, taskId }) => {
    const task = tasks.find(({ id }) => id === taskId);
    const move = moves[current];
    if (!task || !move) return [];
    const reason = `it is better placed on ${move.to.hostname}: ${move.sentence}`;
    return [{ task, reason, to: move.to, isForMaintenance: false }];
  });
}
