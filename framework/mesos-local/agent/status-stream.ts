import { isTerminal } from '../../mesos-http-client/task-status.js';
import type { TaskState, TaskStatus } from '../../mesos-http-client/types.js';

/**
 * The updates of one task on their way to its framework: in order, one at a time, each repeated until it is
 * acknowledged (src/status_update_manager). The first repetition comes after the base delay, then it doubles.
 */
export interface StatusStream {
  /** Oldest first; the first one is on its way. */
  pending: TaskStatus[];
  /** Uuids of everything ever taken, to tell repetitions by the executor. */
  seen: string[];
  latestState: TaskState;
  retryDelayMs: number;
  retryAtMs: number;
}

export interface RetryTimes {
  retryBaseMs: number;
  retryMaxMs: number;
}

export const PENDING_UPDATES_MAX = 1000;
const SEEN_UUIDS_MAX = 4 * PENDING_UPDATES_MAX;

export function newStream(): StatusStream {
  return { pending: [], seen: [], latestState: 'TASK_STAGING', retryDelayMs: 0, retryAtMs: 0 };
}

/**
 * Takes an update. It is to be forwarded now exactly if it is alone.
 * @returns `ignored` if it is a repetition or comes after the end of the task; `full` if too many wait already
 */
export function push(
  stream: StatusStream,
  status: TaskStatus,
  nowMs: number,
  { retryBaseMs }: RetryTimes,
): 'forward' | 'queued' | 'ignored' | 'full' {
  const uuid = status.uuid as string;
  if (stream.seen.includes(uuid) || isTerminal(stream.latestState)) return 'ignored';
  // The end of a task is always taken: without it the task would stay for ever.
  if (stream.pending.length >= PENDING_UPDATES_MAX && !isTerminal(status.state)) return 'full';
  stream.seen = [...stream.seen, uuid].slice(-SEEN_UUIDS_MAX);
  stream.latestState = status.state;
  stream.pending.push(status);
  if (stream.pending.length > 1) return 'queued';
  arm(stream, nowMs, retryBaseMs);
  return 'forward';
}

function arm(stream: StatusStream, nowMs: number, delayMs: number): void {
  stream.retryDelayMs = delayMs;
  stream.retryAtMs = nowMs + delayMs;
}

/**
 * The framework has the update that is on its way.
 * @returns what to forward next; null if nothing waits; `ignored` for any other uuid
 */
export function acknowledge(
  stream: StatusStream,
  uuid: string,
  nowMs: number,
  { retryBaseMs }: RetryTimes,
): TaskStatus | null | 'ignored' {
  if (stream.pending[0]?.uuid !== uuid) return 'ignored';
  stream.pending.shift();
  arm(stream, nowMs, retryBaseMs);
  return stream.pending[0] ?? null;
}

/** The update to repeat now, if its time has come; the next one comes twice as late. */
export function due(stream: StatusStream, nowMs: number, { retryMaxMs }: RetryTimes): TaskStatus | null {
  const [head] = stream.pending;
  if (!head || stream.retryAtMs > nowMs) return null;
  arm(stream, nowMs, Math.min(stream.retryDelayMs * 2, retryMaxMs));
  return head;
}

/** After a new registration at a master: what it has to be told first, whatever was sent before. */
export function restart(stream: StatusStream, nowMs: number, { retryBaseMs }: RetryTimes): TaskStatus | null {
  arm(stream, nowMs, retryBaseMs);
  return stream.pending[0] ?? null;
}

/** Over, and known to be over. */
export function isFinished(stream: StatusStream): boolean {
  return stream.pending.length === 0 && isTerminal(stream.latestState);
}
