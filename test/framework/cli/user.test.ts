/** Accounts from the command line to the API and back. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { installation } from '../../../framework/installation.js';
import { gaia } from './gaia.js';

const main = join(installation.root, 'dist/framework/main.js');

describe('gaia user', function () {
  this.timeout(30_000);
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gaia-user-'));
  });
  after(() => rm(directory, { recursive: true }));

  it('makes accounts, with which the other commands are let in', async () => {
    const [users, secret] = [join(directory, 'users'), join(directory, 'secret')];
    const added = await gaia(['user', 'add', 'ada', '--role', 'admin', '--file', users], 'pass word: 1\n');
    assert.equal(added.code, 0, added.stderr);
    const token = await gaia([...'user add bot --token --json --role deployer --path /team --file'.split(' '), users]);
    assert.equal(token.code, 0, token.stderr);
    assert.ok(!(await readFile(users, 'utf8')).includes('pass word'));
    const short = await gaia(['user', 'add', 'bo', '--role', 'viewer', '--file', users], 'short\n');
    assert.equal(short.code, 2);
    assert.match(short.stderr, /the password has 5 characters; use 8 to 1024/);

    const framework = await start(users);
    try {
      const { url } = framework;
      const list = (...more: string[]) => gaia(['app', 'list', '--api', url, ...more]);
      const without = await list();
      assert.equal(without.code, 4);
      assert.match(without.stderr, /wants to know who asks/);
      await writeFile(secret, 'ada:pass word: 1\n');
      assert.equal((await list('--credentials', secret)).code, 0);
      await writeFile(secret, JSON.parse(token.stdout.trim().split('\n').at(-1) ?? '').token);
      assert.equal((await gaia(['events', '--api', url, '--credentials', secret])).code, 0);
      const kept = (await readFile(users, 'utf8')).split('\n').filter((line) => !line.startsWith('bot'));
      await framework.renew('no user\n', 'The users stay as they were');
      assert.equal((await list('--credentials', secret)).code, 0);
      await framework.renew(kept.join('\n'), 'users read again');
      assert.equal((await list('--credentials', secret)).code, 4);
    } finally {
      framework.child.kill('SIGKILL');
    }
  });

  /** Without a master, which the API does not need to know its users. */
  async function start(users: string) {
    const store = join(directory, 'store');
    const args = ['--master', '127.0.0.1:1', '--store', store, '--listen', '127.0.0.1:0', '--users', users];
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    child.stderr.on('data', (bytes) => {
      log += bytes;
    });
    const [line] = await once(createInterface({ input: child.stdout }), 'line', {
      signal: AbortSignal.timeout(15_000),
    });
    const renew = async (text: string, told: string) => {
      await writeFile(users, text);
      child.kill('SIGHUP');
      const signal = AbortSignal.timeout(10_000);
      while (!log.includes(told)) await once(child.stderr, 'data', { signal });
    };
    return { child, url: JSON.parse(line).url as string, renew };
  }
});
