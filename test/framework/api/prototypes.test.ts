/** Names that JavaScript gives a meaning are names like others in a body, or refused: nothing inherits from what a client sends. */
import assert from 'node:assert/strict';
import type { InjectOptions } from 'fastify';
import { api, call, freshApi, put, service, web } from './harness.js';

const sent = (name: string) => `{"${name}":{"user":"root","polluted":true,"prototype":{"polluted":true}}}`;

/** Bodies with the name at each place where names are free, and where they are not. */
function bodies(name: string): string[] {
  const inside = sent(name).slice(1, -1);
  const app = (more: string) => `{"id":"/shop/web","cmd":"sleep 100",${more}}`;
  return [
    app(inside),
    ...['env', 'labels', 'secrets', 'replication', 'container', 'upgradeStrategy'].map((field) =>
      app(`"${field}":{${inside}}`),
    ),
    `{"id":"/shop","apps":[${app(inside)}],${inside}}`,
    `{"ids":["x"],${inside}}`,
    sent(name),
    `[${app(inside)}]`,
  ];
}

describe('API, names of prototypes', () => {
  freshApi();

  const targets: [method: string, url: string][] = [
    ['POST', '/v2/apps'],
    ['PUT', '/v2/apps'],
    ['PATCH', '/v2/apps'],
    ['PUT', '/v2/apps/shop/web'],
    ['PATCH', '/v2/apps/shop/web'],
    ['POST', '/v2/groups'],
    ['PUT', '/v2/groups'],
    ['POST', '/v2/plan'],
    ['POST', '/v2/tasks/delete'],
  ];

  it('leave every object as it was, and no app with a user that it was not given', async () => {
    await put(web);
    const before = Object.getOwnPropertyNames(Object.prototype);
    for (const [method, url] of targets)
      for (const name of ['__proto__', 'constructor'])
        for (const payload of bodies(name)) {
          const headers = { 'content-type': 'application/json' };
          const answer = await api.inject({ method, url: `${url}?force=true`, payload, headers } as InjectOptions);
          const told = `${method} ${url} ${payload}: ${answer.statusCode} ${answer.body}`;
          assert.ok(answer.statusCode < 500, told);
          assert.equal(({} as { polluted?: boolean }).polluted, undefined, told);
          for (const { spec } of service.view().apps) {
            assert.equal(spec.user ?? null, null, told);
            assert.equal(Object.getPrototypeOf(spec), Object.prototype, told);
          }
        }
    assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), before);
    assert.equal((await call('GET', '/v2/apps/shop/web')).status, 200);
  }).timeout(60_000);
});
