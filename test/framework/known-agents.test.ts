import assert from 'node:assert/strict';
import type { Offer } from '../../framework/mesos-http-client/index.js';
import { type Context, emptyMemory } from '../../framework/scheduler/context.js';
import { HeldOffers } from '../../framework/scheduler/held-offers.js';
import { knownAgentsMax, setAgent } from '../../framework/scheduler/known-agents.js';
import { setNewest } from '../../framework/scheduler/newest.js';

describe('what is remembered of agents', () => {
  it('is forgotten of the one that was told of longest ago, when there are too many', () => {
    const map = new Map([
      ['a', 1],
      ['b', 2],
    ]);
    assert.deepEqual(setNewest(map, 'a', 3, 2), []);
    assert.deepEqual(setNewest(map, 'c', 4, 2), ['b']);
    assert.deepEqual([...map.keys()], ['a', 'c']);
  });

  it('is never forgotten silently: each is counted, the first is told', () => {
    const context = { memory: emptyMemory(), actions: [] } as unknown as Context;
    const map = new Map(Array.from({ length: knownAgentsMax }, (_, index): [string, number] => [`S${index}`, index]));
    for (const name of ['more', 'still more']) setAgent(context, map, name, 0);
    assert.equal(map.size, knownAgentsMax);
    assert.equal(context.memory.counts.agentsForgotten, 2);
    const [only, ...others] = context.actions;
    assert.ok(only?.type === 'log' && only.fields.agentId === 'S0');
    assert.match(only.text, /^more than 100000 agents are known: .* divide the cluster/);
    assert.deepEqual(others, []);
  });
});

const offer = (id: string, agent: string) => ({ id: { value: id }, agent_id: { value: agent } }) as Offer;
const ids = (held: Iterable<{ offer: Offer }>) => [...held].map(({ offer: { id } }) => id.value);

describe('offers at hand', () => {
  it('are found by their agents, in the order in which they came', () => {
    const held = new HeldOffers();
    for (const [index, [id, agent]] of [
      ['O1', 'a'],
      ['O2', 'b'],
      ['O3', 'a'],
    ].entries())
      held.add(offer(id as string, agent as string), index);
    assert.deepEqual([ids(held.of('a')), ids(held.of('b')), held.of('c')], [['O1', 'O3'], ['O2'], []]);
    assert.deepEqual([held.oldest?.receivedMs, held.size], [0, 3]);
    const changes = [held.changes];
    for (const id of ['unknown', 'O1', 'O2']) {
      held.delete(id);
      changes.push(held.changes);
    }
    assert.equal(new Set(changes).size, 3, 'whoever goes makes others of them; who is not there does not');
    assert.deepEqual([ids(held.values()), [...held.byAgent.keys()]], [['O3'], ['a']]);
    held.clear();
    assert.deepEqual([held.size, held.oldest, held.byAgent.size], [0, undefined, 0]);
  });
});
