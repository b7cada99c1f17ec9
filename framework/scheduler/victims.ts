/** Who goes when an app gets smaller: what would have to leave its agent anyway, then whoever leaves the rest most evenly spread. */
import lodash from 'lodash';
import { chooseVictims, ladderOf } from '../../placement/index.js';
import type { AppSpec } from '../app.js';
import type { Context } from './context.js';
import { livingOn } from './demand.js';
import type { AppRecord, TaskRecord } from './records.js';

/** @param spare goes only when nobody else is left */
export function victimsOf<Task extends TaskRecord>(
  { memory }: Context,
  { active }: AppRecord,
  tasks: Task[],
  count: number,
  spare?: Task,
): Task[] {
  const oldestFirst = lodash.sortBy(tasks, ['stagedAt', 'id']);
  const [drained, others] = lodash.partition(oldestFirst, ({ agent }) => Object.hasOwn(memory.closed, agent.id));
  const first = choose(active, drained, count, spare);
  return [...first, ...choose(active, others, count - first.length, spare)];
}

function choose<Task extends TaskRecord>(spec: AppSpec, tasks: Task[], count: number, spare?: Task): Task[] {
  const living = tasks.map(({ agent }, slot) => livingOn(agent, slot));
  const spared = tasks.flatMap((task, slot) => (task === spare ? [slot] : []));
  const victims = chooseVictims(living, count, {
    ladder: ladderFor(spec),
    killSelection: spec.killSelection,
    spare: spared,
  });
  return victims.map(({ slot }) => tasks[slot] as Task);
}

/** Of a plain app what its tasks are grouped by. */
function ladderFor({ replication, constraints }: AppSpec): string[] {
  if (replication) return ladderOf(replication.spread);
  const fields = constraints.filter(({ operator }) => operator === 'GROUP_BY').map(({ field }) => field);
  return fields.map((field) => (field === 'hostname' || field === '@hostname' ? 'host' : field.replace(/^@/, '')));
}
