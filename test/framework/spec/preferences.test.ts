import assert from 'node:assert/strict';
import { toJson } from '../../../framework/spec.js';
import { accept, options, reject, web } from './bodies.js';

describe('spec: preferences', () => {
  const rows = [
    ['rack', 'UNIQUE'],
    ['disk', 'LIKE', 'ssd'],
  ];

  it('are rows like constraints, and come back as they were given', () => {
    const app = accept({ ...web, preferences: rows });
    assert.deepEqual(app.preferences[1], { field: 'disk', operator: 'LIKE', value: 'ssd' });
    assert.deepEqual(toJson(app).preferences, rows);
    assert.deepEqual(app.constraints, []);
    const patch = { ...options, mode: 'patch', existing: app } as const;
    assert.deepEqual(accept({ cpus: 2 }, patch).preferences, app.preferences);
    assert.equal('preferences' in toJson(accept({ preferences: [] }, patch)), false);
  });

  it('are refused with their place', () => {
    const errors = (preferences: unknown[]) => JSON.stringify(reject({ ...web, preferences }).body.details);
    assert.match(
      errors([
        ['rack', 'UNIQUE'],
        ['rack', 'MAX_PER', 'x'],
      ]),
      /preferences\(1\).*preference 1 is .*whole number/,
    );
    assert.match(errors([['rack']]), /preferences\(0\).*either 2 or 3 fields/);
    assert.match(errors([...rows, ...rows]), /twice; remove one/);
    const many = Array.from({ length: 9 }, (_, i) => [`a${i}`, 'UNIQUE']);
    assert.match(errors(many), /preferences has 9 entries that are not required; use at most 8/);
  });
});
