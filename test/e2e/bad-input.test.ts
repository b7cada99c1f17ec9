/** What an operator gets wrong, one test each: a clear answer with what to do, and nothing lost. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { redisSpec, System, until } from './system.js';

const frameworkMain = fileURLToPath(new URL('../../framework/main.js', import.meta.url));

describe('bad input', function () {
  this.timeout(120_000);
  let system: System;
  const directory = mkdtempSync(join(tmpdir(), 'gaia-bad-input-'));

  before(async () => {
    system = await System.start();
  });
  after(async () => {
    await system?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const post = (body: unknown) => system.request('POST', '/v2/apps', body);
  const refused = async (body: unknown, status: number, ...parts: RegExp[]) => {
    const answer = await post(body);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    for (const part of parts) assert.match(JSON.stringify(answer.body), part);
  };

  /** Deploys, waits for the first failed task and gives its message; removes the app. */
  const failure = async (id: string, cmd: string, extra: object = {}): Promise<string> => {
    await system.deploy(redisSpec(id, { cmd, ...extra }));
    const message = await until(`a failure of ${id}`, 60_000, async () => {
      const { body } = await system.request('GET', `/v2/apps${id}`);
      return body.app.lastTaskFailure?.message as string | undefined;
    });
    await system.request('DELETE', `/v2/apps${id}`);
    return message;
  };

  /** Deploys an app that cannot be placed and gives its queue entry once the reasons are known. */
  const waiting = async (spec: { id: string } & object): Promise<string> => {
    await system.deploy(spec);
    const entry = await until(`${spec.id} waits with a reason`, 60_000, async () => {
      const { body } = await system.request('GET', `/v2/apps${spec.id}/placement`);
      const text = JSON.stringify(body);
      return body.waiting?.sentence ? text : null;
    });
    await system.request('DELETE', `/v2/apps${spec.id}`);
    return entry;
  };

  it('malformed JSON', () => refused('{"id": "/x", ', 400, /Invalid JSON/));
  it('a wrong type', () => refused({ id: '/x', cmd: 'sleep 1', cpus: 'two' }, 400, /cpus/, /number/));
  it('an unknown operator', () =>
    refused({ id: '/x', cmd: 'sleep 1', constraints: [['rack', 'NEAR', 'r1']] }, 422, /constraints/, /NEAR|UNIQUE/));
  it('more replicas than a group can have', () => refused(redisSpec('/x', { instances: 10 }), 422, /instances/, /9/));

  it('a duplicate id', async () => {
    const spec = { id: '/twice', cmd: 'sleep 100', cpus: 0.1, mem: 32 };
    await system.deploy(spec);
    await refused(spec, 409, /already exists/);
    await system.request('DELETE', '/v2/apps/twice');
  });

  it('more replicas than agents: says how many agents there are and what would help', async () => {
    const entry = await waiting(redisSpec('/seven', { instances: 7 }) as { id: string });
    assert.match(entry, /7/);
    assert.match(entry, /5/);
    assert.match(entry, /add|lower/i);
  });

  it('impossible resources: names asked, free and the largest agent', async () => {
    const entry = await waiting(redisSpec('/huge', { cpus: 64 }) as { id: string });
    assert.match(entry, /64/);
    assert.match(entry, /cpus/);
  });

  it('a program that does not exist', async () => {
    const message = await failure('/missing', 'exec no-such-server --port $PORT0');
    assert.match(message, /no-such-server/);
    assert.match(message, /PATH/);
  });

  it('a program that exits at once: status and last words', async () => {
    const message = await failure('/exits', 'echo cannot go on >&2; exit 3');
    assert.match(message, /status 3/);
    assert.match(message, /cannot go on/);
  });

  it('a static program', async () => {
    const source = join(directory, 'static.c');
    writeFileSync(source, 'int main(void) { for (;;) __builtin_ia32_pause(); }\n');
    const program = join(directory, 'static-server');
    assert.equal(spawnSync('gcc', ['-static', '-o', program, source]).status, 0, 'gcc builds a static program');
    assert.match(await failure('/static', `exec ${program}`), /static/);
  });

  it('a port on which another program listens already', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      const message = await failure('/taken', `exec redis-server --bind 127.0.0.1 --port ${port} --save ''`);
      assert.match(message, /taken by another process|already in use/i);
    } finally {
      server.close();
    }
  });

  it('a second framework on the same store: refused at once, naming the holder', () => {
    const store = join(system.directory, 'framework');
    const args = [frameworkMain, '--master', system.mesos.masterUrl, '--store', store, '--listen', '127.0.0.1:0'];
    const ran = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
    assert.equal(ran.status, 1, ran.stdout + ran.stderr);
    assert.match(ran.stdout + ran.stderr, new RegExp(`${system.frameworkPid}`));
  });
});
