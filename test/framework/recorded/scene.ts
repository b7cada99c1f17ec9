import assert from 'node:assert/strict';
import type { Offer, TaskStatus } from '../../../framework/mesos-http-client/types.js';
import { World } from './world.js';

/** Two agents, a framework with a task that runs, and offers of the rest. */
export class Scene {
  readonly world = new World(1_795_343_680_000, {});
  readonly frameworkId: string;

  constructor() {
    for (const [index, rack] of ['r2', 'r1'].entries()) {
      const domain = { fault_domain: { region: { name: 'reg1' }, zone: { name: rack } } };
      const attributes = [{ name: 'rack', type: 'TEXT' as const, text: { value: rack } }];
      const id = `${this.world.master.state.settings.masterId}-S${index}`;
      this.world.addAgent(id, { port: 5052 - index, domain, attributes });
    }
    const framework_info = {
      user: 'root',
      name: '14-http-state',
      failover_timeout: 60,
      checkpoint: true,
      roles: ['trace'],
      hostname: '127.0.0.1',
      capabilities: [{ type: 'MULTI_ROLE' }, { type: 'PARTITION_AWARE' }, { type: 'RESERVATION_REFINEMENT' }],
    };
    this.world.subscribe('framework', { type: 'SUBSCRIBE', subscribe: { framework_info } });
    this.frameworkId = [...this.world.master.state.frameworks.keys()][0] ?? '';
  }

  call(type: string, body: object = {}): void {
    const call = { framework_id: { value: this.frameworkId }, type, [type.toLowerCase()]: body };
    assert.equal(this.world.call(call, this.world.streams.get('framework')?.streamId).status, 202);
  }

  launch(): void {
    const events = this.world.streams.get('framework')?.events.map(({ event }) => event) ?? [];
    const offers = events.flatMap((event) => (event.type === 'OFFERS' ? event.offers.offers : []));
    const offer = offers[0] as Offer;
    const amounts = [
      ['cpus', 0.1],
      ['mem', 32],
    ].map(([name, value]) => ({ name, type: 'SCALAR', scalar: { value } }));
    const task = {
      name: 't-st',
      task_id: { value: 't-st' },
      agent_id: offer.agent_id,
      command: { value: 'x' },
      resources: amounts,
    };
    const operations = [{ type: 'LAUNCH', launch: { task_infos: [task] } }];
    this.call('ACCEPT', { offer_ids: [offer.id], operations, filters: { refuse_seconds: 3600 } });
    this.update('TASK_STARTING', 'AAAAAAAAQACAAAAAAAAAAA==');
    this.update('TASK_RUNNING', 'AAAAAAAAQACBAAAAAAAAAA==');
  }

  update(state: TaskStatus['state'], uuid: string, message?: string): void {
    const record = this.world.master.state.frameworks.get(this.frameworkId)?.tasks.get('t-st');
    const status: TaskStatus = { task_id: { value: 't-st' }, state, source: 'SOURCE_EXECUTOR', timestamp: 1.5, uuid };
    const agent = this.world.agents.get(record?.agentId ?? '');
    agent?.update(this.frameworkId, 't-st', { ...status, ...(message !== undefined && { message }) });
    this.call('ACKNOWLEDGE', { agent_id: { value: record?.agentId }, task_id: { value: 't-st' }, uuid });
  }

  types(): string[] {
    return this.world.operatorEvents.map(({ type }) => type);
  }
}
