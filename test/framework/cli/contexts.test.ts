/** Names for clusters: which of what is said counts, and the file that has them. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApi } from '../../../framework/api/index.js';
import { connectionOf, type Sources } from '../../../framework/cli/contexts/connection.js';
import { contextsIn } from '../../../framework/cli/contexts/file.js';
import { MemoryService } from '../api/memory-service.js';
import { gaia } from './gaia.js';

const contexts = {
  current: 'one',
  contexts: { one: { api: 'http://one', credentials: '/one' }, two: { api: 'https://two', ca: '/two.pem' } },
};
const local = 'http://local';
const reached = (flags: Sources['flags'], env: Record<string, string> = {}, known: object = contexts) =>
  connectionOf({ flags, env, contexts: () => ({ contexts: {}, ...known }), localApi: () => local });

describe('which API a command speaks to', () => {
  it('is the one of the flag, of the context of a flag, of the variables, of the context in use, of this machine', () => {
    assert.deepEqual(reached({ api: 'http://x' }, { GAIA_API: 'http://y' }), { api: 'http://x', assumed: false });
    assert.equal(reached({ context: 'two' }, { GAIA_API: 'http://y', GAIA_CONTEXT: 'one' }).api, 'https://two');
    assert.equal(reached({}, { GAIA_API: 'http://y', GAIA_CONTEXT: 'two' }).api, 'http://y');
    assert.equal(reached({}, { GAIA_CONTEXT: 'two' }).api, 'https://two');
    assert.equal(reached({}, { GAIA_API: '', GAIA_CONTEXT: '' }).api, 'http://one');
    assert.deepEqual(reached({}, {}, { current: undefined }), { api: local, assumed: true });
    assert.equal(reached({ context: 'local' }, { GAIA_API: 'http://y' }).api, local);
  });

  it('is not told the credentials of another', () => {
    assert.equal(reached({ api: 'http://x' }).credentials, undefined);
    assert.equal(reached({}, { GAIA_API: 'http://y' }).credentials, undefined);
    assert.equal(reached({}, { GAIA_CONTEXT: 'two' }).credentials, undefined);
    assert.equal(reached({}).credentials, '/one');
    assert.equal(reached({}, { GAIA_CREDENTIALS: '/env' }).credentials, '/env');
    assert.equal(reached({ credentials: '/flag' }, { GAIA_CREDENTIALS: '/env' }).credentials, '/flag');
  });

  it('is not guessed', () => {
    assert.throws(() => reached({ context: 'tow' }), /There is no context tow/);
    assert.throws(() => reached({ context: 'two', api: 'http://x' }), /--context and --api both name an API/);
    assert.throws(() => reached({ context: 'toString' }), /There is no context toString/);
  });
});

describe('the file of contexts', () => {
  it('is refused with the place of what is wrong', () => {
    const wrong: [string, RegExp][] = [
      ['contexts: [a]', /no map/],
      ['- a', /no map|"0" is unknown/],
      ['context: {}', /"context" is unknown; use "current" and "contexts"/],
      ['contexts: { a: { url: x } }', /context "a": "url" is unknown; use api, credentials/],
      ['contexts: { a: { api: 7 } }', /context "a": api is 7; use a text/],
      ['contexts: { a: { ca: x } }', /context "a": it has no api/],
      ['contexts: {', /contexts.yaml: /],
    ];
    for (const [text, message] of wrong) assert.throws(() => contextsIn(text, 'contexts.yaml'), message, text);
    assert.deepEqual(contextsIn('', 'contexts.yaml'), { contexts: {} });
  });
});

describe('gaia context', function () {
  this.timeout(60_000);
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'gaia-contexts-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('names clusters, which commands then go to, and keeps the file to its owner', async () => {
    const api = buildApi(new MemoryService());
    const url = await api.listen({ host: '127.0.0.1', port: 0 });
    const run = (...words: string[]) => gaia(words, '', { XDG_CONFIG_HOME: directory });
    const file = join(directory, 'gaia/contexts.yaml');
    try {
      assert.equal((await run('context', 'set', 'here', '--api', url)).code, 0);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.equal((await run('context', 'use', 'here')).code, 0);
      assert.match((await run('status')).stdout, new RegExp(`API +${url}`));
      assert.equal((await run('context', 'list', '-o', 'name')).stdout, 'local\nhere\n');
      const unknown = await run('status', '--context', 'heer');
      assert.deepEqual([unknown.code, /Did you mean here\?/.test(unknown.stderr)], [6, true]);
      chmodSync(file, 0o640);
      const open = await run('status');
      assert.deepEqual(
        [open.code, open.stderr.includes(`(mode 0640)\nKeep it for yourself: chmod 600 ${file}`)],
        [2, true],
      );
      chmodSync(file, 0o600);
      assert.equal((await run('context', 'remove', 'here')).code, 0);
      assert.match((await run('context', 'show')).stdout, /^local\n/);
    } finally {
      await api.close();
    }
  });

  it('are not set with an address or a file that no command could use', async () => {
    const set = async (...words: string[]) =>
      (await gaia(['context', 'set', 'a', ...words], '', { XDG_CONFIG_HOME: directory })).stderr;
    assert.match(await set('--api', 'ftp://x'), /The API address is 'ftp:\/\/x'\nUse an address such as/);
    assert.match(await set('--api', 'http://x', '--ca', '/nowhere'), /--ca \/nowhere cannot be read/);
    assert.match(await set('--api', 'http://x', '--credentials', '/nowhere'), /--credentials \/nowhere cannot be read/);
  });

  it('takes no password in an address, and repeats none', async () => {
    const ran = await gaia(['status', '--api', 'http://ada:secret-word@127.0.0.1:1'], '', {
      XDG_CONFIG_HOME: directory,
    });
    assert.deepEqual(
      [ran.code, /--credentials FILE/.test(ran.stderr), /secret-word/.test(ran.stderr)],
      [2, true, false],
    );
    const token = join(directory, 'token');
    writeFileSync(token, 'secret-word', { mode: 0o600 });
    const away = await gaia(['status', '--api', 'http://127.0.0.1:1', '--credentials', token], '', {});
    assert.deepEqual([away.code, `${away.stdout}${away.stderr}`.includes('secret-word')], [3, false]);
  });
});
