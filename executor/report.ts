/** Decides which of the server's many state lines leave the host, and how: status update, message, or not at all. Pure. */
import isEqual from 'lodash/isEqual.js';
import {
  cannotReturnLabel,
  type GuestMetrics,
  type GuestReport,
  type ReplicaMetrics,
  type ReplicaReport,
} from './assignment.js';
import type { Findings } from './checks.js';
import type { ReplicaState } from './control.js';
import type { TaskAction, TaskState } from './task-types.js';

/** At most five report updates a second: each is acknowledged and kept by agent, master and framework. */
export const updateIntervalMs = 200;
/** Messages are kept by nobody; they only show how the indices move. */
export const messageIntervalMs = 2000;

/** What the framework or an operator acts upon: it goes as a status update, which Mesos delivers for certain. */
function essence(report: ReplicaReport | null): unknown {
  if (report === null) return null;
  const { appliedIndex, committedIndex, persistedIndex, journalTo, lagEntries, unexpected, metrics, ...kept } = report;
  const { peers, joining } = kept;
  return { ...kept, peers: peers.map(({ appliedIndex, ...peer }) => peer), joining: joining?.provider };
}

export class StatusReporter {
  /** The server's last state; null before the first. */
  state: ReplicaState | null = null;
  /** The process that said hello; null before. */
  pid: number | null = null;
  /** What the server has counted; goes with messages only. */
  metrics: ReplicaMetrics | null = null;
  guest: GuestReport | null = null;
  /** Goes where `metrics` go. */
  guestMetrics: GuestMetrics | null = null;
  /** What checks have found; goes with every update of a running task, because masters keep the last one only. */
  findings: Findings = {};
  /** Goes with the final update. */
  cannotReturn = false;
  private taskId = '';
  private taskState: TaskState = 'TASK_STARTING';
  /** What the last status update and the last update or message carried. */
  private updated: ReplicaReport | null = null;
  private sent: ReplicaReport | null = null;
  private updatedAtMs = 0;
  private sentAtMs = 0;

  /** A status update that carries the newest report, if there is one. */
  update(taskId: string, state: TaskState, message: string | null, final: boolean, nowMs: number): TaskAction {
    const report = this.report(null);
    this.taskId = taskId;
    this.taskState = state;
    this.updated = report;
    this.sent = report && { ...report, metrics: this.sent?.metrics ?? null };
    this.updatedAtMs = this.sentAtMs = nowMs;
    const findings = final ? this.lastFindings() : state === 'TASK_RUNNING' ? this.findings : {};
    return { type: 'update', taskId, state, message, report, findings, final };
  }

  private lastFindings(): Findings {
    return this.cannotReturn ? { labels: { labels: [{ key: cannotReturnLabel, value: 'true' }] } } : {};
  }

  /** What is to be told now, nothing or one action: the last state wins, those in between are skipped. */
  due(nowMs: number): TaskAction[] {
    const { metrics, guestMetrics } = this;
    const report = this.report(metrics && { ...metrics, ...(guestMetrics !== null && { guest: guestMetrics }) });
    if (nowMs - this.updatedAtMs >= updateIntervalMs && !isEqual(essence(report), essence(this.updated))) {
      return [this.update(this.taskId, this.taskState, null, false, nowMs)];
    }
    if (report === null || nowMs - this.sentAtMs < messageIntervalMs || isEqual(report, this.sent)) return [];
    this.sent = report;
    this.sentAtMs = nowMs;
    return [{ type: 'message', report }];
  }

  private report(metrics: ReplicaMetrics | null): ReplicaReport | null {
    const { state, pid } = this;
    if (state === null || (pid === null && state.joining === null)) return null;
    return { ...state, pid, metrics, ...(this.guest !== null && { guest: this.guest }) };
  }
}
