import type { OfferOperation, SchedulerCallBody } from './mesos-http-client/index.js';

/** Tasks that a call starts or ends; of other calls none. */
export function tasksOfCall(call: SchedulerCallBody): string[] {
  if (call.type === 'KILL') return [call.kill.task_id.value];
  return call.type === 'ACCEPT' ? call.accept.operations.flatMap(launchedBy) : [];
}

const launchedBy = (operation: OfferOperation): string[] =>
  operation.type === 'LAUNCH' ? operation.launch.task_infos.map(({ task_id }) => task_id.value) : [];
