import type { AgentState, FrameworkState, GetState, Task } from '../../mesos-http-client/calls.js';
import type { FrameworkInfo, TaskState, TaskStatus } from '../../mesos-http-client/types.js';
import type { Agent, Framework, MasterState, Step, TaskRecord } from './state.js';
import { agentMessage, frameworkMessage, getState, taskMessage } from './v1-views.js';

/** SUBSCRIBE of the v1 operator API: everything there is, then what becomes of it (Master::Subscribers). */

export type OperatorEvent =
  | { type: 'SUBSCRIBED'; subscribed: { get_state: GetState; heartbeat_interval_seconds: number } }
  | { type: 'HEARTBEAT' }
  | { type: 'TASK_ADDED'; task_added: { task: Task } }
  | {
      type: 'TASK_UPDATED';
      task_updated: { framework_id: { value: string }; status: TaskStatus; state: TaskState };
    }
  | { type: 'AGENT_ADDED'; agent_added: { agent: AgentState } }
  | { type: 'AGENT_REMOVED'; agent_removed: { agent_id: { value: string } } }
  | { type: 'FRAMEWORK_ADDED'; framework_added: { framework: FrameworkState } }
  | { type: 'FRAMEWORK_UPDATED'; framework_updated: { framework: FrameworkState } }
  | { type: 'FRAMEWORK_REMOVED'; framework_removed: { framework_info: FrameworkInfo } };

/** Mesos' `max_operator_event_stream_subscribers`; who came first goes first. */
const SUBSCRIBERS_MAX = 1000;

export function subscribeOperator(step: Step, connection: number): void {
  const { state, nowMs } = step;
  const { heartbeatIntervalMs } = state.settings;
  const [oldest] = state.operators.keys();
  if (state.operators.size >= SUBSCRIBERS_MAX && oldest !== undefined) {
    state.operators.delete(oldest);
    step.actions.push({ type: 'endStream', connection: oldest });
  }
  state.operators.set(connection, nowMs + heartbeatIntervalMs);
  const subscribed = { get_state: getState(state), heartbeat_interval_seconds: heartbeatIntervalMs / 1000 };
  step.actions.push({ type: 'operatorEvent', connection, event: { type: 'SUBSCRIBED', subscribed } });
  step.actions.push({ type: 'operatorEvent', connection, event: { type: 'HEARTBEAT' } });
}

export function tickOperators(step: Step): void {
  const { operators, settings } = step.state;
  for (const [connection, nextAtMs] of operators) {
    if (nextAtMs > step.nowMs) continue;
    operators.set(connection, step.nowMs + settings.heartbeatIntervalMs);
    step.actions.push({ type: 'operatorEvent', connection, event: { type: 'HEARTBEAT' } });
  }
}

/** Nothing is made up while nobody listens. */
function tell(step: Step, make: (state: MasterState) => OperatorEvent): void {
  if (step.state.operators.size === 0) return;
  const event = make(step.state);
  for (const connection of step.state.operators.keys()) step.actions.push({ type: 'operatorEvent', connection, event });
}

export function taskAdded(step: Step, task: TaskRecord): void {
  tell(step, () => ({ type: 'TASK_ADDED', task_added: { task: taskMessage(task) } }));
}

/** @param status what its framework is told of it */
export function taskUpdated(step: Step, task: TaskRecord, status: TaskStatus): void {
  const framework_id = { value: task.frameworkId };
  tell(step, () => ({ type: 'TASK_UPDATED', task_updated: { framework_id, status, state: task.latestState } }));
}

export function agentAdded(step: Step, agent: Agent): void {
  tell(step, (state) => ({ type: 'AGENT_ADDED', agent_added: { agent: agentMessage(state, agent) } }));
}

export function agentRemoved(step: Step, agent: Agent): void {
  tell(step, () => ({ type: 'AGENT_REMOVED', agent_removed: { agent_id: { value: agent.id } } }));
}

export function frameworkAdded(step: Step, framework: Framework): void {
  tell(step, (state) => ({
    type: 'FRAMEWORK_ADDED',
    framework_added: { framework: frameworkMessage(state, framework) },
  }));
}

export function frameworkUpdated(step: Step, framework: Framework): void {
  const message = (state: MasterState) => ({ framework: frameworkMessage(state, framework) });
  tell(step, (state) => ({ type: 'FRAMEWORK_UPDATED', framework_updated: message(state) }));
}

export function frameworkRemoved(step: Step, { info }: Framework): void {
  tell(step, () => ({ type: 'FRAMEWORK_REMOVED', framework_removed: { framework_info: info } }));
}
