import assert from 'node:assert/strict';
import { Inventory, place } from '../../placement/index.js';
import { agent, constraint, group } from './build.js';

const agents = [agent('small', { cpus: 1 }), agent('large', { cpus: 16 })];
const asked = group({ slots: [0], closed: { small: 'it is being drained' } });

describe('an agent that is closed to a group', () => {
  it('takes none of it, and says why', () => {
    const plan = place({ groups: [asked], seed: 1 }, agents);
    assert.equal(plan.assigned[0]?.agentId, 'large');
    assert.deepEqual(
      plan.considered.map(({ sentence }) => sentence),
      ['small: it is being drained'],
    );
    assert.equal(new Inventory(agents).place(asked, 1)[0]?.agentId, 'large');
  });

  it('takes none when no other does', () => {
    const everywhere = { ...asked, closed: { small: 'it is being drained', large: 'it is being drained' } };
    const [unplaced] = place({ groups: [everywhere], seed: 1 }, agents).unplaced;
    assert.match(unplaced?.sentence ?? '', /it is being drained.*; wait until one is open again, or add an agent/);
    assert.deepEqual(
      unplaced?.refusals.map(({ rule }) => rule),
      ['closed', 'closed'],
    );
    assert.deepEqual(new Inventory(agents).place(everywhere, 1), []);
  });

  it('does not count among the values that a group is spread over', () => {
    const racks = ['a', 'b', 'c'].map((id) => agent(id, { text: { rack: id } }));
    const spread = group({ constraints: [constraint('rack', 'GROUP_BY')], distinctAgents: false, slots: [0, 1, 2, 3] });
    const plan = place({ groups: [{ ...spread, closed: { c: 'it is being drained' } }], seed: 1 }, racks);
    assert.deepEqual(plan.assigned.map(({ agentId }) => agentId).sort(), ['a', 'a', 'b', 'b']);
  });
});
