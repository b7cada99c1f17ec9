import type { PreemptionPlan } from '../placement/preemption.js';
import type { Plan } from '../placement/types.js';
import type { AppSpec } from './app.js';
import type { EventLog } from './events/log.js';
import type { Picture } from './picture/rows.js';
import type { PlanJob, PlanOf } from './planning.js';
import type { SeriesPoint } from './series.js';
import {
  type AgentView,
  type ClusterView,
  type Command,
  type CommandResult,
  type FrameworkService,
  type FrameworkView,
  NotLeading,
  type OfferView,
  type SandboxView,
  type Vitals,
} from './service.js';

/** The service of a process that leads at times: whoever sits here answers; while nobody does, all reject with `NotLeading`. */
export class Seat implements FrameworkService {
  #holder: FrameworkService | null = null;

  take(holder: FrameworkService): void {
    this.#holder = holder;
  }

  leave(): void {
    this.#holder = null;
  }

  get events(): EventLog {
    return this.#sitting.events;
  }

  view(): FrameworkView {
    return this.#sitting.view();
  }

  picture(): Picture {
    return this.#sitting.picture();
  }

  vitals(): Vitals {
    return this.#sitting.vitals();
  }

  agents(): AgentView[] {
    return this.#sitting.agents();
  }

  lastOffers(agentIds: Iterable<string>): OfferView[] {
    return this.#sitting.lastOffers(agentIds);
  }

  series(appId: string): readonly SeriesPoint[] {
    return this.#sitting.series(appId);
  }

  sandbox(appId: string, taskId: string): SandboxView | null {
    return this.#sitting.sandbox(appId, taskId);
  }

  async command(command: Command): Promise<CommandResult> {
    return this.#sitting.command(command);
  }

  plan(spec: AppSpec): Plan {
    return this.#sitting.plan(spec);
  }

  async preemption(spec: AppSpec): Promise<PreemptionPlan | null> {
    return this.#sitting.preemption(spec);
  }

  async compute<Job extends PlanJob>(job: Job): Promise<PlanOf<Job>> {
    return this.#sitting.compute(job);
  }

  cluster(): ClusterView {
    return this.#sitting.cluster();
  }

  get #sitting(): FrameworkService {
    if (this.#holder === null) throw new NotLeading();
    return this.#holder;
  }
}
