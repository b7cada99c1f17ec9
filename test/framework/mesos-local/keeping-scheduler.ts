import {
  type DeliveredSchedulerEvent,
  SchedulerClient,
  type SchedulerClientOptions,
} from '../../../framework/mesos-http-client/index.js';
import type { Offer, TaskStatus } from '../../../framework/mesos-http-client/types.js';
import { commandTask } from '../../conformance/scheduler.js';
import { until } from '../../conformance/wait.js';

/** A scheduler with our own client that keeps what it is told and acknowledges every update. */
export class KeepingScheduler {
  readonly offers: Offer[] = [];
  readonly statuses: TaskStatus[] = [];
  /** As which framework, and at the master of which port. */
  readonly subscriptions: { id: string; port: number }[] = [];
  readonly client: SchedulerClient;

  constructor(options: Omit<SchedulerClientOptions, 'onEvent'>) {
    this.client = new SchedulerClient({ ...options, onEvent: (event) => this.#take(event) });
    this.client.subscribe();
  }

  async #take(event: DeliveredSchedulerEvent): Promise<void> {
    if (event.type === 'SUBSCRIBED') {
      const { framework_id, master_info } = event.subscribed;
      this.subscriptions.push({ id: framework_id.value, port: master_info?.port ?? 0 });
    }
    if (event.type === 'OFFERS') this.offers.push(...event.offers.offers);
    if (event.type !== 'UPDATE') return;
    this.statuses.push(event.update.status);
    await this.client.acknowledge(event.update.status);
  }

  /** A task of the first offer that comes. */
  async launch(id: string, command: string): Promise<void> {
    await until('an offer', () => this.offers.length > 0);
    const [offer] = this.offers as [Offer];
    const launch = { task_infos: [commandTask(offer, id, command)] };
    await this.client.accept([offer.id.value], [{ type: 'LAUNCH', launch }]);
  }
}
