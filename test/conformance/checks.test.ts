import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandURI, Offer, TaskInfo } from '../../framework/mesos-http-client/types.js';
import { commandTask, frameworkInfo, RawScheduler } from './scheduler.js';
import { startTarget, type Target } from './target.js';
import { until } from './wait.js';

const SOON = { delay_seconds: 0, interval_seconds: 0.2, timeout_seconds: 5, grace_period_seconds: 0 };

/** What the tasks ask: an archive, a redirection to it, and 503 after the first request to /ill. */
function startServer(archive: Buffer): Promise<Server> {
  let asked = 0;
  const server = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { Location: '/files/archive.tar.gz' }).end();
    else if (request.url?.startsWith('/files/archive.tar.gz')) response.end(archive);
    else if (request.url === '/ill') {
      asked += 1;
      response.writeHead(asked === 1 ? 200 : 503).end();
    } else response.writeHead(404).end();
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

describe('conformance: checks of command tasks, and what the fetcher brings', () => {
  let target: Target;
  let scheduler: RawScheduler;
  let directory: string;
  let server: Server;
  let port: number;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'mesos-fetch-'));
    mkdirSync(join(directory, 'inner'));
    writeFileSync(join(directory, 'inner', 'word'), 'fetched');
    execFileSync('tar', ['-C', directory, '-czf', join(directory, 'archive.tar.gz'), 'inner']);
    server = await startServer(readFileSync(join(directory, 'archive.tar.gz')));
    port = (server.address() as AddressInfo).port;
    target = await startTarget();
    scheduler = await RawScheduler.subscribe(target.masterUrl, frameworkInfo());
    const [offer] = (await scheduler.nextOffers(0)) as [Offer];
    scheduler.acknowledgeAll();
    await scheduler.launch(offer, tasks(offer));
  });
  after(async () => {
    await scheduler.teardown();
    await target.stop();
    server.close();
    server.closeAllConnections();
    rmSync(directory, { recursive: true });
  });

  const updates = (id: string, reason: string) => scheduler.statuses(id).filter((status) => status.reason === reason);

  /** All at once: most of a test's time is the start of its task. */
  function tasks(offer: Offer): TaskInfo[] {
    const url = `http://127.0.0.1:${port}`;
    const check = { type: 'COMMAND' as const, command: { command: { value: 'exit 3' } }, ...SOON };
    const health_check = { type: 'COMMAND' as const, command: { value: 'true' }, ...SOON };
    const ill = { type: 'HTTP' as const, http: { port, path: '/ill' }, ...SOON, consecutive_failures: 2 };
    const wrong = { type: 'HTTP' as const, http: { port: 1, path: 'x' } };
    const word = 'test "$(cat inner/word)" = fetched';
    const sleep = (id: string, changes: Partial<TaskInfo>) => commandTask(offer, id, 'sleep 100', changes);
    const fetches = (id: string, value: string, uri: CommandURI) =>
      commandTask(offer, id, '', { command: { value, uris: [uri] } });
    return [
      sleep('checked', { check, health_check }),
      sleep('ill', { health_check: ill }),
      sleep('tcp', { check: { type: 'TCP', tcp: { port }, ...SOON } }),
      sleep('wrong', { health_check: wrong }),
      sleep('long', { max_completion_time: { nanoseconds: 3e8 } }),
      fetches('path', word, { value: join(directory, 'archive.tar.gz') }),
      fetches('http', word, { value: `${url}/files/archive.tar.gz` }),
      fetches('queried', 'test -f "archive.tar.gz?version=1" && ! test -e inner', {
        value: `${url}/files/archive.tar.gz?version=1`,
      }),
      fetches('named', word, { value: `${url}/files/archive.tar.gz?version=1`, output_file: 'a.tar.gz' }),
      fetches('moved', word, { value: `${url}/moved`, output_file: 'a.tgz' }),
      fetches('whole', 'test -f archive.tar.gz && ! test -e inner', {
        value: `${url}/files/archive.tar.gz`,
        extract: false,
      }),
      fetches('absent', 'true', { value: `${url}/nothing` }),
    ];
  }

  it('check and health check of a command: their results are updates of the running task', async () => {
    await until('both results', () => {
      const last = scheduler.statuses('checked').at(-1);
      return last?.healthy === true && last.check_status?.command?.exit_code === 3;
    });
    const [starting] = scheduler.statuses('checked').filter(({ source }) => source === 'SOURCE_EXECUTOR');
    assert.deepEqual(starting?.check_status, { type: 'COMMAND', command: {} });
    assert.equal(updates('checked', 'REASON_TASK_CHECK_STATUS_UPDATED').length, 1);
    assert.equal(updates('checked', 'REASON_TASK_HEALTH_CHECK_STATUS_UPDATED').length, 1);
    await scheduler.call({ type: 'KILL', kill: { task_id: { value: 'checked' } } });
    const killed = await scheduler.reached('checked', 'TASK_KILLED');
    assert.deepEqual([killed.healthy, killed.check_status], [undefined, { type: 'COMMAND', command: {} }]);
  });

  it('HTTP: healthy once, then failures are told one by one until the task is killed for them', async () => {
    const killed = await scheduler.reached('ill', 'TASK_KILLED');
    assert.equal(killed.healthy, false);
    const told = updates('ill', 'REASON_TASK_HEALTH_CHECK_STATUS_UPDATED').map(({ healthy }) => healthy);
    assert.deepEqual(told.slice(0, 3), [true, false, false]);
    // Where the kill takes longer than the interval, probes go on meanwhile.
    assert.equal(told.slice(3).includes(true), false);
  });

  it('TCP: a check tells whether the port answers', async () => {
    await until('it succeeds', () => scheduler.statuses('tcp').at(-1)?.check_status?.tcp?.succeeded === true);
  });

  it('a check that is none is TASK_ERROR, with its error in words', async () => {
    const error = await scheduler.reached('wrong', 'TASK_ERROR');
    const words = "Task uses invalid health check: The path 'x' of HTTP health check must start with '/'";
    assert.equal(error.message, words);
  });

  it('max_completion_time: TASK_FAILED when it is over', async () => {
    const failed = await scheduler.reached('long', 'TASK_FAILED');
    assert.equal(failed.reason, 'REASON_MAX_COMPLETION_TIME_REACHED');
  });

  it('archives are extracted, from a path, over HTTP and behind a redirection; not if extract is false, or a query ends the name', async () => {
    for (const id of ['path', 'http', 'queried', 'named', 'moved', 'whole'])
      await scheduler.reached(id, 'TASK_FINISHED');
  });

  it('what cannot be fetched fails the launch', async () => {
    const failed = await scheduler.reached('absent', 'TASK_FAILED');
    assert.equal(failed.reason, 'REASON_CONTAINER_LAUNCH_FAILED');
    assert.match(failed.message ?? '', /^Failed to launch container: Failed to fetch all URIs for container '/);
  });
});
