/** Somebody ends a run on somebody else's Mesos. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pids } from '../../executor/pids.js';
import { agentsOf } from '../../framework/cli/agents.js';
import { type LocalCluster, startLocalCluster } from '../../framework/mesos-local/cluster.js';
import { inMesosOf } from '../acceptance/platform.js';
import { until } from '../conformance/wait.js';
import { commandLineOf } from '../proc.js';
import { role } from './cluster.js';
import { Command } from './command.js';
import { agentsMin } from './given-cluster.js';

const toldMaxMs = 90_000;

/** Command lines of the run's schedulers: those of others name another master. */
function schedulersAt(masterUrl: string): string[] {
  const lines = pids().map(commandLineOf);
  return lines.filter((line) => line.includes(`--master ${masterUrl} `) && line.includes(`--role ${role} `));
}

describe("chaos on somebody else's Mesos, interrupted", function () {
  this.timeout(180_000);
  const directory = mkdtempSync(join(tmpdir(), 'gaia-chaos-interrupted-'));
  const temporary = join(directory, 'tmp');
  let mesos: LocalCluster;

  before(async () => {
    mkdirSync(temporary);
    const timings = { allocationIntervalMs: 200 };
    mesos = await startLocalCluster({
      directory: join(directory, 'mesos'),
      agents: agentsOf(agentsMin),
      timings,
      detached: false,
    });
  });
  after(async () => {
    await mesos?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const begin = (...args: string[]) => {
    const out = join(directory, 'out');
    return new Command(['--master', mesos.masterUrl, '--seconds', '600', '--out', out, ...args], {
      TMPDIR: temporary,
    });
  };

  async function leavesNothing(command: Command, signal: NodeJS.Signals): Promise<void> {
    command.child.kill(signal);
    assert.equal(await command.ended(), 2, command.said);
    assert.match(command.said, new RegExp(`it was ended by ${signal}`));
    assert.deepEqual(schedulersAt(mesos.masterUrl), []);
    assert.deepEqual(readdirSync(temporary), []);
    await until('no task lives', async () => (await inMesosOf(mesos.masterUrl, role)).living.length === 0);
  }

  it('leaves nothing when it is ended while replicas are struck', async () => {
    const command = begin('--nemesis', 'pause-server,kill-scheduler');
    await command.told('strikes within', toldMaxMs);
    assert.equal(schedulersAt(mesos.masterUrl).length, 1);
    assert.ok((await inMesosOf(mesos.masterUrl, role)).living.length > 0);
    await leavesNothing(command, 'SIGTERM');
  });

  it('leaves nothing when it is ended while its scheduler starts', async () => {
    const command = begin();
    await command.told('starting a scheduler', toldMaxMs);
    await until('the scheduler is a process', () => schedulersAt(mesos.masterUrl).length === 1);
    await leavesNothing(command, 'SIGINT');
  });
});
