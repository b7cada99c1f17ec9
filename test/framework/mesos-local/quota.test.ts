import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseResources } from '../../../framework/mesos-http-client/resource-text.js';
import type { FrameworkInfo } from '../../../framework/mesos-http-client/types.js';
import { type Allocation, allocate } from '../../../framework/mesos-local/master/allocator.js';
import { Master } from '../../../framework/mesos-local/master/master.js';
import { PAGES } from '../../../framework/mesos-local/master/operator-pages.js';
import { consumedBy, exceeds, lineage, type Quota, quantitiesOf } from '../../../framework/mesos-local/master/quota.js';
import type { MasterAction } from '../../../framework/mesos-local/master/state.js';
import { World } from '../recorded/world.js';
import { masterSettings, plainAllocation } from './settings.js';

type Capability = NonNullable<FrameworkInfo['capabilities']>[number];

/** Two agents with 4 cpus each, and schedulers with one role each. */
class Roles {
  readonly world = new World(1_000_000, { seed: 1 });

  constructor(agents = 2) {
    for (let index = 0; index < agents; index++) this.world.addAgent(`agent-${index}`, { port: 5051 + index });
  }

  subscribe(role: string): void {
    const capabilities = ['MULTI_ROLE', 'RESERVATION_REFINEMENT'].map((type) => ({ type })) as Capability[];
    const framework_info = { user: 'u', name: role, roles: [role], failover_timeout: 60, capabilities };
    assert.equal(this.world.subscribe(role, { type: 'SUBSCRIBE', subscribe: { framework_info } }).status, 200);
  }

  quota(role: string, guarantees: Record<string, number>, limits: Record<string, number>) {
    const map = (amounts: Record<string, number>) =>
      Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, { value }]));
    const quota_configs = [{ role, guarantees: map(guarantees), limits: map(limits) }];
    return this.world.operator({ type: 'UPDATE_QUOTA', update_quota: { quota_configs } });
  }

  /** Cpus that are on offer to the role now. */
  offered(role: string): number {
    const offers = [...this.world.master.state.offers.values()].filter((offer) => offer.role === role);
    return (quantitiesOf(offers.flatMap(({ resources }) => resources)).cpus ?? 0) / 1000;
  }

  count(role: string, type: string): number {
    return this.world.streams.get(role)?.events.filter(({ event }) => event.type === type).length ?? 0;
  }
}

describe('mesos-local: quota, weights and roles', () => {
  it('a role is not offered more than its limit, nor are the roles below it together', () => {
    const roles = new Roles();
    assert.equal(roles.quota('team', {}, { cpus: 3 }).status, 200);
    for (const role of ['team/a', 'team/b', 'other']) roles.subscribe(role);
    assert.equal(roles.offered('team/a'), 3);
    assert.equal(roles.offered('team/b'), 0);
    assert.equal(roles.offered('other'), 5);
  });

  it('what is guaranteed to a role is kept for it, and given to it first', () => {
    const roles = new Roles();
    assert.equal(roles.quota('kept', { cpus: 6 }, { cpus: 6 }).status, 200);
    roles.subscribe('greedy');
    assert.equal(roles.offered('greedy'), 2);
    roles.subscribe('kept');
    assert.equal(roles.offered('kept'), 6);
  });

  it('a new limit takes offers back at once; without one they come again', () => {
    const roles = new Roles();
    roles.subscribe('a');
    assert.equal(roles.offered('a'), 8);
    roles.quota('a', {}, { cpus: 1 });
    assert.ok(roles.count('a', 'RESCIND') > 0);
    assert.equal(roles.offered('a'), 1);
    roles.quota('a', {}, {});
    roles.world.until(roles.world.nowMs + 1500);
    assert.equal(roles.offered('a'), 8);
    assert.deepEqual(roles.world.operator({ type: 'GET_QUOTA' }).json, {
      type: 'GET_QUOTA',
      get_quota: { status: {} },
    });
  });

  it('a new guarantee takes offers back from others', () => {
    const roles = new Roles();
    roles.subscribe('greedy');
    roles.quota('kept', { cpus: 4 }, {});
    assert.equal(roles.count('greedy', 'RESCIND'), 1);
    roles.subscribe('kept');
    assert.equal(roles.offered('kept'), 4);
  });

  it('neither limits are exceeded nor guarantees given away, whoever asks', () => {
    const amounts = fc.record({ cpus: fc.integer({ min: 0, max: 12 }) }, { requiredKeys: [] });
    const quota = fc.record({ guarantees: amounts, limits: amounts }).map(
      ({ guarantees, limits }): Quota => ({
        guarantees: guarantees.cpus === undefined ? {} : { cpus: Math.min(guarantees.cpus, limits.cpus ?? 12) * 1000 },
        limits: limits.cpus === undefined ? {} : { cpus: limits.cpus * 1000 },
      }),
    );
    const names = ['a', 'a/x', 'b', 'c'];
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('a', 'b'), quota),
        fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 }),
        fc.integer({ min: 1, max: 3 }),
        (given, active, agentCount) => {
          const quotas = new Map(Object.entries(given));
          const total = parseResources('cpus:4;mem:1024;ports:[1-10]');
          const agents = Array.from({ length: agentCount }, (_, id) => ({
            id: `${id}`,
            total,
            free: total,
            remote: false,
          }));
          const plain = { regionAware: true, takesGpus: true, takesRevocable: true, refines: true };
          const offers: Allocation[] = allocate({
            ...plainAllocation,
            agents,
            quotas,
            frameworks: active.map((role) => ({ ...plain, id: role, roles: [role] })),
            random: () => 0.3,
          });
          const whole = agents.flatMap((agent) => agent.total);
          for (const [role, { limits }] of quotas) assert.ok(!exceeds(consumedBy(role, whole, offers), limits), role);
          const cluster = agentCount * 4000;
          const guaranteed = [...quotas.values()].reduce((sum, { guarantees }) => sum + (guarantees.cpus ?? 0), 0);
          if (guaranteed > cluster) return;
          const isGuaranteed = (role: string) => lineage(role).some((one) => quotas.get(one)?.guarantees.cpus);
          const others = offers.filter(({ role }) => !isGuaranteed(role)).flatMap(({ resources }) => resources);
          assert.ok((quantitiesOf(others).cpus ?? 0) <= cluster - guaranteed);
        },
      ),
    );
  });

  it('a role with three times the weight has three times as much', () => {
    const roles = new Roles(4);
    const weight_infos = [{ role: 'heavy', weight: 3 }];
    assert.equal(roles.world.operator({ type: 'UPDATE_WEIGHTS', update_weights: { weight_infos } }).status, 200);
    for (const role of ['light', 'heavy']) roles.subscribe(role);
    const decline = (role: string) => roles.world.decline(role, [...roles.world.agents.keys()]);
    for (const role of ['light', 'heavy']) decline(role);
    roles.world.allocate();
    assert.deepEqual([roles.offered('heavy'), roles.offered('light')], [12, 4]);
    const again = [{ role: 'heavy', weight: 1 }];
    roles.world.operator({ type: 'UPDATE_WEIGHTS', update_weights: { weight_infos: again } });
    assert.deepEqual([roles.offered('heavy'), roles.offered('light')], [8, 8]);
    assert.ok(roles.count('light', 'RESCIND') > 0);
    const answer = roles.world.operator({ type: 'GET_WEIGHTS' }).json;
    assert.deepEqual(answer, { type: 'GET_WEIGHTS', get_weights: { weight_infos: again } });
  });

  it('on each level of the tree, roles are equals: two below one have together what another has', () => {
    const roles = new Roles(4);
    for (const role of ['a/x', 'a/y', 'b']) roles.subscribe(role);
    for (const role of ['a/x', 'a/y', 'b']) roles.world.decline(role, [...roles.world.agents.keys()]);
    roles.world.allocate();
    assert.deepEqual(
      ['a/x', 'a/y', 'b'].map((role) => roles.offered(role)),
      [4, 4, 8],
    );
  });

  for (const [what, refused] of [
    ["the role '*'", (roles: Roles) => roles.quota('*', {}, { cpus: 1 })],
    ['a role that is none', (roles: Roles) => roles.quota('a//b', {}, { cpus: 1 })],
    ['guarantees above limits', (roles: Roles) => roles.quota('a', { cpus: 2 }, { cpus: 1 })],
    ['an amount below nothing', (roles: Roles) => roles.quota('a', {}, { cpus: -1 })],
    ['more than the cluster has', (roles: Roles) => roles.quota('a', { cpus: 9 }, {})],
    [
      'more to a child than to its role',
      (roles: Roles) => {
        roles.quota('a', { cpus: 1 }, {});
        return roles.quota('a/b', { cpus: 2 }, {});
      },
    ],
    [
      'a weight of nothing',
      (roles: Roles) =>
        roles.world.operator({ type: 'UPDATE_WEIGHTS', update_weights: { weight_infos: [{ role: 'a', weight: 0 }] } }),
    ],
  ] as const) {
    it(`refused: ${what}`, () => {
      const roles = new Roles();
      const answer = refused(roles);
      assert.equal(answer.status, 400);
      assert.ok(answer.text.length > 20, answer.text);
    });
  }

  it('quotas and weights outlive the master', () => {
    let saved: Extract<MasterAction, { type: 'save' }>['registry'] | null = null;
    const master = new Master(masterSettings, null, 0);
    const configs = [{ role: 'a', limits: { cpus: { value: 2 } } }];
    const actions = [
      ...master.step({ type: 'updateQuotas', configs }, 0),
      ...master.step({ type: 'updateWeights', infos: [{ role: 'a', weight: 2 }] }, 0),
    ];
    for (const action of actions) if (action.type === 'save') saved = JSON.parse(JSON.stringify(action.registry));
    const next = new Master(masterSettings, saved, 0).state;
    assert.deepEqual([...next.quotas], [['a', { guarantees: {}, limits: { cpus: 2000 } }]]);
    assert.deepEqual([...next.weights], [['a', 2]]);
  });

  it('/roles says of each role what Mesos says', () => {
    const roles = new Roles(1);
    roles.subscribe('trace');
    const operation = PAGES['/roles']?.GET?.(roles.world.master.state, '');
    const amounts = { cpus: 4, mem: 4096, disk: 10240, ports: 1000 };
    assert.deepEqual(operation, {
      answer: {
        roles: [
          {
            name: 'trace',
            weight: 1,
            quota: { role: 'trace', guarantee: {}, limit: {}, consumed: {} },
            resources: amounts,
            allocated: {},
            offered: amounts,
            reserved: {},
            frameworks: [[...roles.world.master.state.frameworks.keys()][0]],
          },
        ],
      },
    });
  });
});
