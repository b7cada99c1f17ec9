import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { clockAgainst, type HostFacts, hostFacts, memlockOf } from '../../../framework/cli/doctor/facts.js';
import { findingsOf } from '../../../framework/cli/doctor/findings.js';
import { gaia } from './gaia.js';

const fit: HostFacts = {
  rdmaDevices: ['mlx5_0'],
  rdmaLibrariesMissing: [],
  memlockBytesMax: null,
  localPorts: { begin: 32_768, end: 60_999 },
  kvm: true,
  programsMissing: [],
  disk: { directory: '/', freeBytes: 2 ** 40 },
  clock: { offsetMs: 0, errorMs: 500 },
};
const found = (change: Partial<HostFacts>) =>
  findingsOf({ ...fit, ...change })
    .filter(({ level }) => level !== 'ok')
    .map(({ check, level, remedy }) => `${check} ${level}: ${remedy}`);

describe('gaia doctor', () => {
  it('finds nothing on a fit machine', () => {
    assert.deepEqual(found({}), []);
    assert.equal(findingsOf(fit).length, 7);
    assert.equal(findingsOf({ ...fit, clock: null }).length, 6);
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
    const wrong = (offsetMs: number) => found({ clock: { offsetMs, errorMs: 500 } }).length === 1;
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
    assert.ok(facts.disk.freeBytes > 0 && facts.localPorts.begin < facts.localPorts.end);
    assert.equal(memlockOf('Max locked memory         8388608              8388608              bytes'), 8_388_608);
    assert.equal(memlockOf('Max locked memory         unlimited            unlimited            bytes'), null);
  });
});
