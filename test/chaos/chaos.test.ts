/** A short run of everything; the long ones are `npm run chaos`. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import lodash from 'lodash';
import { agentsOf } from '../../framework/cli/agents.js';
import { startLocalCluster } from '../../framework/mesos-local/cluster.js';
import { inMesosOf } from '../acceptance/platform.js';
import { role } from './cluster.js';
import { chaos } from './command.js';
import { agentsMin } from './given-cluster.js';
import { families } from './nemeses.js';
import type { Report } from './report/report.js';
import { familyTallies } from './tally.js';

const seconds = 120;
/** Of four clients of one group, which has a third of the 200; a second may have one beat more. */
const clientsCallsMax = 72;
const seed = Number(process.env.GAIA_SEED ?? Date.now() % 2 ** 31);

describe('chaos', function () {
  this.timeout(600_000);
  const out = mkdtempSync(join(tmpdir(), 'gaia-chaos-report-'));
  after(() => rmSync(out, { recursive: true, force: true }));

  let report: Report | undefined;

  it(`breaks no promise in ${seconds} seconds (seed ${seed})`, async () => {
    const { status, said } = await chaos('--seconds', `${seconds}`, '--seed', `${seed}`, '--out', out);
    assert.equal(status, 0, said);
    report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as Report;
    // When everything is whole again, objects are read as fast as it goes: that may be within the time.
    const over = report.timeline.find(({ text }) => text === 'the strikes are over');
    const secondsOfRun = lodash.range(0, Math.floor((over?.ms ?? 0) / 1000)).map((second) => second * 1000);
    assert.ok(secondsOfRun.length > seconds / 2, JSON.stringify(over));
    for (const { group, calls } of report.histories) {
      assert.ok(calls.length > 500, `${group}: ${calls.length} calls`);
      const { beginNs } = report;
      const atMs = calls.map(({ callNs }) => (callNs - beginNs) / 1e6);
      const most = Math.max(...secondsOfRun.map((from) => atMs.filter((ms) => ms >= from && ms < from + 1000).length));
      assert.ok(most <= clientsCallsMax, `${group}: ${most} calls in a second`);
    }
    assert.match(readFileSync(join(out, 'report.html'), 'utf8'), /all promises kept/);
  });

  for (const family of Object.keys(families))
    it(`has struck somebody by ${family}`, function () {
      assert.ok(report, 'there is no report');
      const tally = familyTallies(report.nemeses).find((one) => one.family === family);
      const { impossible, struck } = tally ?? assert.fail(`no nemesis of ${family} was scheduled`);
      if (impossible !== null) {
        if (this.test) this.test.title += `: not on this machine: ${impossible}`;
        this.skip();
      }
      const those = report.nemeses.filter((one) => one.family === family);
      assert.ok(struck > 0, JSON.stringify(those, null, 2));
    });

  it("strikes what is its own on somebody else's Mesos, and says what it leaves out", async () => {
    const directory = mkdtempSync(join(tmpdir(), 'gaia-chaos-given-'));
    const timings = { allocationIntervalMs: 200 };
    const mesos = await startLocalCluster({ directory, agents: agentsOf(agentsMin), timings, detached: false });
    try {
      const nemeses = ['--nemesis', 'pause-server,kill-scheduler,cut-agent'];
      const given = ['--master', mesos.masterUrl, '--seconds', '15', '--seed', `${seed}`, '--out', out];
      const { status, said } = await chaos(...given, ...nemeses);
      assert.equal(status, 0, said);
      const { timeline } = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8')) as Report;
      const told = timeline.map(({ kind, text }) => `${kind} ${text}`).join('\n');
      for (const struck of [
        /^strike pause-server/m,
        /^strike kill-scheduler/m,
        /^system scheduler-1 is started again/m,
      ])
        assert.match(told, struck);
      assert.match(told, /^skipped cut-agent: .*somebody else's/m);
      const { living, activeAgents } = await inMesosOf(mesos.masterUrl, role);
      assert.deepEqual({ living, activeAgents }, { living: [], activeAgents: agentsMin });
    } finally {
      await mesos.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('refuses what it does not know with status 2', async () => {
    const { status, said } = await chaos('--nemesis', 'rain');
    assert.deepEqual([status, said.includes('--nemesis names "rain"; there are kill-server')], [2, true], said);
  });
});
