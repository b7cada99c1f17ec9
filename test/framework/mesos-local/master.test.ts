import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseResources } from '../../../framework/mesos-http-client/resource-text.js';
import { add, contains } from '../../../framework/mesos-http-client/resources.js';
import type { FrameworkInfo, TaskState } from '../../../framework/mesos-http-client/types.js';
import { Master, type MasterEvent } from '../../../framework/mesos-local/master/master.js';
import { offersOfAgent, usedOnAgent } from '../../../framework/mesos-local/master/offers.js';
import type { MasterAction, Registry } from '../../../framework/mesos-local/master/state.js';
import { masterSettings } from './settings.js';

const AGENTS = [0, 1, 2];
const FRAMEWORKS = [0, 1];
const agentConnection = (agent: number, life: number) => 1000 + agent + 10 * life;

const happening = fc.oneof(
  fc.record({ type: fc.constant('subscribe' as const), framework: fc.constantFrom(...FRAMEWORKS) }),
  fc.record({ type: fc.constant('disconnect' as const), framework: fc.constantFrom(...FRAMEWORKS) }),
  fc.record({ type: fc.constant('agent' as const), agent: fc.constantFrom(...AGENTS) }),
  fc.record({ type: fc.constant('agentGone' as const), agent: fc.constantFrom(...AGENTS) }),
  fc.record({
    type: fc.constant('accept' as const),
    framework: fc.constantFrom(...FRAMEWORKS),
    tenths: fc.integer({ min: 1, max: 60 }),
    second: fc.boolean(),
  }),
  fc.record({
    type: fc.constant('decline' as const),
    framework: fc.constantFrom(...FRAMEWORKS),
    seconds: fc.constantFrom(0, 2, 100),
  }),
  fc.record({ type: fc.constant('end' as const), framework: fc.constantFrom(...FRAMEWORKS) }),
  fc.record({ type: fc.constant('tick' as const), ms: fc.integer({ min: 100, max: 40_000 }) }),
);

/** Drives a master with what schedulers and agents may do, and remembers what they may remember. */
class World {
  readonly master = new Master(masterSettings, null, 0);
  readonly offered = new Set<string>();
  nowMs = 0;
  #connection = 1;
  #task = 0;
  readonly #streams = new Map<number, number>();
  readonly #lives = new Map<number, number>();

  step(event: MasterEvent): MasterAction[] {
    const actions = this.master.step(event, this.nowMs);
    for (const action of actions) {
      if (action.type !== 'event' || action.event.type !== 'OFFERS') continue;
      for (const offer of action.event.offers.offers) {
        assert.ok(!this.offered.has(offer.id.value), 'an offer id is used once');
        this.offered.add(offer.id.value);
      }
    }
    return actions;
  }

  subscribe(framework: number): void {
    const connection = this.#connection++;
    const id = { value: `f${framework}` };
    const capabilities = ['MULTI_ROLE', 'PARTITION_AWARE'].map((type) => ({ type })) as NonNullable<
      FrameworkInfo['capabilities']
    >;
    const framework_info: FrameworkInfo = {
      user: 'u',
      name: 'n',
      id,
      roles: [`r${framework}`],
      checkpoint: true,
      failover_timeout: 1e9,
      capabilities,
    };
    this.step({ type: 'subscribe', stream: { connection, streamId: `s${connection}` }, subscribe: { framework_info } });
    this.#streams.set(framework, connection);
  }

  disconnect(framework: number): void {
    const connection = this.#streams.get(framework);
    if (connection !== undefined) this.step({ type: 'streamClosed', connection });
  }

  agent(agent: number): void {
    const life = (this.#lives.get(agent) ?? 0) + 1;
    this.#lives.set(agent, life);
    const tasks = [...this.master.state.frameworks.values()].flatMap((framework) =>
      [...framework.tasks.values(), ...framework.unreachableTasks.values()]
        .filter((task) => task.agentId === `a${agent}`)
        .map(({ id, name, frameworkId, resources, latestState }) => ({
          frameworkId,
          info: { name, task_id: { value: id }, agent_id: { value: `a${agent}` }, resources },
          latestState,
        })),
    );
    const info = { hostname: `h${agent}`, port: 1, resources: parseResources('cpus:4;mem:1024;ports:[1-100]') };
    const message = {
      type: 'register' as const,
      ip: '127.0.0.1',
      agentId: `a${agent}`,
      info,
      frameworks: [],
      tasks,
      executors: [],
    };
    this.step({ type: 'fromAgent', connection: agentConnection(agent, life), message });
  }

  agentGone(agent: number): void {
    this.step({ type: 'agentClosed', connection: agentConnection(agent, this.#lives.get(agent) ?? 0) });
  }

  #heldOffers(framework: number) {
    return [...this.master.state.offers.values()].filter((offer) => offer.frameworkId === `f${framework}`);
  }

  accept(framework: number, tenths: number, second: boolean): void {
    const [offer, other] = this.#heldOffers(framework);
    if (!offer) return;
    const task = {
      name: 't',
      task_id: { value: `t${this.#task++}` },
      agent_id: { value: offer.agentId },
      command: { value: 'true' },
      resources: parseResources(`cpus:${tenths / 10};ports:[${(tenths % 50) + 1}-${(tenths % 50) + 2}]`),
    };
    const offer_ids = [offer, ...(second && other ? [other] : [])].map(({ id }) => ({ value: id }));
    const operations = [{ type: 'LAUNCH' as const, launch: { task_infos: [task] } }];
    this.step({
      type: 'call',
      call: { type: 'ACCEPT', framework_id: { value: `f${framework}` }, accept: { offer_ids, operations } },
    });
  }

  decline(framework: number, seconds: number): void {
    const offer_ids = this.#heldOffers(framework).map(({ id }) => ({ value: id }));
    const filters = { refuse_seconds: seconds };
    this.step({
      type: 'call',
      call: { type: 'DECLINE', framework_id: { value: `f${framework}` }, decline: { offer_ids, filters } },
    });
  }

  end(framework: number): void {
    const [task] = this.master.state.frameworks.get(`f${framework}`)?.tasks.values() ?? [];
    const agent = task && this.master.state.agents.get(task.agentId);
    if (!task || !agent || agent.connection === null) return;
    const state: TaskState = 'TASK_FINISHED';
    const status = { task_id: { value: task.id }, state, agent_id: { value: agent.id }, uuid: 'u' };
    const update = { type: 'status' as const, frameworkId: task.frameworkId, status, latestState: state };
    this.step({ type: 'fromAgent', connection: agent.connection, message: update });
  }

  check(): void {
    const { state } = this.master;
    for (const agent of state.agents.values()) {
      const held = [...usedOnAgent(state, agent), ...offersOfAgent(state, agent.id)];
      assert.ok(
        contains(agent.info.resources ?? [], add(...held.map(({ resources }) => resources))),
        `${agent.id} is overcommitted`,
      );
      if (agent.connection === null)
        assert.equal(offersOfAgent(state, agent.id).length, 0, 'no offers of a lost agent');
    }
    for (const offer of state.offers.values()) {
      assert.ok(state.frameworks.get(offer.frameworkId)?.stream, 'no offers of a disconnected framework');
      assert.ok(state.agents.has(offer.agentId));
    }
  }
}

describe('mesos-local: master', () => {
  it('never hands out more than agents have, whatever schedulers and agents do', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 80 }), (happenings) => {
        const world = new World();
        for (const event of happenings) {
          if (event.type === 'subscribe') world.subscribe(event.framework);
          else if (event.type === 'disconnect') world.disconnect(event.framework);
          else if (event.type === 'agent') world.agent(event.agent);
          else if (event.type === 'agentGone') world.agentGone(event.agent);
          else if (event.type === 'accept') world.accept(event.framework, event.tenths, event.second);
          else if (event.type === 'decline') world.decline(event.framework, event.seconds);
          else if (event.type === 'end') world.end(event.framework);
          else {
            world.nowMs += event.ms;
            world.step({ type: 'tick' });
          }
          world.check();
        }
      }),
      { numRuns: 200 },
    );
  });

  it('is deterministic: the same events give the same actions', () => {
    const run = () => {
      const world = new World();
      for (const agent of AGENTS) world.agent(agent);
      world.subscribe(0);
      world.decline(0, 0);
      world.nowMs += 1000;
      return world.step({ type: 'tick' });
    };
    assert.deepEqual(run(), run());
  });

  /** To a framework that subscribes when three agents are there, each on a machine of its own. */
  const firstOffers = (seed: number) => {
    const master = new Master({ ...masterSettings, seed }, null, 0);
    for (const agent of AGENTS) {
      const info = { hostname: `h${agent}`, port: 1, resources: parseResources('cpus:1') };
      const told = { agentId: null, ip: `10.0.0.${agent}`, info, frameworks: [], tasks: [], executors: [] };
      master.step({ type: 'fromAgent', connection: agent, message: { type: 'register', ...told } }, 0);
    }
    const stream = { connection: 99, streamId: 's' };
    const actions = master.step(
      { type: 'subscribe', stream, subscribe: { framework_info: { user: 'u', name: 'n' } } },
      0,
    );
    return actions.flatMap((action) =>
      action.type === 'event' && action.event.type === 'OFFERS' ? action.event.offers.offers : [],
    );
  };

  it('offers agents with the addresses of their machines', () => {
    const addresses = firstOffers(1).map(({ hostname, url }) => `${hostname} ${url?.address.ip}`);
    assert.deepEqual(addresses.sort(), AGENTS.map((agent) => `h${agent} 10.0.0.${agent}`).sort());
  });

  it('offers agents in an order that depends on the seed', () => {
    const order = (seed: number) =>
      firstOffers(seed)
        .map((offer) => offer.hostname)
        .join();
    assert.equal(order(1), order(1));
    assert.ok(new Set([1, 2, 3, 4, 5, 6, 7, 8].map(order)).size > 1);
  });

  it('remembers agents, unreachable and gone ones, and removed frameworks in its registry', () => {
    const world = new World();
    for (const agent of AGENTS) world.agent(agent);
    world.subscribe(0);
    world.agentGone(1);
    for (let round = 0; round < 7; round++) {
      world.nowMs += masterSettings.agentPingIntervalMs;
      for (const agent of [0, 2])
        world.step({ type: 'fromAgent', connection: agentConnection(agent, 1), message: { type: 'pong' } });
      world.step({ type: 'tick' });
    }
    world.step({ type: 'markAgentGone', agentId: 'a2' });
    const actions = world.step({ type: 'call', call: { type: 'TEARDOWN', framework_id: { value: 'f0' } } });
    const saved = actions.find((action) => action.type === 'save') as { registry: Registry };
    const registry = JSON.parse(JSON.stringify(saved.registry)) as Registry;
    const { state } = new Master(masterSettings, registry, 0);
    assert.deepEqual([...state.recoveredAgents.keys()], ['a0']);
    assert.deepEqual([...state.unreachableAgents.keys()], ['a1']);
    assert.deepEqual([...state.goneAgents], ['a2']);
    assert.deepEqual(
      state.completedFrameworks.map(({ id }) => id),
      ['f0'],
    );
  });
});
