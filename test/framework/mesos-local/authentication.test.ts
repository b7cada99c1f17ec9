import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkClaims, executorToken, tokenClaims } from '../../../framework/mesos-local/agent/executor-token.js';
import { gateOf, readCredentials } from '../../../framework/mesos-local/authentication.js';
import { type LocalCluster, startLocalCluster } from '../../../framework/mesos-local/cluster.js';
import { send } from '../../conformance/raw-http.js';
import { frameworkInfo, RawScheduler } from '../../conformance/scheduler.js';
import { agentsRegistered } from '../../conformance/target.js';
import { until } from '../../conformance/wait.js';
import { Watched } from '../mesos-http-client/scheduler-harness.js';
import { KeepingScheduler } from './keeping-scheduler.js';

const ALICE = { principal: 'alice', secret: 'a:secret with: colons' };
const basic = ({ principal, secret }: { principal: string; secret: string }) => ({
  Authorization: `Basic ${Buffer.from(`${principal}:${secret}`).toString('base64')}`,
});

describe('mesos-local: authentication', () => {
  let directory: string;
  let cluster: LocalCluster;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'mesos-local-auth-'));
    const agents = [{ hostname: 'one', resources: 'cpus:1;mem:256' }];
    const timings = { allocationIntervalMs: 100 };
    cluster = await startLocalCluster({ directory, agents, timings, detached: false, principals: [ALICE] });
  });
  after(async () => {
    await cluster.stop();
    rmSync(directory, { recursive: true });
  });

  const challenges: [string, () => string, string, string][] = [
    ['POST', () => cluster.masterUrl, '/api/v1/scheduler', 'Basic realm="mesos-master-scheduler"'],
    ['GET', () => cluster.masterUrl, '/slaves', 'Basic realm="mesos-master-readonly"'],
    ['POST', () => cluster.masterUrl, '/api/v1', 'Basic realm="mesos-master-readwrite"'],
    ['POST', () => cluster.masterUrl, '/machine/down', 'Basic realm="mesos-master-readwrite"'],
    ['GET', () => cluster.agents[0]?.url as string, '/state', 'Basic realm="mesos-agent-readonly"'],
    ['POST', () => cluster.agents[0]?.url as string, '/api/v1/executor', 'Bearer realm="mesos-agent-executor"'],
  ];
  for (const [method, url, path, challenge] of challenges) {
    it(`${method} ${path} without a principal, or with a wrong secret: 401 ${challenge}`, async () => {
      for (const headers of [{}, basic({ ...ALICE, secret: 'other' }), basic({ ...ALICE, principal: 'eve' })]) {
        const answer = await send(url(), { method, path, headers });
        assert.equal(answer.status, 401);
        assert.ok(answer.headers['www-authenticate']?.startsWith(challenge), answer.headers['www-authenticate']);
        assert.equal(answer.text, '');
      }
    });
  }

  it('the conformance suite names the principal of its --credential file', async () => {
    const file = join(directory, 'alice.json');
    writeFileSync(file, JSON.stringify(ALICE));
    await assert.rejects(
      RawScheduler.subscribe(cluster.masterUrl, frameworkInfo()).then(({ frameworkId }) => frameworkId),
    );
    process.env.MASTER_CREDENTIAL = file;
    try {
      await agentsRegistered(cluster.masterUrl, 1);
      const scheduler = await RawScheduler.subscribe(cluster.masterUrl, frameworkInfo());
      assert.ok(scheduler.frameworkId);
      await scheduler.teardown();
    } finally {
      delete process.env.MASTER_CREDENTIAL;
    }
  });

  it('asks nobody for /health and /version', async () => {
    for (const url of [cluster.masterUrl, cluster.agents[0]?.url as string])
      for (const path of ['/health', '/version']) assert.equal((await send(url, { method: 'GET', path })).status, 200);
  });

  it('runs a task of a framework that names its principal: agent and executor prove who they are', async () => {
    const scheduler = new KeepingScheduler({
      masters: [cluster.masterAddress],
      framework: frameworkInfo({ principal: ALICE.principal }),
      credentials: ALICE,
    });
    const { statuses } = scheduler;
    await scheduler.launch('proves', '[ -z "$MESOS_EXECUTOR_AUTHENTICATION_TOKEN" ]');
    await until('its end', () => statuses.some(({ state }) => state !== 'TASK_STARTING' && state !== 'TASK_RUNNING'));
    assert.equal(statuses.at(-1)?.state, 'TASK_FINISHED', 'the token is not handed on to the command');
    await scheduler.client.teardown();
  });

  it('a framework is refused for a wrong secret, and with 400 for another principal than its own', async () => {
    const refused = async (secret: string, principal: string) => {
      const options = { framework: frameworkInfo({ principal }), credentials: { ...ALICE, secret } };
      const watched = new Watched([cluster.masterAddress], options);
      const cause = await watched.ended();
      await watched.client.close();
      return cause?.code;
    };
    assert.equal(await refused('wrong', ALICE.principal), 'unauthenticated');
    assert.equal(await refused(ALICE.secret, 'bob'), 'badRequest');
  });

  it("an executor's call with a token of other claims is refused with 403, one with a forged token with 401", async () => {
    const key = readFileSync(join(directory, 'secrets', 'jwt-key'), 'utf8');
    const token = executorToken({ frameworkId: 'f', id: 'e', containerId: 'c' }, key);
    const call = { type: 'SUBSCRIBE', framework_id: { value: 'f' }, executor_id: { value: 'e' }, subscribe: {} };
    const ask = (bearer: string) =>
      send(cluster.agents[0]?.url as string, {
        path: '/api/v1/executor',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${bearer}` },
        body: JSON.stringify(call),
      });
    assert.deepEqual((await ask(token)).text, 'Framework cannot be found', 'past the gate');
    const [head, body] = token.split('.');
    const forged = await ask(`${head}.${body}.${Buffer.alloc(32).toString('base64url')}`);
    assert.equal(forged.status, 401);
    assert.match(forged.headers['www-authenticate'] ?? '', /error="invalid_token"/);
  });

  it('a token is good for its own container only', () => {
    const executor = { frameworkId: 'f', id: 'e', containerId: 'c' };
    const headers = { authorization: `Bearer ${executorToken(executor, 'k'.repeat(16))}` };
    const claims = tokenClaims(headers, 'k'.repeat(16));
    checkClaims(claims, executor);
    for (const other of [{ frameworkId: 'g' }, { id: 'x' }, { containerId: 'later' }])
      assert.throws(() => checkClaims(claims, { ...executor, ...other }), { status: 403 });
    assert.throws(() => tokenClaims(headers, 'x'.repeat(16)), { status: 401 });
  });

  it('an agent that names nobody does not join', async () => {
    const join = (headers: object) =>
      send(cluster.masterUrl, {
        method: 'GET',
        path: '/mesos-local/agent',
        headers: { Connection: 'Upgrade', Upgrade: 'mesos-local', ...headers },
      });
    assert.equal((await join({})).status, 401);
    assert.equal((await join(basic({ ...ALICE, secret: 'wrong' }))).status, 401);
  });

  it('a wrong file is refused without its content', () => {
    const path = join(directory, 'bad.json');
    writeFileSync(path, '{"credentials":[{"principal":"p","secret":5}], hush');
    assert.throws(
      () => readCredentials(path),
      (error: Error) => /it is no JSON/.test(error.message) && !/hush/.test(error.message),
    );
    assert.throws(() => gateOf('master', { credentials: undefined, closed: ['agent'] }), /needs a file of credentials/);
  });
});
