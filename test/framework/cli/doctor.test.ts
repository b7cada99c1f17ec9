import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildApi } from '../../../framework/api/index.js';
import { type ClockOffset, clockAgainst } from '../../../framework/cli/doctor/clock.js';
import { findingsOf } from '../../../framework/cli/doctor/findings.js';
import { type HostFacts, hostFacts, memlockOf } from '../../../framework/host-facts/facts.js';
import type { AgentView, Command } from '../../../framework/service.js';
import { MemoryService } from '../api/memory-service.js';
import { gaia } from './gaia.js';

const fit: HostFacts = {
  rdmaDevices: ['mlx5_0'],
  rdmaLibrariesMissing: [],
  memlockBytesMax: null,
  localPorts: { begin: 32_768, end: 60_999 },
  kvm: true,
  programsMissing: [],
  disk: { directory: '/', freeBytes: 2 ** 40 },
  release: '6.1.0',
  fixedAddresses: true,
};
const inTime = { offsetMs: 0, errorMs: 500 };
const found = (change: Partial<HostFacts>, clock: ClockOffset = inTime) =>
  findingsOf({ ...fit, ...change }, clock)
    .filter(({ level }) => level !== 'ok')
    .map(({ check, level, remedy }) => `${check} ${level}: ${remedy}`);

describe('gaia doctor', () => {
  it('finds nothing on a fit machine', () => {
    assert.deepEqual(found({}), []);
    assert.equal(findingsOf(fit, inTime).length, 8);
    assert.equal(findingsOf(fit, null).length, 7);
  });

  it('says what is to be done for each thing that is wrong', () => {
    assert.match(found({ rdmaDevices: [] }).join(), /^rdma note: .*rxe/);
    assert.match(
      found({ rdmaLibrariesMissing: ['librdmacm.so.1'] }).join(),
      /^rdma problem: apt-get install .*librdmacm1/,
    );
    assert.deepEqual(found({ rdmaDevices: [], rdmaLibrariesMissing: ['librdmacm.so.1'] }).length, 1);
    assert.match(found({ memlockBytesMax: 2 ** 16 }).join(), /^memlock problem: .*LimitMEMLOCK/);
    assert.equal(found({ memlockBytesMax: 2 ** 16, rdmaDevices: [] }).length, 1);
    assert.match(found({ kvm: false }).join(), /^kvm note: /);
    assert.match(found({ fixedAddresses: false }).join(), /^kernel problem: .*personality/);
    assert.match(found({ fixedAddresses: null }).join(), /^kernel note: .*util-linux/);
    assert.match(found({ programsMissing: ['redis-server'] }).join(), /^programs note: /);
    assert.match(found({ disk: { directory: '/', freeBytes: 2 ** 28 - 1 } }).join(), /^disk problem: /);
  });

  it('keeps the ports of clients apart from those of tasks, bounds included', () => {
    const overlaps = (begin: number, end: number) => found({ localPorts: { begin, end } }).length === 1;
    assert.deepEqual(
      [overlaps(1024, 30_999), overlaps(1024, 31_000), overlaps(32_000, 60_999), overlaps(32_001, 60_999)],
      [false, true, true, false],
    );
  });

  it('blames a clock only for what is beyond doubt', () => {
    const wrong = (offsetMs: number) => found({}, { offsetMs, errorMs: 500 }).length === 1;
    assert.deepEqual([wrong(2500), wrong(2501), wrong(-2500), wrong(-2501)], [false, true, false, true]);
  });

  it('measures clocks by what the framework answers', async () => {
    const server = createServer((_request, answer) => {
      answer.setHeader('Date', new Date(Date.now() - 60_000).toUTCString()).end('pong');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const clock = await clockAgainst(url, undefined);
      assert.ok(clock !== null && Math.abs(clock.offsetMs - 60_000) <= clock.errorMs + 1, JSON.stringify(clock));
      const ran = await gaia(['doctor', '--json', '--api', url]);
      assert.equal(ran.code, 1);
      const { findings } = JSON.parse(ran.stdout).error;
      assert.equal(findings.find(({ check }: { check: string }) => check === 'clock').level, 'problem');
    } finally {
      server.close();
    }
    assert.equal((await gaia(['doctor', '--api', 'http://127.0.0.1:1'])).code, 3);
  });

  it('looks at this machine', () => {
    const facts = hostFacts('/nowhere/that/is');
    assert.equal(facts.disk.directory, '/');
    assert.notEqual(facts.release, '');
    assert.equal(typeof facts.fixedAddresses, 'boolean');
    assert.ok(facts.disk.freeBytes > 0 && facts.localPorts.begin < facts.localPorts.end);
    assert.equal(memlockOf('Max locked memory         8388608              8388608              bytes'), 8_388_608);
    assert.equal(memlockOf('Max locked memory         unlimited            unlimited            bytes'), null);
  });
});

describe('gaia doctor --agents', () => {
  const agent = (name: string, change: Partial<HostFacts> | null, secondsAgo = 5, clockOffsetMs = 0): AgentView => ({
    ...{ agentId: `id-${name}`, hostname: name, offeredSecondsAgo: 1 },
    host: change && { facts: { ...fit, ...change }, clockOffsetMs, secondsAgo },
  });

  async function examined(before: AgentView[], after: AgentView[], ...args: string[]) {
    const service = new MemoryService();
    service.knownAgents = before;
    const carryOut = service.command.bind(service);
    service.command = (command: Command) => {
      if (command.type === 'putApps') service.knownAgents = after;
      return carryOut(command);
    };
    const api = buildApi(service);
    const url = await api.listen({ host: '127.0.0.1', port: 0 });
    try {
      const run = await gaia(['doctor', '--agents', '--json', '--api', url, ...args]);
      const value = JSON.parse(run.stdout);
      assert.deepEqual(service.view().apps, [], 'what it started is gone');
      return { run, service, agents: (value.agents ?? value.error.agents) as { hostname: string; findings: any[] }[] };
    } finally {
      await api.close();
    }
  }

  it('asks those that have not told lately by a task on each, and finds nothing on fit ones', async () => {
    const fresh = agent('box.1', {});
    const { run, service, agents } = await examined(
      [fresh, agent('box.2', {}, 4000), agent('box3', null)],
      [fresh, agent('box.2', {}), agent('box3', {})],
    );
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, /2 agents are asked: a task is started on each/);
    assert.equal(agents.length, 3);
    const [put, gone, ...more] = service.commands;
    assert.ok(put?.type === 'putApps' && gone?.type === 'deleteApp' && more.length === 0);
    const [spec] = put.specs;
    assert.deepEqual([spec?.instances, spec?.constraints.map(({ operator }) => operator)], [2, ['UNIQUE', 'LIKE']]);
    assert.equal(spec?.constraints[1]?.value, 'box\\.2|box3');
  });

  it('ends with 1 and names agents with problems, also those that tell nothing', async () => {
    const all = [agent('box1', { fixedAddresses: false }), agent('box2', {}, 5, 60_000), agent('box3', null)];
    const { run, agents } = await examined(all, all, '--timeout', '1');
    assert.equal(run.code, 1);
    assert.match(run.stderr, /Agents have problems: box1, box2, box3/);
    const worst = agents.map(({ hostname, findings }) => {
      return [hostname, findings.filter(({ level }) => level === 'problem').map(({ check }) => check)];
    });
    assert.deepEqual(worst, [
      ['box1', ['kernel']],
      ['box2', ['clock']],
      ['box3', ['executor']],
    ]);
  });
});
