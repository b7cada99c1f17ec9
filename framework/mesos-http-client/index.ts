/** Public face of the library: Mesos' v1 scheduler, executor and operator APIs, RecordIO, and resource arithmetic. */

export type { Credentials } from './api-url.js';
export { encodeBytes, newUuid } from './bytes.js';
export type { Clock } from './clock.js';
export { schedulerEventProblem } from './event-shape.js';
export * from './executor-client.js';
export * from './executor-environment.js';
export { MesosError, type MesosErrorCode } from './mesos-error.js';
export * from './operations.js';
export * from './operator-client.js';
export * from './plain-resources.js';
export * as ranges from './ranges.js';
export * from './recordio.js';
export * from './resource-text.js';
export * from './resources.js';
export * from './scheduler-client.js';
export { parseShallowJson } from './shallow-json.js';
export * as shapes from './shape.js';
export type { ConnectionState, SubscriptionOptions } from './subscription.js';
export { isTerminal, stagedStates } from './task-status.js';
export type { TlsOptions, TlsSource } from './tls.js';
export type * from './types.js';
