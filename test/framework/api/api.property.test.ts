import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import { api, freshApi, put, web } from './harness.js';

describe('api: properties', () => {
  freshApi();

  it('answers any body of any change with a JSON message and never with 5xx', async () => {
    await put(web);
    const target = fc.constantFrom<[string, string]>(
      ['POST', '/v2/apps'],
      ['PUT', '/v2/apps'],
      ['PATCH', '/v2/apps'],
      ['PUT', '/v2/apps/shop/web'],
      ['PATCH', '/v2/apps/shop/web'],
      ['POST', '/v2/tasks/delete'],
      ['POST', '/v2/plan'],
    );
    const json = fc.oneof(
      fc.json({ maxDepth: 3 }),
      fc
        .array(fc.record({ id: fc.jsonValue({ maxDepth: 1 }), cmd: fc.jsonValue({ maxDepth: 1 }) }))
        .map((list) => JSON.stringify(list)),
      fc
        .dictionary(
          fc.constantFrom('id', 'cmd', 'instances', 'constraints', 'version', 'ids', 'replication', 'env'),
          fc.jsonValue({ maxDepth: 2 }),
        )
        .map((value) => JSON.stringify(value)),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(target, json, async ([method, url], payload) => {
        const headers = { 'content-type': 'application/json' };
        const answer = await api.inject({ method, url, payload, headers } as InjectOptions);
        assert.ok(answer.statusCode < 500, `${answer.statusCode} ${answer.body}`);
        if (answer.statusCode >= 400) assert.equal(typeof answer.json().message, 'string');
      }),
      { numRuns: 1000 },
    );
  });

  it('answers any path', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
        fc.webPath(),
        fc.string(),
        async (method, path, tail) => {
          for (const url of [`/v2/apps${path}`, `/v2/${encodeURIComponent(tail)}`, `/v2/queue${path}`]) {
            const answer = await api.inject({ method, url } as InjectOptions);
            assert.ok(answer.statusCode < 500, `${method} ${url}: ${answer.statusCode} ${answer.body}`);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
