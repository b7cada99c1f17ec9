import assert from 'node:assert/strict';
import { fromPlain, type Offer } from '../../framework/mesos-http-client/index.js';
import { AtHand } from '../../framework/scheduler/at-hand.js';
import { type Context, emptyMemory } from '../../framework/scheduler/context.js';
import { type Demand, requestOf } from '../../framework/scheduler/demand.js';
import { Filling } from '../../framework/scheduler/filling.js';
import { agentRef } from '../../framework/scheduler/offers.js';
import { State } from '../../framework/scheduler/state.js';
import { place } from '../../placement/index.js';
import { appSpec, guestSpec } from './model/world.js';

const left = fromPlain({ cpus: 4, mem: 4096, disk: 10_000, gpus: 0, ports: [{ begin: 31_000, end: 31_099 }] });

function atHand(agents: string[]): AtHand {
  const options = { place } as unknown as Context['options'];
  const context: Context = { now: 0, state: new State([]), memory: emptyMemory(), options, actions: [] };
  const fillings = agents.map((name): [string, Filling] => {
    const address = { scheme: 'http', address: { ip: '127.0.0.1', port: 5051 }, path: '/' };
    const offer = { id: { value: name }, agent_id: { value: name }, hostname: name, url: address, resources: left };
    const held = { offer: offer as unknown as Offer, receivedMs: 0 };
    return [name, new Filling(agentRef(held.offer), [held], null)];
  });
  return new AtHand(context, new Map(fillings));
}

const demandOf = (spec: ReturnType<typeof appSpec>) =>
  ({ app: { active: spec }, request: requestOf(spec), delayed: false }) as unknown as Demand;
const guest = demandOf(guestSpec('/guest'));
const whole = demandOf(appSpec('/whole', { cpus: 4, mem: 4096, instances: 1 }));

describe('scheduler: offers at hand', () => {
  it('put a guest on three agents, the witness last, or on none, and then what others need is there still', () => {
    const found = atHand(['a', 'b', 'c']).find(guest, []);
    assert.deepEqual(
      [found.assigned.map(({ slot }) => slot).sort(), new Set(found.assigned.map(({ agentId }) => agentId)).size],
      [[0, 1, 2], 3],
    );
    const two = atHand(['a', 'b']);
    assert.deepEqual(two.find(guest, []).assigned, []);
    assert.equal(two.find(whole, []).assigned.length, 1);
  });
});
