import assert from 'node:assert/strict';
import { NoPlan } from '../../../framework/planner.js';
import { agent } from '../../placement/build.js';
import { replica, running } from '../../placement/clusters.js';
import { call, freshApi, service } from './harness.js';

const at = (id: string, zone: string) => agent(id, { zone, text: { rack: `r-${id}` } });
const [a1, a2, b1, c1] = [at('a1', 'a'), at('a2', 'a'), at('b1', 'b'), at('c1', 'c')];
const ledger = running({ replicas: [replica(0, a1), replica(1, a2), replica(2, b1)], leader: 0 });

describe('api: drains', () => {
  freshApi();
  beforeEach(() => {
    service.running = {
      cluster: { agents: [a1, a2, b1, c1], groups: [ledger] },
      unknownAgents: [],
      oldestOfferSeconds: 5,
    };
  });

  it('begin, are listed, and end by the agents that are named, in any order', async () => {
    const begun = await call('POST', '/v2/placement/drain?zone=b&zone=a');
    assert.equal(begun.status, 200);
    const [drain, ...others] = (await call('GET', '/v2/placement/drains')).body.drains;
    assert.deepEqual([drain.id, drain.wanted, others], [begun.body.deploymentId, { zone: ['a', 'b'] }, []]);
    const other = await call('DELETE', '/v2/placement/drain?zone=a');
    assert.deepEqual(
      [other.status, other.body.remedy],
      [404, 'Name them as they were named when it began: zone=a zone=b.'],
    );
    assert.equal((await call('DELETE', '/v2/placement/drain?zone=a&zone=b')).status, 200);
    assert.deepEqual((await call('GET', '/v2/placement/drains')).body.drains, []);
  });

  it('need agents that there are', async () => {
    assert.equal((await call('POST', '/v2/placement/drain?zone=x')).status, 404);
    assert.equal((await call('POST', '/v2/placement/drain')).status, 400);
    assert.deepEqual(service.commands, []);
  });
});

describe('api: previews of moves', () => {
  freshApi();
  beforeEach(() => {
    const unknownAgents = [{ agentId: 'S9', hostname: 'lost' }];
    service.running = { cluster: { agents: [a1, a2, b1, c1], groups: [ledger] }, unknownAgents, oldestOfferSeconds: 5 };
  });

  it('says how agents are emptied, by name, domain, or both, and what cannot go', async () => {
    const { status, body } = await call('GET', '/v2/placement/drain?agent=a1');
    assert.equal(status, 200);
    assert.deepEqual(body.known, {
      agents: 4,
      oldestOfferSeconds: 5,
      unknownAgents: [{ agentId: 'S9', hostname: 'lost' }],
    });
    assert.deepEqual(body.plan.agents, [{ agentId: 'a1', hostname: 'a1' }]);
    assert.equal(body.plan.steps[0][0].to.agentId, 'c1');
    const zone = (await call('GET', '/v2/placement/drain?zone=a')).body.plan;
    const ids = ({ agents }: { agents: { agentId: string }[] }) => agents.map(({ agentId }) => agentId);
    assert.deepEqual([ids(zone), zone.steps.length, zone.stuck.length], [['a1', 'a2'], 1, 1]);
    const query = 'zone=a&rack=r-a2&rack=r-b1';
    assert.deepEqual(ids((await call('GET', `/v2/placement/drain?${query}`)).body.plan), ['a2']);
  });

  it('names what there is when nothing is found', async () => {
    const rows: [string, number, RegExp, RegExp][] = [
      ['', 400, /Nothing is named/, /\?agent=NAME, \?zone=NAME/],
      ['?zone=x', 404, /No agent is known with zone 'x'/, /There are zone a, b, c\./],
      ['?agent=a1&zone=b', 404, /agent 'a1' and zone 'b'/, /There are agent a1, a2, b1, c1; There are zone/],
      ['?rak=r-a1', 404, /rak 'r-a1'/, /No agent has a field rak; use agent, zone, rack/],
    ];
    for (const [query, expected, message, remedy] of rows) {
      const { status, body } = await call('GET', `/v2/placement/drain${query}`);
      assert.equal(status, expected);
      assert.match(body.message, message);
      assert.match(body.remedy, remedy);
    }
  });

  it('says which moves gain', async () => {
    const { status, body } = await call('GET', '/v2/placement/rebalance');
    assert.equal(status, 200);
    const [move] = body.plan.moves;
    assert.deepEqual([move.slot, move.to.agentId, move.goal, move.gain], [1, 'c1', 'spread', 1]);
    assert.equal((await call('GET', '/v2/placement/rebalance?movesMax=0')).body.plan.moves.length, 0);
    assert.equal((await call('GET', '/v2/placement/rebalance?gainMin=1.5')).body.plan.moves.length, 0);
  });

  it('carries out what gains, and refuses when nothing does or another rebalance is under way', async () => {
    const { status, body } = await call('POST', '/v2/placement/rebalance?movesMax=1');
    assert.deepEqual([status, body.plan.moves.length, typeof body.deploymentId], [200, 1, 'string']);
    const [command] = service.commands;
    assert.ok(command?.type === 'rebalance');
    assert.deepEqual(command.moves, body.plan.moves);
    const nothing = await call('POST', '/v2/placement/rebalance?movesMax=0');
    assert.deepEqual([nothing.status, nothing.body.message, service.commands.length], [409, 'No move gains', 1]);
    service.refusals.push({ ok: false, reason: 'busy', message: 'Rebalance x is under way' });
    const busy = await call('POST', '/v2/placement/rebalance');
    assert.deepEqual([busy.status, busy.body.message], [409, 'Rebalance x is under way']);
  });

  it('says when no plan can be made now', async () => {
    service.noPlan = new NoPlan('16 plans are being made already; ask again in a while');
    for (const path of ['drain?agent=a1', 'rebalance']) {
      const { status, body, headers } = await call('GET', `/v2/placement/${path}`);
      assert.deepEqual([status, headers['retry-after']], [503, '10']);
      assert.match(body.message, /There is no plan: 16 plans/);
    }
  });

  it('refuses other parameters by name, value and remedy', async () => {
    const rows: [string, RegExp, RegExp][] = [
      ['movesMax=many', /movesMax is 'many'/, /a whole number from 0 to 1000/],
      ['movesMax=1001', /movesMax is '1001'/, /a whole number from 0 to 1000/],
      ['gainMin=-1', /gainMin is '-1'/, /a number such as 0\.5/],
      ['moves=1', /parameter moves is unknown/, /movesMax and gainMin/],
    ];
    for (const [query, message, remedy] of rows) {
      const { status, body } = await call('GET', `/v2/placement/rebalance?${query}`);
      assert.equal(status, 400);
      assert.match(body.message, message);
      assert.match(body.remedy, remedy);
    }
    assert.equal((await call('PUT', '/v2/placement/rebalance', {})).status, 405);
  });
});
