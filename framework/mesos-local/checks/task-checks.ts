import lodash from 'lodash';
import type { StatusChange } from '../../mesos-http-client/index.js';
import type { CheckStatusInfo, HealthCheck, TaskInfo } from '../../mesos-http-client/types.js';
import type { ProbeOutcome } from '../../probes/types.js';
import { checkStatusOf } from '../../probes/verdict.js';
import { type CheckPlan, planOfCheck, planOfHealthCheck } from './plan.js';
import { tryProbe } from './probe.js';
import { emptyStatus, type HealthState, judge, NEW_HEALTH, succeeded } from './verdict.js';

const INTERVAL_MIN_MS = 10;

export interface CheckListener {
  /** An update of the running task. */
  update(change: StatusChange): void;
  /** The health check has failed too often. */
  unhealthy(): void;
}

/** The check and the health check of one task, from its start until `stop`. */
export class TaskChecks {
  readonly #listener: CheckListener;
  readonly #env: NodeJS.ProcessEnv;
  readonly #startedAtMs = Date.now();
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopped = false;
  #paused = false;
  #health: HealthState = NEW_HEALTH;
  #status: CheckStatusInfo | null = null;
  #healthy: boolean | null = null;

  /** @param env of the task */
  constructor(task: TaskInfo, env: NodeJS.ProcessEnv, listener: CheckListener) {
    this.#listener = listener;
    this.#env = env;
    const { check, health_check } = task;
    if (check) {
      this.#status = emptyStatus(check.type);
      this.#repeat(planOfCheck(check), (result) => this.#checked(result));
    }
    if (health_check) this.#repeat(planOfHealthCheck(health_check), (result) => this.#judged(result, health_check));
  }

  /** While the agent is away nothing is tried, so that updates do not pile up. */
  pause(paused: boolean): void {
    this.#paused = paused;
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #repeat(plan: CheckPlan, take: (result: ProbeOutcome) => void): void {
    const after = (ms: number) => {
      const timer = setTimeout(async () => {
        this.#timers.delete(timer);
        if (!this.#paused) await this.#try(plan, take);
        if (!this.#stopped) after(Math.max(INTERVAL_MIN_MS, plan.intervalMs));
      }, ms);
      this.#timers.add(timer);
    };
    after(plan.delayMs);
  }

  async #try(plan: CheckPlan, take: (result: ProbeOutcome) => void): Promise<void> {
    const result = await tryProbe(plan.probe, plan.timeoutMs, this.#env);
    if (!this.#stopped) take(result);
  }

  #checked(result: ProbeOutcome): void {
    const status = checkStatusOf(result);
    if (lodash.isEqual(status, this.#status)) return;
    this.#status = status;
    this.#tell('REASON_TASK_CHECK_STATUS_UPDATED');
  }

  #judged(result: ProbeOutcome, check: HealthCheck): void {
    const { state, healthy, kill } = judge(
      this.#health,
      succeeded(result, check),
      check,
      Date.now() - this.#startedAtMs,
    );
    this.#health = state;
    if (healthy === null) return;
    this.#healthy = healthy;
    this.#tell('REASON_TASK_HEALTH_CHECK_STATUS_UPDATED');
    if (kill) this.#listener.unhealthy();
  }

  #tell(reason: StatusChange['reason']): void {
    this.#listener.update({
      state: 'TASK_RUNNING',
      ...(reason && { reason }),
      ...(this.#healthy !== null && { healthy: this.#healthy }),
      ...(this.#status && { check_status: this.#status }),
    });
  }
}
