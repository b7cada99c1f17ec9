/** When the program is probed, and what is told of what is found. Pure. */
import isEqual from 'lodash/isEqual.js';
import type { TaskStatus } from '../framework/mesos-http-client/index.js';
import type { ProbeOutcome } from '../framework/probes/types.js';
import { checkStatusOf, failureOf } from '../framework/probes/verdict.js';
import type { Assignment, CheckAssignment, HealthAssignment } from './assignment.js';
import type { TaskAction } from './task-types.js';

export type CheckKind = 'health' | 'check';

/** What updates carry of it; `labels` count failures in a row. */
export type Findings = Pick<TaskStatus, 'healthy' | 'labels' | 'check_status'>;

interface News {
  findings: Findings;
  message: string | null;
}

export class Checks {
  private readonly nextMs = new Map<CheckKind, number>();
  private readonly health: HealthAssignment | null;
  private readonly check: CheckAssignment | null;
  private findings: Findings = {};
  private succeeded = false;
  private failures = 0;

  /** `startedMs`: now, when the program runs. */
  constructor(
    { health, check }: Pick<Assignment, 'health' | 'check'>,
    private readonly startedMs: number,
  ) {
    this.health = health;
    this.check = check;
    if (health !== null) this.nextMs.set('health', startedMs + health.delayMs);
    if (check !== null) this.nextMs.set('check', startedMs + check.delayMs);
  }

  /** Probes that are to be made now; each is due again an interval after its answer. */
  due(nowMs: number): TaskAction[] {
    return [...this.nextMs].flatMap(([kind, dueMs]) => {
      const check = this[kind];
      if (nowMs < dueMs || check === null) return [];
      this.nextMs.delete(kind);
      return [{ type: 'check' as const, kind, check }];
    });
  }

  /** What is to be told of an answer; null: nothing. */
  found(kind: CheckKind, outcome: ProbeOutcome, nowMs: number): News | null {
    this.nextMs.set(kind, nowMs + (this[kind]?.intervalMs ?? 0));
    return kind === 'health' ? this.judge(outcome, nowMs) : this.note(outcome);
  }

  private judge(outcome: ProbeOutcome, nowMs: number): News | null {
    const cause = failureOf(outcome);
    if (cause === null) return this.succeed();
    const { gracePeriodMs = 0, failuresToldMax = 0 } = this.health ?? {};
    if (!this.succeeded && nowMs - this.startedMs < gracePeriodMs) return null;
    this.failures += 1;
    if (this.failures > failuresToldMax) return null;
    const labels = { labels: [{ key: 'consecutiveFailures', value: String(this.failures) }] };
    return this.tell({ healthy: false, labels }, cause);
  }

  private succeed(): News | null {
    const isNews = !this.succeeded || this.failures > 0;
    this.succeeded = true;
    this.failures = 0;
    if (!isNews) return null;
    const { labels, ...others } = this.findings;
    this.findings = others;
    return this.tell({ healthy: true }, null);
  }

  private note(outcome: ProbeOutcome): News | null {
    const check_status = checkStatusOf(outcome);
    if (isEqual(check_status, this.findings.check_status)) return null;
    return this.tell({ check_status }, null);
  }

  private tell(change: Findings, message: string | null): News {
    this.findings = { ...this.findings, ...change };
    return { findings: this.findings, message };
  }
}
