import type { ExecutorCall } from '../../mesos-http-client/calls.js';
import { EXECUTOR_CALL } from '../call-schema.js';
import { isMesosUuid, NOT_A_UUID, parseCall, Refusal } from '../http-call.js';
import { type AgentState, type Executor, executorOf } from './state.js';

function invalid(text: string): Refusal {
  return new Refusal(400, `Failed to validate Executor::Call: ${text}`);
}

/** Parses and validates (src/slave/validation.cpp, in its order). @throws Refusal */
export function parseExecutorCall(body: string): ExecutorCall {
  const json = parseCall(body, EXECUTOR_CALL);
  if (json.type === undefined) throw invalid("Expecting 'type' to be present");
  const call = json as unknown as ExecutorCall;
  if (call.type === 'HEARTBEAT') return call;
  const field = call.type.toLowerCase();
  if (json[field] === undefined) throw invalid(`Expecting '${field}' to be present`);
  if (call.type === 'UPDATE') checkUpdate(call);
  return call;
}

function checkUpdate(call: Extract<ExecutorCall, { type: 'UPDATE' }>): void {
  const { status } = call.update;
  const executorId = call.executor_id.value;
  const who = `executor ${executorId} of framework ${call.framework_id.value}`;
  if (status.uuid === undefined) throw invalid("Expecting 'uuid' to be present");
  if (!isMesosUuid(status.uuid)) throw invalid(NOT_A_UUID);
  if (status.executor_id && status.executor_id.value !== executorId) {
    throw invalid(
      `ExecutorID in Call: ${executorId} does not match ExecutorID in TaskStatus: ${status.executor_id.value}`,
    );
  }
  if (status.source !== 'SOURCE_EXECUTOR') {
    throw invalid(`Received Call from ${who} with invalid source, expecting 'SOURCE_EXECUTOR'`);
  }
  if (status.state === 'TASK_STAGING') throw invalid(`Received TASK_STAGING from ${who} which is not allowed`);
}

/** The executor a call speaks for. @throws Refusal in the order of src/slave/http.cpp */
export function callingExecutor(state: AgentState, call: ExecutorCall): Executor {
  const frameworkId = call.framework_id.value;
  if (!state.frameworks.has(frameworkId)) throw new Refusal(400, 'Framework cannot be found');
  const executor = executorOf(state, frameworkId, call.executor_id.value);
  if (!executor) throw new Refusal(400, 'Executor cannot be found');
  if (call.type !== 'SUBSCRIBE' && executor.connection === null) throw new Refusal(403, 'Executor is not subscribed');
  return executor;
}
