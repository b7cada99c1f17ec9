import type { SchedulerCall, Subscribe } from '../../mesos-http-client/calls.js';
import { SCHEDULER_CALL } from '../call-schema.js';
import { isMesosUuid, NOT_A_UUID, parseCall, Refusal } from '../http-call.js';

/** Calls that are nothing without their body; REVIVE, SUPPRESS and TEARDOWN are complete alone. */
const BODY_REQUIRED: Readonly<Record<string, string>> = {
  SUBSCRIBE: 'subscribe',
  ACCEPT: 'accept',
  DECLINE: 'decline',
  ACCEPT_INVERSE_OFFERS: 'accept_inverse_offers',
  DECLINE_INVERSE_OFFERS: 'decline_inverse_offers',
  KILL: 'kill',
  SHUTDOWN: 'shutdown',
  ACKNOWLEDGE: 'acknowledge',
  ACKNOWLEDGE_OPERATION_STATUS: 'acknowledge_operation_status',
  RECONCILE: 'reconcile',
  RECONCILE_OPERATIONS: 'reconcile_operations',
  MESSAGE: 'message',
  REQUEST: 'request',
  UPDATE_FRAMEWORK: 'update_framework',
};

/** The stock allocator of Mesos does nothing with it either. */
export type IgnoredCall = { type: 'REQUEST'; framework_id: { value: string } };

function invalid(text: string): Refusal {
  return new Refusal(400, `Failed to validate scheduler::Call: ${text}`);
}

/**
 * Parses and validates (src/master/validation.cpp, in its order).
 * @param principal who is authenticated, if anybody
 * @throws Refusal
 */
export function parseSchedulerCall(body: string, principal: string | null): SchedulerCall | IgnoredCall {
  const call = parseCall(body, SCHEDULER_CALL);
  if (call.type === undefined) throw invalid("Expecting 'type' to be present");
  const type = call.type as string;
  const field = BODY_REQUIRED[type];
  const absent = field !== undefined && call[field] === undefined;
  if (type === 'SUBSCRIBE') {
    if (absent) throw invalid("Expecting 'subscribe' to be present");
    checkFrameworkIds(call);
    checkPrincipal((call.subscribe as Subscribe).framework_info.principal, principal, invalid);
    return call as unknown as SchedulerCall;
  }
  if (call.framework_id === undefined) throw invalid("Expecting 'framework_id' to be present");
  if (absent) throw invalid(`Expecting '${field}' to be present`);
  const acknowledged = (call.acknowledge ?? call.acknowledge_operation_status) as { uuid: string } | undefined;
  if (acknowledged && !isMesosUuid(acknowledged.uuid)) throw invalid(NOT_A_UUID);
  return call as unknown as SchedulerCall;
}

function checkFrameworkIds(call: Record<string, unknown>): void {
  const outer = (call.framework_id as { value: string } | undefined)?.value;
  const inner = (call.subscribe as Subscribe).framework_info.id?.value;
  if (outer !== inner) throw invalid("'framework_id' differs from 'subscribe.framework_info.id'");
}

/** An authenticated framework may leave its principal out, but not name another. */
export function checkPrincipal(
  named: string | undefined,
  authenticated: string | null,
  refuse: (text: string) => Refusal,
): void {
  if (authenticated === null || named === undefined || named === authenticated) return;
  throw refuse(
    `Authenticated principal '${authenticated}' does not match principal '${named}' set in \`FrameworkInfo\``,
  );
}
