import lodash from 'lodash';
import { isTerminal, taskStates } from '../../mesos-http-client/task-status.js';
import { ACTIVE, type Metrics, resourceMetrics, tasksIn } from '../metrics.js';
import type { AgentState, Executor } from './state.js';

/** The agent's part of `/metrics/snapshot` (docs/monitoring.md of Apache Mesos). */

const ENDED = taskStates.filter((state) => isTerminal(state) && state !== 'TASK_ERROR' && state !== 'TASK_DROPPED');

export function agentMetrics(state: AgentState, nowMs: number): Metrics {
  const tasks = [...state.tasks.values()];
  const executors = [...state.executors.values()];
  const living = tasks.filter(({ stream }) => !isTerminal(stream.latestState));
  const now = lodash.countBy(living, ({ stream }) => stream.latestState);
  const used = [...living.map(({ info }) => info), ...executors.map(({ info }) => info)];
  const counted = (name: string): [string, number] => [name, state.counters.get(name) ?? 0];
  return {
    'slave/uptime_secs': (nowMs - state.startedAtMs) / 1000,
    'slave/registered': state.registered ? 1 : 0,
    'slave/frameworks_active': state.frameworks.size,
    ...executorMetrics(executors),
    ...Object.fromEntries(ACTIVE.map((one) => [tasksIn('slave', one), now[one] ?? 0])),
    ...Object.fromEntries(ENDED.map((one) => counted(tasksIn('slave', one)))),
    ...Object.fromEntries(
      ['container_launch_errors', 'executors_terminated', 'valid_status_updates', 'invalid_status_updates'].map(
        (name) => counted(`slave/${name}`),
      ),
    ),
    ...resourceMetrics(
      'slave',
      state.info.resources ?? [],
      used.flatMap((info) => info?.resources ?? []),
    ),
  };
}

function executorMetrics(executors: readonly Executor[]): Metrics {
  const isTerminating = ({ terminating }: Executor) => terminating;
  const isRegistering = ({ subscribedOnce, terminating }: Executor) => !subscribedOnce && !terminating;
  const terminating = executors.filter(isTerminating).length;
  const registering = executors.filter(isRegistering).length;
  return {
    'slave/executors_registering': registering,
    'slave/executors_running': executors.length - terminating - registering,
    'slave/executors_terminating': terminating,
  };
}
