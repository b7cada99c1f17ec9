import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Offer } from '../../../framework/mesos-http-client/types.js';
import { containerProcesses } from '../../../framework/mesos-local/agent/process-tree.js';
import { openLocalCluster, startLocalCluster, stopLocalCluster } from '../../../framework/mesos-local/cluster.js';
import { claimPortRanges, releasePortRanges } from '../../../framework/mesos-local/port-ranges.js';
import { commandTask, frameworkInfo, RawScheduler } from '../../conformance/scheduler.js';
import { agentsRegistered } from '../../conformance/target.js';
import { isRunning, until } from '../../conformance/wait.js';

const CLUSTER_MODULE = new URL('../../../framework/mesos-local/cluster.js', import.meta.url).href;
const AGENTS = [
  { hostname: 'one', attributes: 'rack:r1', zone: 'a', region: 'local', resources: 'cpus:1;mem:256' },
  { hostname: 'two', attributes: 'rack:r2', zone: 'b', region: 'local', resources: 'cpus:1;mem:256' },
];

describe('mesos-local: clusters of processes', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'mesos-local-cluster-'));
  });
  afterEach(async () => {
    await stopLocalCluster(directory);
    rmSync(directory, { recursive: true, force: true });
  });

  const script = (order: object) =>
    `const { startLocalCluster } = await import(${JSON.stringify(CLUSTER_MODULE)});
     const cluster = await startLocalCluster(${JSON.stringify(order)});
     console.log(JSON.stringify({ url: cluster.masterUrl, pids: [cluster.masterPid, ...cluster.agents.map((a) => a.pid)] }));`;

  it('detached: it outlives its starter, is found again, and is stopped by directory', async () => {
    const code = script({ directory, agents: AGENTS });
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
    const { url, pids } = JSON.parse(stdout) as { url: string; pids: number[] };
    await agentsRegistered(url, 2);
    const cluster = openLocalCluster(directory);
    assert.equal(cluster?.masterUrl, url);
    assert.deepEqual([cluster?.masterPid, ...(cluster?.agents ?? []).map(({ pid }) => pid)], pids);
    await assert.rejects(startLocalCluster({ directory, agents: [] }), /a cluster runs there already/);
    assert.equal(await stopLocalCluster(directory), true);
    assert.deepEqual(pids.filter(isRunning), []);
    assert.equal(await stopLocalCluster(directory), false);
  });

  it('attached: when its starter is killed, master, agents and executors end', async () => {
    const code = `${script({ directory, agents: AGENTS, detached: false })} setInterval(() => {}, 1000);`;
    const starter = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve) => starter.stdout.once('data', (data) => resolve(String(data))));
    const { url, pids } = JSON.parse(line) as { url: string; pids: number[] };
    await agentsRegistered(url, 2);
    const scheduler = await RawScheduler.subscribe(url, frameworkInfo());
    scheduler.acknowledgeAll();
    const [offer] = (await scheduler.nextOffers(0)) as [Offer];
    await scheduler.launch(offer, [commandTask(offer, 'orphan', 'sleep 100')]);
    const running = await scheduler.reached('orphan', 'TASK_RUNNING');
    starter.kill('SIGKILL');
    await until(
      'all processes end',
      () => [...pids, running.container_status?.executor_pid ?? 0].filter(isRunning).length === 0,
    );
  });

  it('stop ends what executors started, also in sessions of their own', async () => {
    const cluster = await startLocalCluster({ directory, agents: AGENTS, detached: false });
    await agentsRegistered(cluster.masterUrl, 2);
    const scheduler = await RawScheduler.subscribe(cluster.masterUrl, frameworkInfo());
    scheduler.acknowledgeAll();
    const [offer] = (await scheduler.nextOffers(0)) as [Offer];
    const runaway = 'setsid sleep 1000 & env -i setsid sleep 1000 & sleep 1000';
    await scheduler.launch(offer, [commandTask(offer, 'runaway', runaway)]);
    await scheduler.reached('runaway', 'TASK_RUNNING');
    const members = () => containerProcesses(directory, null);
    await until('three sleeping processes and their parents', () => members().length >= 5);
    const pids = members();
    await cluster.stop();
    assert.deepEqual(pids.filter(isRunning), []);
    assert.equal(existsSync(join(directory, 'cluster.json')), false);
  });

  it('a process that cannot start is reported with its own words, and nothing is left running', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    await assert.rejects(
      startLocalCluster({ directory, agents: AGENTS, masterPort: port }),
      /master did not start: .*EADDRINUSE/s,
    );
    taken.close();
    const bad = [{ hostname: 'bad', resources: 'cpus' }];
    await assert.rejects(
      startLocalCluster({ directory, agents: bad }),
      /agent did not start: 'cpus': it has no name or no value/,
    );
    assert.equal(existsSync(join(directory, 'cluster.json')), false);
  });

  it('agents get disjoint, free port ranges, also when clusters start at one moment', async () => {
    const other = mkdtempSync(join(tmpdir(), 'mesos-local-cluster-'));
    const claims = await Promise.all([claimPortRanges(3, directory), claimPortRanges(3, other)]);
    const begins = claims.flat().map(({ begin }) => begin);
    assert.equal(new Set(begins).size, 6);
    releasePortRanges(claims[0], directory);
    releasePortRanges(claims[1], other);
    const busy = createServer();
    await new Promise<void>((resolve) => busy.listen(begins[0], '127.0.0.1', resolve));
    const [next] = await claimPortRanges(1, directory);
    assert.notEqual(next?.begin, begins[0]);
    releasePortRanges(next ? [next] : [], directory);
    busy.close();
    rmSync(other, { recursive: true });
  });
});
