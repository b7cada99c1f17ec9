import assert from 'node:assert/strict';
import type { SchedulerEvent } from '../../../framework/mesos-http-client/calls.js';
import { parseResources } from '../../../framework/mesos-http-client/resource-text.js';
import { Master, type MasterEvent } from '../../../framework/mesos-local/master/master.js';
import { operatorCall } from '../../../framework/mesos-local/master/operator-call.js';
import { PAGES } from '../../../framework/mesos-local/master/operator-pages.js';
import type { MasterAction, Registry } from '../../../framework/mesos-local/master/state.js';
import { masterSettings } from './settings.js';

const machine = (hostname: string) => ({ hostname, ip: '127.0.0.1' });
const unavailability = { start: { nanoseconds: 5e9 }, duration: { nanoseconds: 3e12 } };
const windowOf = (...hostnames: string[]) => ({ windows: [{ machine_ids: hostnames.map(machine), unavailability }] });

/** A master with two agents, h0 and h1, and a subscribed framework. */
class Cluster {
  master: Master;
  registry: Registry | null = null;
  events: SchedulerEvent[] = [];
  toAgents: string[] = [];
  nowMs = 0;

  constructor(registry: Registry | null = null) {
    this.master = new Master(masterSettings, registry, 0);
    const framework_info = { user: 'u', name: 'n', id: { value: 'f' }, roles: ['r'], checkpoint: true };
    const capabilities = [{ type: 'MULTI_ROLE' as const }, { type: 'PARTITION_AWARE' as const }];
    const subscribe = { framework_info: { ...framework_info, capabilities } };
    this.step({ type: 'subscribe', stream: { connection: 1, streamId: 's' }, subscribe });
    for (const i of [0, 1]) this.register(i);
  }

  register(i: number): void {
    const info = { hostname: `h${i}`, port: 1, resources: parseResources('cpus:4;mem:1024') };
    const message = {
      type: 'register' as const,
      ip: '127.0.0.1',
      agentId: `a${i}`,
      info,
      frameworks: [],
      tasks: [],
      executors: [],
    };
    this.step({ type: 'fromAgent', connection: 100 + i, message });
  }

  step(event: MasterEvent): void {
    for (const action of this.master.step(event, this.nowMs)) this.note(action);
  }

  private note(action: MasterAction): void {
    if (action.type === 'event') this.events.push(action.event);
    if (action.type === 'save') this.registry = action.registry;
    if (action.type === 'toAgent') this.toAgents.push(`${action.connection} ${action.message.type}`);
  }

  tick(ms: number): void {
    this.nowMs += ms;
    this.step({ type: 'tick' });
  }

  /** Carries out an operator's call; what it answers. */
  operate(call: object): object | null {
    const operation = operatorCall(this.master.state, JSON.stringify(call));
    if ('event' in operation) this.step(operation.event as MasterEvent);
    return 'answer' in operation ? (operation.answer as object) : null;
  }

  update = (schedule: object) =>
    this.operate({ type: 'UPDATE_MAINTENANCE_SCHEDULE', update_maintenance_schedule: { schedule } });

  answer(status: 'ACCEPT' | 'DECLINE', id: string, refuse_seconds?: number): void {
    const body = {
      inverse_offer_ids: [{ value: id }],
      ...(refuse_seconds !== undefined && { filters: { refuse_seconds } }),
    };
    const framework_id = { value: 'f' };
    this.step({
      type: 'call',
      call:
        status === 'ACCEPT'
          ? { type: 'ACCEPT_INVERSE_OFFERS', framework_id, accept_inverse_offers: body }
          : { type: 'DECLINE_INVERSE_OFFERS', framework_id, decline_inverse_offers: body },
    });
  }

  /** What the framework has been sent since the last look. */
  look(): SchedulerEvent[] {
    return this.events.splice(0);
  }

  inverse() {
    return this.look().flatMap((event) => (event.type === 'INVERSE_OFFERS' ? event.inverse_offers.inverse_offers : []));
  }
}

const offersIn = (events: SchedulerEvent[]) =>
  events.flatMap((event) => (event.type === 'OFFERS' ? event.offers.offers : []));

describe('mesos-local: maintenance', () => {
  it('rescinds what is offered of a scheduled machine, offers it with its window, and asks it back', () => {
    const cluster = new Cluster();
    assert.equal(
      offersIn(cluster.look()).every((offer) => offer.unavailability === undefined),
      true,
    );
    cluster.update(windowOf('H0'));
    const events = cluster.look();
    assert.deepEqual(
      events.map(({ type }) => type),
      ['RESCIND', 'OFFERS', 'INVERSE_OFFERS'],
    );
    assert.deepEqual(
      offersIn(events).map((offer) => [offer.hostname, offer.unavailability]),
      [['h0', unavailability]],
    );
    const inverse = events.flatMap((event) =>
      event.type === 'INVERSE_OFFERS' ? event.inverse_offers.inverse_offers : [],
    );
    assert.deepEqual(
      inverse.map((offer) => [
        offer.agent_id?.value,
        offer.framework_id.value,
        offer.unavailability,
        offer.url?.address.port,
      ]),
      [['a0', 'f', unavailability, 1]],
    );
    const status = { draining_machines: [{ id: machine('H0') }] };
    assert.deepEqual(cluster.operate({ type: 'GET_MAINTENANCE_STATUS' }), {
      type: 'GET_MAINTENANCE_STATUS',
      get_maintenance_status: { status },
    });
  });

  it('asks again when an answer’s filter has ended, and only those that have something there', () => {
    const cluster = new Cluster();
    cluster.update(windowOf('h0'));
    const [first] = cluster.inverse();
    assert.ok(first);
    cluster.tick(60_000);
    assert.deepEqual(cluster.inverse(), [], 'not while it is not answered');
    cluster.answer('DECLINE', first.id.value, 30);
    cluster.tick(29_000);
    assert.deepEqual(cluster.inverse(), []);
    cluster.tick(2000);
    const [second] = cluster.inverse();
    assert.ok(second && second.id.value !== first.id.value);
    cluster.answer('ACCEPT', second.id.value, 0);
    const { status } = (
      cluster.operate({ type: 'GET_MAINTENANCE_STATUS' }) as { get_maintenance_status: { status: unknown } }
    ).get_maintenance_status;
    const answered = { status: 'ACCEPT', framework_id: { value: 'f' }, timestamp: { nanoseconds: 91_000e6 } };
    assert.deepEqual(status, { draining_machines: [{ id: machine('h0'), statuses: [answered] }] });
    const held = [...cluster.master.state.offers.values()].map(({ id }) => ({ value: id }));
    const decline = { offer_ids: held, filters: { refuse_seconds: 1000 } };
    cluster.step({ type: 'call', call: { type: 'DECLINE', framework_id: { value: 'f' }, decline } });
    cluster.tick(10_000);
    assert.deepEqual(cluster.inverse(), []);
  });

  it('rescinds an inverse offer when the schedule changes, and forgets the answers', () => {
    const cluster = new Cluster();
    cluster.update(windowOf('h0', 'h1'));
    const asked = cluster.inverse();
    assert.equal(asked.length, 2);
    cluster.answer('DECLINE', asked.find(({ agent_id }) => agent_id?.value === 'a1')?.id.value as string, 1000);
    cluster.update(windowOf('h1'));
    const events = cluster.look();
    const rescinded = events.flatMap((event) =>
      event.type === 'RESCIND_INVERSE_OFFER' ? [event.rescind_inverse_offer.inverse_offer_id.value] : [],
    );
    assert.deepEqual(rescinded, [asked.find(({ agent_id }) => agent_id?.value === 'a0')?.id.value]);
    const again = events.flatMap((event) =>
      event.type === 'INVERSE_OFFERS' ? event.inverse_offers.inverse_offers : [],
    );
    assert.deepEqual(
      again.map(({ agent_id }) => agent_id?.value),
      ['a1'],
    );
    assert.deepEqual(offersIn(events).find(({ hostname }) => hostname === 'h0')?.unavailability, undefined);
  });

  it('takes machines down and up again, over a restart of the master', () => {
    const cluster = new Cluster();
    cluster.update(windowOf('h0', 'h1'));
    cluster.look();
    cluster.operate({ type: 'START_MAINTENANCE', start_maintenance: { machines: [machine('h0')] } });
    const types = cluster.look().map(({ type }) => type);
    assert.deepEqual(types.sort(), ['FAILURE', 'RESCIND', 'RESCIND_INVERSE_OFFER']);
    assert.ok(cluster.toAgents.includes('100 shutdown'));
    const restarted = new Cluster(cluster.registry);
    assert.deepEqual([...restarted.master.state.agents.keys()], ['a1'], 'its agent is not let in');
    assert.throws(
      () => restarted.update(windowOf('h1')),
      /'{"hostname":"h0","ip":"127.0.0.1"}' is deactivated and cannot be removed/,
    );
    restarted.operate({ type: 'STOP_MAINTENANCE', stop_maintenance: { machines: [machine('h0')] } });
    restarted.register(0);
    assert.deepEqual([...restarted.master.state.agents.keys()].sort(), ['a0', 'a1']);
    assert.deepEqual(restarted.operate({ type: 'GET_MAINTENANCE_SCHEDULE' }), {
      type: 'GET_MAINTENANCE_SCHEDULE',
      get_maintenance_schedule: { schedule: windowOf('h1') },
    });
  });

  it('refuses what Mesos refuses, in its words', () => {
    const cluster = new Cluster();
    const schedules: [object, RegExp][] = [
      [
        { windows: [{ machine_ids: [], unavailability }] },
        /^Refusal: List of machines in the maintenance window is empty$/,
      ],
      [{ windows: [{ machine_ids: [{}], unavailability }] }, /Both 'hostname' and 'ip' for a machine are empty/],
      [windowOf('h0', 'H0'), /Machine '{"hostname":"H0","ip":"127.0.0.1"}' appears more than once in the schedule/],
      [
        {
          windows: [
            { machine_ids: [machine('h0')], unavailability: { ...unavailability, duration: { nanoseconds: -1 } } },
          ],
        },
        /'duration' is negative/,
      ],
    ];
    for (const [schedule, words] of schedules) assert.throws(() => cluster.update(schedule), words);
    const down = (machines: object[]) =>
      cluster.operate({ type: 'START_MAINTENANCE', start_maintenance: { machines } });
    assert.throws(() => down([]), /List of machines is empty/);
    assert.throws(() => down([machine('h0')]), /is not part of a maintenance schedule/);
    cluster.update(windowOf('h0'));
    const up = { type: 'STOP_MAINTENANCE', stop_maintenance: { machines: [machine('h0')] } };
    assert.throws(() => cluster.operate(up), /is not in DOWN mode and cannot be brought up/);
    assert.throws(() => cluster.operate({ type: 'START_MAINTENANCE' }), /Expecting 'start_maintenance' to be present/);
  });

  it('has the older pages, too', () => {
    const { master } = new Cluster();
    const post = (path: string, body: object) => PAGES[path]?.POST?.(master.state, JSON.stringify(body));
    assert.deepEqual(PAGES['/maintenance/schedule']?.GET?.(master.state, ''), { answer: {} });
    assert.deepEqual(post('/maintenance/schedule', windowOf('h0')), {
      event: { type: 'updateSchedule', schedule: windowOf('h0') },
    });
    assert.throws(() => post('/machine/down', [machine('h0')]), /is not part of a maintenance schedule/);
  });
});
