/** The API's view of a world: what users send goes through the real scheduler. */
import { EventLog } from '../../../framework/events/log.js';
import type { Picture } from '../../../framework/picture/rows.js';
import type { PlanJob, PlanOf } from '../../../framework/planning.js';
import { Pulse } from '../../../framework/pulse.js';
import type { SeriesPoint } from '../../../framework/series.js';
import type {
  AgentView,
  ClusterView,
  Command,
  CommandResult,
  FrameworkService,
  FrameworkView,
  OfferView,
  SandboxView,
  Vitals,
} from '../../../framework/service.js';
import type { Plan } from '../../../placement/types.js';
import type { World } from './world.js';

export class WorldService implements FrameworkService {
  readonly events = new EventLog('world');

  constructor(readonly world: World) {}

  view(): FrameworkView {
    return this.world.view();
  }

  picture(): Picture {
    return this.world.scheduler.picture(this.world.now);
  }

  vitals(): Vitals {
    return new Pulse().vitals(null, 0);
  }

  agents(): AgentView[] {
    return this.world.scheduler.agents(this.world.now);
  }

  lastOffers(agentIds: Iterable<string>): OfferView[] {
    return this.world.scheduler.lastOffers(agentIds);
  }

  series(appId: string): readonly SeriesPoint[] {
    return this.world.scheduler.series(appId);
  }

  sandbox(appId: string, taskId: string): SandboxView | null {
    return this.world.scheduler.sandbox(appId, taskId);
  }

  async command(command: Command): Promise<CommandResult> {
    const result = this.world.command(command);
    if (!result) throw new Error(`no answer to ${command.type}`);
    return result;
  }

  plan(): Plan {
    return { assigned: [], unplaced: [], considered: [] };
  }

  async preemption(): Promise<null> {
    return null;
  }

  async compute<Job extends PlanJob>(): Promise<PlanOf<Job>> {
    throw new Error('no plans are made here');
  }

  cluster(): ClusterView {
    return this.world.scheduler.cluster(this.world.now);
  }
}
