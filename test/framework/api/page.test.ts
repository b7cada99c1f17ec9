/** The web page: what is served to browsers, and how. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readPage } from '../../../framework/api/page.js';
import { api, buildWith, call, freshApi } from './harness.js';

const files = {
  'index.html': '<!doctype html><title>GAIA</title>',
  'assets/page-1234.js': 'export {};',
  'icon.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
};

describe('API, web page', () => {
  freshApi();
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'gaia-page-'));
    for (const [name, text] of Object.entries(files)) write(name, text);
    buildWith({ page: readPage(directory), users: () => [] });
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function write(name: string, text: string): void {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }

  it('is shown without an account at / and at every address of its own, and what it asks for is not', async () => {
    const root = await call('GET', '/');
    assert.deepEqual([root.status, root.headers.location], [302, '/ui/']);
    for (const url of ['/ui', '/ui/', '/ui/apps/shop/db', '/ui/apps/shop/db.v2?tab=logs', '/ui/index.html']) {
      const { status, body, headers } = await call('GET', url);
      assert.deepEqual([status, body, headers['content-type']], [200, files['index.html'], 'text/html;charset=UTF-8']);
      assert.equal(headers['cache-control'], 'no-cache');
    }
    assert.equal((await call('GET', '/v2/apps')).status, 401);
  });

  it('has files that browsers keep for good, or until they differ', async () => {
    const script = await call('GET', '/ui/assets/page-1234.js');
    assert.equal(script.headers['content-type'], 'text/javascript;charset=UTF-8');
    assert.match(String(script.headers['cache-control']), /immutable/);
    const { headers } = await call('GET', '/ui/icon.svg');
    assert.equal(headers['cache-control'], 'no-cache');
    const again = (etag: string) => call('GET', '/ui/icon.svg', undefined, { 'if-none-match': etag });
    assert.deepEqual([(await again(String(headers.etag))).status, (await again('"other"')).status], [304, 200]);
    write('icon.svg', '<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>');
    buildWith({ page: readPage(directory) });
    assert.notEqual((await call('GET', '/ui/icon.svg')).headers.etag, headers.etag);
  });

  it('is compressed for those that say they can read it', async () => {
    const packed = await api.inject({ url: '/ui/', headers: { 'accept-encoding': 'br, gzip' } });
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.equal(gunzipSync(packed.rawPayload).toString(), files['index.html']);
    assert.equal((await api.inject({ url: '/ui/' })).headers['content-encoding'], undefined);
  });

  it('runs what is its own and nothing else, in no frame', async () => {
    const { headers } = await call('GET', '/ui/');
    const policy = String(headers['content-security-policy']);
    for (const part of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"])
      assert.ok(policy.includes(part), policy);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers.pragma, undefined);
  });

  it('is nothing but what was built: no other files, no other methods', async () => {
    buildWith({ page: readPage(directory) });
    for (const url of ['/ui/assets/gone.js', '/ui/assets/..%2f..%2fpackage.json', '/package.json']) {
      const { status, headers } = await call('GET', url);
      assert.equal(status, 404, url);
      assert.match(String(headers['cache-control']), /no-store/);
    }
    assert.equal((await call('GET', '/ui/..%2f..%2f..%2f..%2fetc%2fpasswd')).body, files['index.html']);
    assert.equal((await call('POST', '/ui/')).status, 405);
    write('notes.txt', 'x');
    assert.throws(() => readPage(directory), /notes\.txt .* no kind/);
  });

  it('says how it is built where it is not', async () => {
    assert.equal(readPage(join(directory, 'none')), null);
    buildWith({});
    const { status, body } = await call('GET', '/ui/');
    assert.deepEqual([status, body.message], [404, 'The web page is not built']);
    assert.match(body.remedy, /npm run build/);
  });

  it('has a form for its user: no pop-up of the browser asks in its place', async () => {
    const challenge = async (headers: Record<string, string>) =>
      String((await call('GET', '/v2/apps', undefined, headers)).headers['www-authenticate']);
    assert.match(await challenge({}), /Basic/);
    assert.doesNotMatch(await challenge({ 'x-requested-with': 'gaia-page' }), /Basic/);
  });
});
