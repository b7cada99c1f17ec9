/** Commands that look, preview and move. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ClusterView } from '../../../framework/service.js';
import { agent } from '../../placement/build.js';
import { replica, running } from '../../placement/clusters.js';
import { ledger, type Served, serveEach } from './served.js';

/** A group of two on agent a1 of zone a and on another; a2 is in a, too. */
function twoZones(second: 'a2' | 'b1' = 'b1'): ClusterView {
  const at = (id: string, zone: string) => agent(id, { zone, text: { rack: `r${id}` } });
  const [a1, a2, b1] = [at('a1', 'a'), at('a2', 'a'), at('b1', 'b')];
  const replicas = [replica(0, a1), replica(1, second === 'a2' ? a2 : b1)];
  const groups = [running({ leader: 0, spread: ['zone'], replicas })];
  return {
    cluster: { agents: [a1, a2, b1], groups },
    unknownAgents: [{ agentId: 'S9', hostname: 'lost' }],
    oldestOfferSeconds: 7,
  };
}

const at = serveEach();
const gaia: Served['gaia'] = (...words) => at().gaia(...words);
const json: Served['json'] = (...words) => at().json(...words);

describe('gaia: what there is, and what would be', () => {
  it('lists and cancels deployments', async () => {
    at().service.viewsPerDeployment = 100_000;
    const { value } = await json(['app', 'add', '-', '--detach'], JSON.stringify(ledger));
    assert.match((await gaia(['deployment', 'list'])).stdout, new RegExp(`${value.deploymentId} +/demo/ledger +1/1`));
    const cancelled = await json(['deployment', 'cancel', value.deploymentId, '--force']);
    assert.deepEqual([cancelled.code, cancelled.value.cancelled], [0, value.deploymentId]);
    assert.equal((await json(['deployment', 'cancel', value.deploymentId])).code, 6);
  });

  it('plans, and ends with 1 when not all fits', async () => {
    assert.equal((await json(['plan', '-'], JSON.stringify(ledger))).value.plan.assigned.length, 3);
    const tight = await gaia(['plan', '-'], JSON.stringify({ ...ledger, instances: 7 }));
    assert.match(tight.stdout, /host-5/);
    assert.doesNotMatch(tight.stdout, /agent-5/);
    assert.equal(tight.code, 1);
    assert.match(tight.stdout, /slots 5, 6 do not fit: only 5 agents are offered/);
    assert.doesNotMatch(tight.stdout, /priority/);
    const victim = { group: '/low', slot: 1, agentId: 'S1', hostname: 'a1', priority: -1, leads: false };
    const important = JSON.stringify({ ...ledger, instances: 7, priority: 3 });
    at().service.preempting = { victims: [victim], seats: [], sentence: null, proven: true };
    assert.match((await gaia(['plan', '-'], important)).stdout, /\/low 1 on a1, of priority -1, would leave for it/);
    at().service.preempting = { victims: [], seats: [], sentence: 'nobody may leave', proven: true };
    assert.match((await gaia(['plan', '-'], important)).stdout, /Its priority does not help: nobody may leave/);
  });

  it('says that what answers is not GAIA, with the beginning of what it says', async () => {
    const other = createServer((_, answer) => answer.end(`<html>\n${'not here '.repeat(1000)}`)).listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    for (const args of [['status'], ['app', 'list']]) {
      const { code, stderr } = await gaia([...args, '--api', `http://127.0.0.1:${port}`]);
      assert.equal(code, 3, stderr);
      assert.match(stderr, /What answers at http:\S+ is not GAIA's API: status 200, "<html> not here [^\n]{1,60}"/);
    }
    other.close();
  });

  it('previews how agents are emptied, and says what cannot go with exit code 1', async () => {
    at().service.running = twoZones();
    const shown = await gaia(['drain', '--dry-run', 'a1']);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /preview over 3 agents, as they last offered, up to 7 s ago; nothing is moved/);
    assert.match(shown.stdout, /lost has offered nothing since the framework started: its room is unknown/);
    assert.match(
      shown.stdout,
      /step 1 of 1\n {2}\/demo\/ledger 0: a1 -> a2 \(it leads; another leads before it leaves\)/,
    );
    assert.match(shown.stdout, /ledger survives no failure; not of zone a.*\n {2}Afterwards it .*not of zone b/);
    const stuck = await json(['drain', '--dry-run', 'zone=a', 'rack=ra1', 'rack=ra2']);
    assert.deepEqual([stuck.code, stuck.value.error.plan.stuck.length], [1, 1]);
    const told = await gaia(['drain', '--dry-run', 'zone=a']);
    assert.match(told.stderr, /1 of 1 replicas and tasks cannot leave/);
    assert.match(told.stdout, /\/demo\/ledger 0 cannot leave a1: .*add an agent/);
    assert.match(told.stdout, /\/demo\/ledger survives no failure; .*, as before\.\n/);
    assert.equal((await json(['drain', '--dry-run', 'zone=nowhere'])).code, 6);
  });

  it('previews moves that gain', async () => {
    at().service.running = twoZones();
    const { code, value } = await json(['rebalance', '--dry-run', '--moves-max', '3']);
    assert.deepEqual([code, value.plan.moves, value.known.agents], [0, [], 3]);
    at().service.running = twoZones('a2');
    const spread = await gaia(['rebalance', '--dry-run']);
    assert.match(
      spread.stdout,
      /ledger 1: a2 -> b1\n +pairs of replicas of \/demo\/ledger that share a zone: 1 before, 0/,
    );
    assert.match(spread.stdout, /Agents without any task after it: a2\n/);
    assert.equal((await gaia(['rebalance', '--dry-run', '--gain-min', 'much'])).code, 2);
  });

  it('drains agents until it is told to end', async () => {
    at().service.running = twoZones();
    const begun = await json(['drain', 'a1', 'rack=ra1']);
    assert.deepEqual([begun.code, begun.value.deployment], [0, 'ended']);
    assert.deepEqual(at().service.commands.at(-1), { type: 'drain', wanted: { agent: ['a1'], rack: ['ra1'] } });
    assert.match((await gaia(['status'])).stdout, /drained a1: 1 tasks are there still/);
    assert.equal((await json(['drain', '--end', 'a2'])).code, 6);
    const ended = await gaia(['drain', '--end', 'a1', 'rack=ra1']);
    assert.match(ended.stdout, /a1 rack=ra1 takes tasks again/);
    assert.deepEqual((await json(['status'])).value.drains, []);
    assert.equal((await gaia(['drain', '--end', '--dry-run', 'a1'])).code, 2);
  });

  it('carries out the moves that gain, if any does', async () => {
    at().service.running = twoZones();
    assert.match((await gaia(['rebalance'])).stdout, /No move gains/);
    assert.equal(at().service.commands.length, 0);
    at().service.running = twoZones('a2');
    const { code, value } = await json(['rebalance', '--moves-max', '3']);
    assert.deepEqual([code, value.deployment, value.plan.moves.length], [0, 'ended', 1]);
    const [command] = at().service.commands;
    assert.ok(command?.type === 'rebalance');
    assert.deepEqual(
      command.moves.map(({ group, from, to }) => [group, from.agentId, to.agentId]),
      [['/demo/ledger', 'a2', 'b1']],
    );
  });

  it('shows agents, what runs there, and those that may be meant', async () => {
    at().service.knownAgents = [{ agentId: 'S1', hostname: 'agent-1', offeredSecondsAgo: 3, host: null }];
    await gaia(['app', 'add', '-'], JSON.stringify({ id: '/web', cmd: 'sleep 1' }));
    at().service.change('/web', ({ tasks: [task] }) => {
      if (task) task.agentId = 'S1';
    });
    assert.match((await gaia(['agent', 'list'])).stdout, /agent-1 +1 +3 s ago +not known/);
    assert.match((await gaia(['agent', 'show', 'agent-1'])).stdout, /\/web +\S+ .*TASK_RUNNING/);
    const unknown = await gaia(['agent', 'show', 'agent-2']);
    assert.deepEqual([unknown.code, /Did you mean agent-1\?/.test(unknown.stderr)], [6, true]);
  });

  it('reads logs through the API, and follows them', async () => {
    await gaia(['app', 'add', '-'], JSON.stringify(ledger));
    const shown = await gaia(['logs', '/demo/ledger', '--slot', '1', '--lines', '2']);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /^replica 1, \S+ on agent-2 stdout\n {2}two\n {2}three\nreplica 1, .* stderr\n/);
    assert.equal((await gaia(['logs', '/demo/ledger', '--slot', '5'])).code, 1);
    const followed = await gaia(
      ['logs', '/demo/ledger', '-f', '-n', '1', '-o', 'json', '--timeout', '1'],
      '',
      {},
      (out) => {
        if (!at().written.includes('four')) at().written += 'four\nfi';
        else if (!at().written.includes('five')) at().written += 've\n';
        if ((out.match(/"line":"five"/g)?.length ?? 0) === 6) void at().api.close();
      },
    );
    const lines = followed.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const of = (task: string, file: string) => lines.filter((line) => line.taskId === task && line.file === file);
    assert.deepEqual(
      of(lines[0].taskId, 'stdout').map(({ line }) => line),
      ['three', 'four', 'five'],
    );
  });
});
