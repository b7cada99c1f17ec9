import assert from 'node:assert/strict';
import { type Affinity, type AgentSnapshot, Inventory, place } from '../../placement/index.js';
import { agent, group } from './build.js';

const cache = { app: '/cache', domain: 'rack', required: true };
/** In racks 1, 1, 2 of zone a and in rack 1 of zone b; /cache runs on the first. */
const agents: AgentSnapshot[] = [
  { ...agent('s0', { zone: 'a', text: { rack: '1' } }), running: [{ app: '/cache', slot: 4 }] },
  agent('s1', { zone: 'a', text: { rack: '1' } }),
  agent('s2', { zone: 'a', text: { rack: '2' } }),
  agent('s3', { zone: 'b', text: { rack: '1' } }),
  agent('s4'),
];
const spread = ['zone', 'rack', 'host'];

function taken(shape: Parameters<typeof group>[0], all = agents): string[] {
  const plan = place({ groups: [group({ whole: false, slots: [0, 1, 2, 3, 4], spread, ...shape })], seed: 1 }, all);
  return plan.assigned.map(({ agentId }) => agentId).sort();
}

describe('a required affinity', () => {
  const rows: [name: string, shape: { near?: Affinity[]; apart?: Affinity[]; spread?: string[] }, string[]][] = [
    ['near by rack', { near: [cache] }, ['s0', 's1']],
    ['near by a rack of any zone', { near: [cache], spread: [] }, ['s0', 's1', 's3']],
    ['near by zone', { near: [{ ...cache, domain: 'zone' }] }, ['s0', 's1', 's2']],
    ['near by host', { near: [{ ...cache, domain: 'host' }] }, ['s0']],
    ['apart by rack', { apart: [cache] }, ['s2', 's3', 's4']],
    ['apart by host', { apart: [{ ...cache, domain: 'host' }] }, ['s1', 's2', 's3', 's4']],
    [
      'near by zone, apart by host',
      { near: [{ ...cache, domain: 'zone' }], apart: [{ ...cache, domain: 'host' }] },
      ['s1', 's2'],
    ],
    ['near an app that runs nowhere', { near: [{ ...cache, app: '/gone' }] }, []],
    ['apart from an app that runs nowhere', { apart: [{ ...cache, app: '/gone' }] }, ['s0', 's1', 's2', 's3', 's4']],
  ];
  for (const [name, shape, expected] of rows) it(name, () => assert.deepEqual(taken(shape), expected));

  it('takes unknown domains for neither near nor apart', () => {
    const unknown = [{ ...agent('x'), running: [{ app: '/cache', slot: 0 }] }, agent('y')];
    assert.deepEqual(taken({ near: [cache] }, unknown), []);
    assert.deepEqual(taken({ apart: [cache] }, unknown), []);
  });

  it('refuses with what is where', () => {
    const sentences = (shape: Parameters<typeof group>[0]) => {
      const plan = place({ groups: [group({ spread, ...shape })], seed: 1 }, agents.slice(1, 3));
      assert.ok(plan.unplaced[0]?.refusals.every(({ rule }) => rule === 'affinity'));
      return plan.unplaced[0]?.sentence;
    };
    assert.equal(
      sentences({ near: [cache] }),
      'no agent does: s1: near /cache by rack: no replica of /cache is known to run, and alike on the others; ' +
        'add an agent that satisfies the affinity, or do not require it',
    );
    const one = place({ groups: [group({ spread, near: [cache], slots: [0] })], seed: 1 }, [
      { ...(agents[0] as AgentSnapshot), free: agent('s0', { cpus: 0 }).free },
      agents[2] as AgentSnapshot,
    ]);
    assert.equal(
      one.unplaced[0]?.refusals[1]?.sentence,
      's2: near /cache by rack: its rack is 2 of zone a, where no replica of /cache is known to run',
    );
    const other = place({ groups: [group({ spread, apart: [cache], slots: [0] })], seed: 1 }, agents.slice(0, 1));
    assert.equal(
      other.unplaced[0]?.refusals[0]?.sentence,
      's0: apart from /cache by rack: its rack is 1 of zone a, where replica 4 of /cache runs',
    );
  });

  it('sees the groups that the same request has placed', () => {
    const groups = [
      group({ id: '/first', slots: [0] }),
      group({ id: '/near', slots: [0], near: [{ app: '/first', domain: 'host', required: true }] }),
      group({ id: '/apart', slots: [0, 1, 2, 3], apart: [{ app: '/first', domain: 'host', required: true }] }),
    ];
    const { assigned } = place({ groups, seed: 1 }, agents);
    const at = (id: string) => assigned.filter((one) => one.group === id).map(({ agentId }) => agentId);
    assert.deepEqual(at('/near'), at('/first'));
    assert.equal(at('/apart').length, 4);
    assert.ok(!at('/apart').includes(at('/first')[0] as string));
    assert.equal(agents[1]?.running, undefined);
  });

  it('sees what an inventory is told', () => {
    const inventory = new Inventory([agent('a'), agent('b')]);
    const asked = group({ slots: [0], near: [{ app: '/x', domain: 'host', required: true }] });
    assert.deepEqual(inventory.place(asked, 1), []);
    inventory.update('b', { running: [{ app: '/x', slot: 0 }] });
    assert.equal(inventory.place(asked, 1)[0]?.agentId, 'b');
  });
});

describe('an affinity that is not required', () => {
  const soft = { ...cache, required: false };

  it('decides before the spread and the fit, and refuses nobody', () => {
    assert.deepEqual(taken({ near: [soft], slots: [0, 1] }), ['s0', 's1']);
    assert.ok(taken({ apart: [soft], slots: [0, 1, 2] }).every((id) => ['s2', 's3', 's4'].includes(id)));
    assert.equal(taken({ near: [{ ...soft, app: '/gone' }] }).length, 5);
  });

  it('decides after agents to avoid, and earlier ones before later ones', () => {
    assert.deepEqual(taken({ near: [soft], slots: [0], avoid: { s0: 'failed', s1: 'failed' } }).includes('s0'), false);
    const host = { ...soft, domain: 'host' };
    assert.deepEqual(taken({ near: [host], apart: [host], slots: [0] }), ['s0']);
    assert.deepEqual(taken({ near: [soft], apart: [host], slots: [0] }), ['s1']);
  });

  it('is a part of the score, and said of agents where it does not hold, taken or not', () => {
    const plan = place({ groups: [group({ spread, near: [soft], slots: [0, 1, 2] })], seed: 1 }, agents.slice(0, 4));
    const parts = plan.assigned.map(({ scoreParts }) => scoreParts.find(({ name }) => name === 'near /cache by rack'));
    assert.deepEqual(
      parts.map((part) => part?.value),
      [1, 1, 0],
    );
    const [third, fourth] = plan.considered.map(({ sentence }) => sentence).sort();
    const texts = [third, fourth].join('\n');
    assert.match(texts, /^s3: taken although this does not hold there: near \/cache by rack$/m);
    assert.match(
      texts,
      /^s2: score .* of s3, which was taken: spread over zone .*; does not hold there: near \/cache by rack$/m,
    );
  });

  it('is refused when it names the group itself, no domain, or too many apps', () => {
    const fault = (shape: Parameters<typeof group>[0]) =>
      place({ groups: [group(shape)], seed: 1 }, agents).unplaced[0]?.sentence;
    assert.match(
      fault({ near: [{ ...soft, app: group().id }] }) ?? '',
      /^near\[0\]\.app is \/demo\/ledger, the group itself; spread/,
    );
    assert.match(fault({ apart: [soft, { ...soft, domain: '' }] }) ?? '', /^apart\[1\]\.domain is empty; give host/);
    assert.match(
      fault({ near: Array(9).fill(soft) }) ?? '',
      /^near and apart have 9 entries that are not required; use at most 8$/,
    );
  });
});
