/** Accounts from the command line to the API and back. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FrameworkProcess } from '../../framework-process.js';
import { gaia } from './gaia.js';

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

    // Without a master, which the API does not need to know its users.
    const args = ['--master', '127.0.0.1:1', '--store', join(directory, 'store'), '--users', users];
    const framework = await new FrameworkProcess(args).ready();
    const renew = async (text: string, told: string) => {
      await writeFile(users, text);
      await framework.renew(told);
    };
    try {
      const { url } = framework;
      const list = (...more: string[]) => gaia(['app', 'list', '--api', url, ...more]);
      const without = await list();
      assert.equal(without.code, 4);
      assert.match(without.stderr, /wants to know who asks/);
      await writeFile(secret, 'ada:pass word: 1\n', { mode: 0o644 });
      const open = await list('--credentials', secret);
      assert.deepEqual([open.code, /is open to others.*\n.*chmod 600 /.test(open.stderr)], [2, true], open.stderr);
      await chmod(secret, 0o600);
      assert.equal((await list('--credentials', secret)).code, 0);
      await writeFile(secret, JSON.parse(token.stdout.trim().split('\n').at(-1) ?? '').token);
      assert.equal((await gaia(['events', '--api', url, '--credentials', secret])).code, 0);
      const kept = (await readFile(users, 'utf8')).split('\n').filter((line) => !line.startsWith('bot'));
      await renew('no user\n', 'users not read again, what was read before holds');
      assert.equal((await list('--credentials', secret)).code, 0);
      await renew(kept.join('\n'), 'users read again');
      assert.equal((await list('--credentials', secret)).code, 4);
    } finally {
      framework.process.kill('SIGKILL');
    }
  });
});
