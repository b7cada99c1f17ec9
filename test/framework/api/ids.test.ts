/** Ids in URLs are judged as those in bodies: task ids, folders and headers are made of them. */
import assert from 'node:assert/strict';
import { call, freshApi, service } from './harness.js';

const app = { cmd: 'sleep 100' };
const wrong = {
  'a backslash': '/shop/..%5cother',
  'a line break': '/shop/a%0d%0aSet-Cookie:x',
  'a control character': '/shop/%1b%5b2J',
  'capital letters': '/Shop/web',
  'a space': '/shop/a%20b',
  'a letter of another alphabet': '/shop/%c3%a9',
  'an encoded percent sign': '/shop/%252e%252e/other',
  'a NUL': '/shop/a%00',
  'a dash at its end': '/shop/a-',
};

describe('API, ids in URLs', () => {
  freshApi();

  for (const [what, id] of Object.entries(wrong))
    it(`make no app and no group with ${what}`, async () => {
      const group = { apps: [{ id: 'inner', ...app }] };
      for (const [method, url, body] of [
        ['PUT', `/v2/apps${id}`, app],
        ['PUT', `/v2/groups${id}`, group],
        ['POST', `/v2/groups${id}`, group],
      ] as const) {
        const answer = await call(method, url, body);
        assert.equal(answer.status, 422, `${method} ${url}: ${JSON.stringify(answer.body)}`);
        assert.equal(answer.body.details[0].path, '/id');
        assert.match(answer.body.details[0].errors[1], /use segments of lower-case letters, digits, dots/);
      }
      assert.deepEqual([service.view().apps.length, service.view().appGroups.length], [0, 0]);
    });

  it('nor with more characters than a task id has room for, wherever they come from', async () => {
    const [half, whole] = ['a'.repeat(100), 'b'.repeat(181)];
    for (const [method, url, body] of [
      ['PUT', `/v2/apps/${whole}`, app],
      ['PUT', `/v2/apps/${half}/${half}`, app],
      ['PUT', `/v2/groups/${half}`, { apps: [{ id: half, ...app }] }],
      ['PUT', `/v2/groups/${half}`, { groups: [{ id: half }] }],
    ] as const) {
      const answer = await call(method, url, body);
      assert.equal(answer.status, 422, `${method} ${url}: ${JSON.stringify(answer.body)}`);
      assert.match(JSON.stringify(answer.body), /has \d+ characters; use at most 180/);
    }
  });

  it('are answered at once when they are nothing but slashes', async () => {
    for (const id of [`${'/'.repeat(170)}!`, `${'/a'.repeat(85)}!`, `${'a.'.repeat(85)}!`]) {
      const answer = await call('POST', '/v2/apps', { id, ...app });
      assert.equal(answer.status, 422);
    }
  }).timeout(5000);
});
