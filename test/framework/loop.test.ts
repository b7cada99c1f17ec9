/** The framework's process against the embedded Mesos: kill -9, restart, second instance, orderly end. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type LocalCluster, startLocalCluster } from '../../framework/mesos-local/cluster.js';
import { Exposition } from '../exposition.js';
import { FrameworkProcess } from '../framework-process.js';

const main = fileURLToPath(new URL('../../framework/main.js', import.meta.url));

describe('framework process', function () {
  this.timeout(60_000);
  let directory: string;
  let cluster: LocalCluster;
  const started: FrameworkProcess[] = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gaia-loop-'));
    const agents = [1, 2, 3].map((i) => ({
      hostname: `box${i}`,
      resources: 'cpus:2;mem:1024;disk:1000',
      ...(i === 3 ? { revocableResources: 'cpus:4' } : {}),
    }));
    cluster = await startLocalCluster({ directory: join(directory, 'cluster'), agents, detached: false });
  });

  after(async () => {
    for (const { process } of started) process.kill('SIGKILL');
    await cluster?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  function run(): FrameworkProcess {
    const framework = new FrameworkProcess(['--master', cluster.masterAddress, '--store', join(directory, 'store')]);
    started.push(framework);
    return framework;
  }

  const start = () => run().ready();

  async function end(framework: FrameworkProcess, signal: NodeJS.Signals): Promise<number | null> {
    const exit = once(framework.process, 'exit');
    framework.process.kill(signal);
    return (await exit)[0] as number | null;
  }

  async function tasks({ url }: FrameworkProcess): Promise<{ id: string; state: string }[]> {
    const answer = (await (await fetch(`${url}/v2/apps/sleeper/tasks`)).json()) as {
      tasks?: { id: string; state: string }[];
    };
    return answer.tasks ?? [];
  }

  async function running(framework: FrameworkProcess, count: number): Promise<string[]> {
    for (let i = 0; i < 200; i++) {
      const found = await tasks(framework);
      if (found.length === count && found.every(({ state }) => state === 'TASK_RUNNING'))
        return found.map(({ id }) => id).sort();
      await pause(100);
    }
    return assert.fail(`not ${count} running tasks: ${JSON.stringify(await tasks(framework))}\n${framework.log}`);
  }

  /** One search for the deployment's id finds who asked for it, what was launched, and what its executors say. */
  async function logsAgree({ log }: FrameworkProcess, headers: Headers, taskIds: string[]): Promise<void> {
    const [requestId, deploymentId] = ['x-request-id', 'marathon-deployment-id'].map((name) => headers.get(name));
    const told = linesWith(log, deploymentId as string);
    assert.equal(told.find(({ msg }) => msg === 'audit')?.requestId, requestId);
    for (const id of taskIds) assert.ok(told.some(({ taskId, msg = '' }) => taskId === id && /is placed on/.test(msg)));
    const names = await readdir(join(directory, 'cluster'), { recursive: true });
    const files = names.filter((name) => name.endsWith('/executor.log') && !name.includes('/latest/'));
    const texts = await Promise.all(files.map((name) => readFile(join(directory, 'cluster', name), 'utf8')));
    const ofExecutors = texts.flatMap((text) => linesWith(text, deploymentId as string));
    for (const id of taskIds)
      assert.ok(
        ofExecutors.some((line) => line.taskId === id),
        texts.join('\n'),
      );
  }

  async function isWell({ url }: FrameworkProcess): Promise<void> {
    const health = (await (await fetch(`${url}/health`)).json()) as any;
    assert.deepEqual([health.status, health.warnings], ['ok', []]);
    assert.ok(health.master.heardSecondsAgo < 60 && health.offers.lastSecondsAgo < 60, JSON.stringify(health));
    assert.ok(Date.now() - Date.parse(health.store.lastWriteAt) < 60_000);
    const metrics = new Exposition(await (await fetch(`${url}/metrics`)).text());
    assert.ok(metrics.value('gaia_store_write_seconds_count') > 0);
    assert.equal(metrics.value('gaia_master_subscriptions_total'), 1);
    assert.ok(metrics.value('gaia_master_calls_total', { type: 'ACCEPT' }) > 0);
  }

  const linesWith = (log: string, id: string): Record<string, string>[] =>
    log
      .split('\n')
      .filter((line) => line.includes(id))
      .map((line) => JSON.parse(line));

  it('finds its tasks again after kill -9 and launches none twice; ends with 0 and leaves them alive', async () => {
    const first = await start();
    const body = JSON.stringify({ id: '/sleeper', cmd: 'exec sleep 600', cpus: 0.1, mem: 32, instances: 2 });
    const answer = await fetch(`${first.url}/v2/apps`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(answer.status, 201, await answer.text());
    const ids = await running(first, 2);
    await logsAgree(first, answer.headers, ids);
    await isWell(first);
    await end(first, 'SIGKILL');
    const second = await start();
    assert.deepEqual(await running(second, 2), ids);
    await pause(3000);
    assert.deepEqual(await running(second, 2), ids);
    assert.equal(await end(second, 'SIGTERM'), 0, second.log);
    const third = await start();
    assert.deepEqual(await running(third, 2), ids);
    await end(third, 'SIGTERM');
  });

  it('is offered what can be revoked while an app takes it, and gives it to no other', async () => {
    const framework = await start();
    const send = (method: string, path: string, body?: object) =>
      fetch(`${framework.url}${path}`, {
        method,
        ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
      });
    const able = async () => {
      const page = (await (await fetch(`${cluster.masterUrl}/state`)).json()) as {
        frameworks: { capabilities: string[] }[];
      };
      return page.frameworks.some(({ capabilities }) => capabilities.includes('REVOCABLE_RESOURCES'));
    };
    const becomes = async (wanted: boolean) => {
      for (let i = 0; i < 200 && (await able()) !== wanted; i++) await pause(50);
      assert.equal(await able(), wanted);
    };
    const tasksOf = async (id: string) =>
      ((await (await send('GET', `/v2/apps${id}/tasks`)).json()) as { tasks?: { state: string; host: string }[] })
        .tasks ?? [];
    const app = { cmd: 'exec sleep 600', cpus: 3, mem: 32, instances: 1 };
    assert.equal((await send('POST', '/v2/apps', { ...app, id: '/steady' })).status, 201);
    await becomes(false);
    assert.equal((await send('POST', '/v2/apps', { ...app, id: '/batch', revocable: true })).status, 201);
    await becomes(true);
    for (let i = 0; i < 200 && (await tasksOf('/batch'))[0]?.state !== 'TASK_RUNNING'; i++) await pause(100);
    assert.deepEqual(
      (await tasksOf('/batch')).map(({ state, host }) => [state, host]),
      [['TASK_RUNNING', 'box3']],
      framework.log,
    );
    assert.deepEqual(await tasksOf('/steady'), []);
    await end(framework, 'SIGKILL');
    const again = await start();
    await becomes(true);
    for (const id of ['batch', 'steady']) await fetch(`${again.url}/v2/apps/${id}`, { method: 'DELETE' });
    await becomes(false);
    await end(again, 'SIGTERM');
  });

  it('refuses a second instance on the same store at once, and names the first', async () => {
    const first = await start();
    const second = run();
    const [code] = await once(second.process, 'exit');
    assert.equal(code, 1);
    assert.match(second.log, new RegExp(`process ${first.process.pid} uses this store`));
    await end(first, 'SIGTERM');
  });

  it('does not offer an API without accounts to other machines, unless told so', async () => {
    const outcome = async (...args: string[]) => {
      const [flags, store] = [['--listen', '192.0.2.1:0'], join(directory, 'store')];
      const all = ['--master', cluster.masterAddress, '--store', store, ...flags, ...args];
      const child = spawn(process.execPath, [main, ...all], { stdio: ['ignore', 'ignore', 'pipe'] });
      const texts = on(child.stderr, 'data', { signal: AbortSignal.timeout(10_000) });
      let text = '';
      for await (const [bytes] of texts) {
        text += bytes;
        if (/"level":60/.test(text)) break;
      }
      if (child.exitCode === null) await once(child, 'exit');
      return text;
    };
    assert.match(await outcome(), /--listen 192\.0\.2\.1:0: other machines reach this.*give --users FILE/);
    assert.match(await outcome('--users', join(directory, 'none')), /--users .*none cannot be read: ENOENT/);
    assert.match(await outcome('--no-authentication'), /listen EADDRNOTAVAIL/);
  });

  it('names a bad option, its value and what would do', async () => {
    const child = spawn(process.execPath, [main, '--listen', 'nowhere'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.on('data', (bytes) => {
      text += bytes;
    });
    assert.equal((await once(child, 'exit'))[0], 1);
    assert.match(text, /'--listen <host:port>' argument 'nowhere' is invalid. give host:port/);
  });
});
