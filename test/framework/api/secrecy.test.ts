/** What is told to nobody: the keys of groups, and what is in the files of secrets. */
import assert from 'node:assert/strict';
import { openApiDocument } from '../../../framework/api/openapi/document.js';
import { settled } from '../model/running.js';
import { World } from '../model/world.js';
import { WorldService } from '../model/world-service.js';
import { api, buildOver, call } from './harness.js';

const small = { cmd: 'exec sleep 1000', cpus: 0.1, mem: 16 };
const password = 'correct horse battery staple';

describe('API, secrecy', () => {
  let world: World;
  let service: WorldService;

  before(async () => {
    world = new World();
    world.secrets.set('db', password);
    world.connect();
    service = new WorldService(world);
    buildOver(service, { now: () => world.now });
    const withSecret = { env: { PASSWORD: { secret: 'db' } }, secrets: { db: { source: 'db' } } };
    for (const app of [
      { id: '/ledger', ...small, instances: 3, replication: {}, ...withSecret },
      { id: '/web', ...small, ...withSecret },
    ])
      assert.equal((await call('POST', '/v2/apps', app)).status, 201);
    world.until(settled);
  });
  after(() => api.close());

  it('no answer, event or line of the log has them; agents do', async () => {
    const stored = [...world.stored.values()].join('\n');
    const keys = [...stored.matchAll(/"(?:secret|seed)Hex":"([0-9a-f]{64})"/g)].map(([, key]) => key as string);
    assert.equal(keys.length, 2);
    const hidden = [password, ...keys];
    const told = [JSON.stringify(world.published), JSON.stringify(world.logged)];
    for (const path of Object.keys(openApiDocument().paths)) {
      for (const id of ['ledger', 'web']) {
        const { body } = await call(
          'GET',
          path.replaceAll(/\{\w+\}/g, id).replace('/v2/events', '/v2/events?follow=false'),
        );
        told.push(JSON.stringify(body));
      }
    }
    assert.ok(told.join('').length > 20_000);
    for (const secret of hidden) assert.ok(!told.some((text) => text.includes(secret)), secret);
    assert.ok(!stored.includes(password));
    const orders = JSON.stringify(world.calls).replaceAll(/"data":"([^"]*)"/g, (_, data) =>
      String(Buffer.from(data, 'base64')),
    );
    for (const secret of hidden) assert.ok(orders.includes(secret), secret);
  });
});
