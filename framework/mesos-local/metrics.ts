import { cpus, freemem, loadavg, totalmem } from 'node:os';
import { toPlain } from '../mesos-http-client/plain-resources.js';
import type { Resource, TaskState } from '../mesos-http-client/types.js';

/** What masters and agents have in common at `/metrics/snapshot`: Mesos' names, all values numbers. */

export type Metrics = Record<string, number>;

/** Of what has happened since the process began to count. */
export type Counters = Map<string, number>;

/** Names have parts that executors choose. */
const NAMES_MAX = 2000;

export function count(counters: Counters, ...names: string[]): void {
  for (const name of names) {
    if (counters.has(name) || counters.size < NAMES_MAX) counters.set(name, (counters.get(name) ?? 0) + 1);
  }
}

/** States of tasks that are under way, known to masters and agents. */
export const ACTIVE: readonly TaskState[] = ['TASK_STAGING', 'TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING'];

/** The name for how many tasks are, or have ended, in this state. */
export function tasksIn(prefix: 'master' | 'slave', state: TaskState): string {
  return `${prefix}/tasks_${state.slice('TASK_'.length).toLowerCase()}`;
}

/** The machine's own; read from it. */
export function systemMetrics(): Metrics {
  const [one = 0, five = 0, fifteen = 0] = loadavg();
  return {
    'system/cpus_total': cpus().length,
    'system/load_1min': one,
    'system/load_5min': five,
    'system/load_15min': fifteen,
    'system/mem_free_bytes': freemem(),
    'system/mem_total_bytes': totalmem(),
  };
}

const SCALARS = ['cpus', 'gpus', 'mem', 'disk'] as const;

/** Total, used and the used part of each scalar, revocable ones apart. */
export function resourceMetrics(
  prefix: 'master' | 'slave',
  total: readonly Resource[],
  used: readonly Resource[],
): Metrics {
  const kinds = [
    ['', (resource: Resource) => resource.revocable === undefined],
    ['_revocable', (resource: Resource) => resource.revocable !== undefined],
  ] as const;
  const lines = kinds.flatMap(([kind, isOfKind]) => {
    const [all, inUse] = [toPlain(total.filter(isOfKind)), toPlain(used.filter(isOfKind))];
    return SCALARS.flatMap((name) => {
      const start = `${prefix}/${name}${kind}`;
      return [
        [`${start}_total`, all[name]],
        [`${start}_used`, inUse[name]],
        [`${start}_percent`, all[name] === 0 ? 0 : inUse[name] / all[name]],
      ] as const;
    });
  });
  return Object.fromEntries(lines);
}
