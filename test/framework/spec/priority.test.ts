import assert from 'node:assert/strict';
import { toJson } from '../../../framework/spec.js';
import { accept, reject, web } from './bodies.js';

describe('spec: priority', () => {
  it('is 0, or what is given, and comes back', () => {
    assert.equal(accept(web).priority, 0);
    assert.equal('priority' in toJson(accept(web)), false);
    for (const priority of [-1000, -1, 1, 1000]) {
      const app = accept({ ...web, priority });
      assert.deepEqual([app.priority, toJson(app).priority], [priority, priority]);
      const patch = { mode: 'patch', existing: app } as const;
      assert.equal(accept({ cpus: 2 }, patch).priority, priority);
    }
  });

  it('is a whole number within bounds', () => {
    for (const priority of [1001, -1001, 0.5, '1', true]) {
      const { status, body } = reject({ ...web, priority });
      assert.ok(status === 400 || status === 422);
      assert.match(JSON.stringify(body.details), /priority/);
    }
  });
});
