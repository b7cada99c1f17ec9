import type { OfferOperation, OperationState, OperationStatus } from '../../mesos-http-client/calls.js';
import { type Agent, type Framework, type MasterState, type Step, sendEvent } from './state.js';

/**
 * What became of operations that have an id (observed 30): a success is repeated until the framework acknowledges its
 * uuid, an error is said once. Agents keep these in Apache Mesos; here the master does, for as long as it lives.
 */

export interface OperationRecord {
  id: string;
  frameworkId: string;
  agentId: string;
  /** As it was asked for. */
  info: OfferOperation;
  /** Of the operation, which nobody but operators sees; and of its status. */
  operationUuid: string;
  uuid: string;
  retryDelayMs: number;
  retryAtMs: number;
}

const RETRY_BASE_MS = 10_000;
const RETRY_MAX_MS = 600_000;
/** Of one framework; the oldest are forgotten as if they were acknowledged. */
const UNACKNOWLEDGED_MAX = 1000;

const keyOf = (frameworkId: string, operationId: string): string => `${frameworkId}\n${operationId}`;

/** Without an id an operation fails in silence. */
export function tellFailure(step: Step, framework: Framework, operation: OfferOperation, message: string): void {
  if (!('id' in operation) || !operation.id) return;
  tell(step, framework, { operation_id: operation.id, state: 'OPERATION_ERROR', message });
}

export function tellSuccess(step: Step, framework: Framework, operation: OfferOperation, agent: Agent): void {
  if (!('id' in operation) || !operation.id) return;
  const { state, nowMs } = step;
  const record: OperationRecord = {
    id: operation.id.value,
    frameworkId: framework.id,
    agentId: agent.id,
    info: operation,
    operationUuid: nextUuid(state),
    uuid: nextUuid(state),
    retryDelayMs: RETRY_BASE_MS,
    retryAtMs: nowMs + RETRY_BASE_MS,
  };
  state.operations.set(keyOf(framework.id, record.id), record);
  const own = [...state.operations].filter(([, { frameworkId }]) => frameworkId === framework.id);
  for (const [key] of own.slice(0, -UNACKNOWLEDGED_MAX)) state.operations.delete(key);
  repeat(step, framework, record);
}

/** 16 bytes of an RFC 4122 variant, another one each time. */
function nextUuid(state: MasterState): string {
  const bytes = Buffer.alloc(16);
  Buffer.from(state.settings.masterId.replaceAll('-', ''), 'hex').copy(bytes, 0, 0, 8);
  bytes[8] = 0x80;
  bytes.writeUIntBE(state.nextOperationNumber++, 10, 6);
  return bytes.toString('base64');
}

function repeat(step: Step, framework: Framework, record: OperationRecord): void {
  tell(step, framework, statusOf(record));
}

export function statusOf({ id, agentId, uuid }: OperationRecord): OperationStatus {
  const ids = { operation_id: { value: id }, agent_id: { value: agentId } };
  return { ...ids, state: 'OPERATION_FINISHED', uuid: { value: uuid } };
}

function tell(step: Step, framework: Framework, status: OperationStatus): void {
  sendEvent(step, framework, { type: 'UPDATE_OPERATION_STATUS', update_operation_status: { status } });
}

export function acknowledgeOperation({ state }: Step, framework: Framework, operationId: string, uuid: string): void {
  const key = keyOf(framework.id, operationId);
  if (state.operations.get(key)?.uuid === uuid) state.operations.delete(key);
}

export function forgetOperations(state: MasterState, isOver: (record: OperationRecord) => boolean): void {
  for (const [key, record] of state.operations) if (isOver(record)) state.operations.delete(key);
}

export function tickOperations(step: Step): void {
  for (const record of step.state.operations.values()) {
    const framework = step.state.frameworks.get(record.frameworkId);
    if (record.retryAtMs > step.nowMs || !framework?.stream) continue;
    record.retryDelayMs = Math.min(RETRY_MAX_MS, 2 * record.retryDelayMs);
    record.retryAtMs = step.nowMs + record.retryDelayMs;
    repeat(step, framework, record);
  }
}

export interface AskedOperation {
  operation_id: { value: string };
  agent_id?: { value: string };
}

/** RECONCILE_OPERATIONS; nothing asked means everything that is not acknowledged. */
export function reconcileOperations(step: Step, framework: Framework, asked: AskedOperation[]): void {
  const own = [...step.state.operations.values()].filter(({ frameworkId }) => frameworkId === framework.id);
  const all = own.map(({ id }) => ({ operation_id: { value: id } }));
  for (const one of asked.length > 0 ? asked : all) reconcileOperation(step, framework, one);
}

function reconcileOperation(step: Step, framework: Framework, { operation_id, agent_id }: AskedOperation): void {
  const record = step.state.operations.get(keyOf(framework.id, operation_id.value));
  const agentId = record ? { value: record.agentId } : agent_id;
  const answer = record ? { state: 'OPERATION_FINISHED' as const } : unknownState(step.state, agent_id?.value ?? '');
  tell(step, framework, { operation_id, ...answer, ...(agentId && { agent_id: agentId }) });
}

/** By what is known of the agent, in the order and the words of src/master/master.cpp. */
function unknownState(state: MasterState, agentId: string): { state: OperationState; message: string } {
  if (state.recoveredAgents.has(agentId)) {
    return { state: 'OPERATION_RECOVERING', message: 'Reconciliation: Agent is recovering' };
  }
  if (state.unreachableAgents.has(agentId)) {
    return { state: 'OPERATION_UNREACHABLE', message: 'Reconciliation: Agent is unreachable' };
  }
  if (state.goneAgents.has(agentId)) {
    return { state: 'OPERATION_GONE_BY_OPERATOR', message: 'Reconciliation: Agent marked gone by operator' };
  }
  return { state: 'OPERATION_UNKNOWN', message: 'Reconciliation: Operation is unknown' };
}
