import assert from 'node:assert/strict';
import fc from 'fast-check';
import { reserved } from '../../../framework/mesos-http-client/operations.js';
import { parseResources } from '../../../framework/mesos-http-client/resource-text.js';
import { add, contains } from '../../../framework/mesos-http-client/resources.js';
import type { Resource } from '../../../framework/mesos-http-client/types.js';
import {
  type Allocation,
  type AllocatorInput,
  allocate,
  isCovered,
} from '../../../framework/mesos-local/master/allocator.js';
import { plainAllocation } from './settings.js';

/** A framework without capabilities. */
const plain = { regionAware: false, takesGpus: false, takesRevocable: false, refines: false };

const resources = fc
  .record({
    cpus: fc.integer({ min: 0, max: 8000 }),
    mem: fc.integer({ min: 0, max: 4096 }),
    ports: fc.integer({ min: 0, max: 50 }),
  })
  .map(({ cpus, mem, ports }) => {
    const texts = [cpus && `cpus:${cpus / 1000}`, mem && `mem:${mem}`, ports && `ports:[1000-${1000 + ports}]`];
    return parseResources(texts.filter(Boolean).join(';'));
  });

const input = fc.record({
  agents: fc.uniqueArray(fc.record({ id: fc.stringMatching(/^a[0-9]$/), total: resources, remote: fc.boolean() }), {
    selector: ({ id }) => id,
    maxLength: 6,
  }),
  frameworks: fc.uniqueArray(
    fc.record({
      id: fc.stringMatching(/^f[0-9]$/),
      roles: fc.uniqueArray(fc.constantFrom<string>('r1', 'r2'), { maxLength: 2 }),
      regionAware: fc.boolean(),
      takesGpus: fc.boolean(),
      takesRevocable: fc.boolean(),
      refines: fc.boolean(),
    }),
    { selector: ({ id }) => id, maxLength: 4 },
  ),
  filtered: fc.uniqueArray(fc.tuple(fc.constantFrom('f0', 'f1', 'f2'), fc.constantFrom('a0', 'a1', 'a2'))),
  seed: fc.integer({ min: 0, max: 1000 }),
});

type GivenInput = typeof input extends fc.Arbitrary<infer Given> ? Given : never;

function complete({ agents, frameworks, filtered, seed }: GivenInput): AllocatorInput {
  let state = seed;
  return {
    ...plainAllocation,
    agents: agents.map((agent) => ({ ...agent, free: agent.total })),
    frameworks,
    isFiltered: (offer) => filtered.some(([f, a]) => offer.frameworkId === f && offer.agentId === a),
    random: () => {
      state = (state * 1103515245 + 12345) % 2147483648;
      return state / 2147483648;
    },
  };
}

describe('mesos-local: allocator', () => {
  it('offers are exclusive: together never more than an agent has free', () => {
    fc.assert(
      fc.property(input, (given) => {
        const offers = allocate(complete(given));
        for (const agent of given.agents) {
          const own = offers.filter((offer) => offer.agentId === agent.id);
          assert.ok(contains(agent.total, add(...own.map((offer) => offer.resources))));
          assert.ok(own.length <= 1, 'all unreserved resources of an agent go to one framework');
        }
      }),
    );
  });

  it('obeys filters, roles and regions, and leaves nothing idle that somebody may have', () => {
    fc.assert(
      fc.property(input, (given) => {
        const order = complete(given);
        const offers = allocate(order);
        for (const { agentId, frameworkId, role } of offers) {
          const framework = given.frameworks.find(({ id }) => id === frameworkId);
          const agent = given.agents.find(({ id }) => id === agentId);
          assert.ok(framework?.roles.includes(role));
          assert.ok(!agent?.remote || framework?.regionAware);
          assert.ok(!given.filtered.some(([f, a]) => f === frameworkId && a === agentId));
        }
        for (const agent of order.agents.filter(({ id }) => !offers.some(({ agentId }) => agentId === id))) {
          const amount = (name: string) => agent.free.find((r) => r.name === name);
          const cpus = amount('cpus');
          const mem = amount('mem');
          const big =
            (cpus?.type === 'SCALAR' && cpus.scalar.value >= 0.01) ||
            (mem?.type === 'SCALAR' && mem.scalar.value >= 32);
          const taker = given.frameworks.some(
            ({ id, roles, regionAware }) =>
              roles.length > 0 &&
              (regionAware || !agent.remote) &&
              !given.filtered.some(([f, a]) => f === id && a === agent.id),
          );
          assert.ok(!big || !taker, `${agent.id} lies idle`);
        }
      }),
    );
  });

  it('gives to the framework with the lower dominant share first', () => {
    const [agent, ...rest] = ['a0', 'a1', 'a2'].map((id) => ({
      id,
      total: parseResources('cpus:4;mem:1024'),
      free: parseResources('cpus:4;mem:1024'),
      remote: false,
    }));
    const frameworks = ['f0', 'f1'].map((id) => ({ ...plain, id, roles: ['r1'] }));
    const held: Allocation[] = [{ agentId: 'a0', frameworkId: 'f0', role: 'r1', resources: agent?.total ?? [] }];
    const agents = [{ ...(agent as NonNullable<typeof agent>), free: [] }, ...rest];
    const offers = allocate({ ...plainAllocation, frameworks, held, agents });
    assert.equal(offers[0]?.frameworkId, 'f1');
    assert.deepEqual(new Set(offers.map(({ frameworkId }) => frameworkId)), new Set(['f0', 'f1']));
  });

  const offersOf = (total: Resource[], framework: AllocatorInput['frameworks'][number]) => {
    const agents = [{ id: 'a0', total, free: total, remote: false }];
    return allocate({ ...plainAllocation, agents, frameworks: [framework] });
  };
  const framework = (role: string, more: object = {}) => ({ ...plain, id: 'f0', roles: [role], ...more });

  it('keeps reserved resources for their role and the roles below it', () => {
    const total = parseResources('cpus(r1):4;mem(r1):1024');
    for (const role of ['r2', 'r11', 'r']) assert.equal(offersOf(total, framework(role)).length, 0, role);
    for (const role of ['r1', 'r1/below']) assert.equal(offersOf(total, framework(role)).length, 1, role);
  });

  it('offers refined reservations and what can be revoked to frameworks that are able to take them', () => {
    const refined = parseResources('cpus(r1):4').map((one) => reserved(one, { type: 'DYNAMIC', role: 'r1/x' }));
    const revocable = parseResources('cpus:2').map((one) => ({ ...one, revocable: {} }));
    assert.equal(offersOf(refined, framework('r1/x')).length, 0);
    assert.equal(offersOf(refined, framework('r1/x', { refines: true })).length, 1);
    assert.equal(offersOf(revocable, framework('r1')).length, 0);
    assert.deepEqual(offersOf(revocable, framework('r1', { takesRevocable: true }))[0]?.resources, revocable);
  });

  it('a filter hides subsets of what was refused, and nothing more', () => {
    const refused = parseResources('cpus:4;mem:1024;ports:[1000-1099]');
    assert.ok(isCovered(refused, parseResources('cpus:1;ports:[1000-1000]')));
    assert.ok(!isCovered(refused, parseResources('cpus:4.001')));
    assert.ok(!isCovered(refused, parseResources('cpus:1;disk:1')));
  });
});
