import assert from 'node:assert/strict';
import { toJson } from '../../../framework/spec.js';
import { accept, options, reject, web } from './bodies.js';

describe('spec: affinity', () => {
  it('has defaults, absolute ids, and comes back as it was given', () => {
    const affinity = [
      { app: '/cache', domain: 'rack', type: 'near', required: true },
      { app: 'db', type: 'apart' },
    ];
    const app = accept({ ...web, id: '/shop/web', affinity });
    const expected = [affinity[0], { app: '/shop/db', domain: 'host', type: 'apart', required: false }];
    assert.deepEqual(app.affinity, expected);
    assert.deepEqual(toJson(app).affinity, expected);
    assert.deepEqual(accept({ ...web, id: '/shop/web', affinity: app.affinity }).affinity, expected);
  });

  it('is left out when there is none, stays in a change that leaves it out, and goes by an empty list', () => {
    assert.equal('affinity' in toJson(accept(web)), false);
    const existing = accept({ ...web, affinity: [{ app: '/db', type: 'apart' }] });
    const patch = { ...options, mode: 'patch', existing } as const;
    assert.deepEqual(accept({ cpus: 2 }, patch).affinity, existing.affinity);
    assert.deepEqual(accept({ affinity: [] }, patch).affinity, []);
  });

  const refused: [name: string, row: object, status: number, path: string, sentence: RegExp][] = [
    ['no app', { type: 'near' }, 400, '/affinity(0)/app', /app is missing; give the id of the other app/],
    ['no type', { app: '/x' }, 400, '/affinity(0)/type', /type is missing; give near or apart/],
    ['another type', { app: '/x', type: 'on' }, 422, '/affinity(0)/type', /"on"; use one of near, apart/],
    ['itself', { app: '/web', type: 'near' }, 422, '/affinity(0)/app', /"\/web", the app itself; replication\.spread/],
    [
      'a domain of blanks',
      { app: '/x', type: 'near', domain: ' ' },
      422,
      '/affinity(0)/domain',
      /use zone, rack, host or/,
    ],
    [
      'a misspelt field',
      { app: '/x', type: 'near', require: true },
      422,
      '/affinity(0)/require',
      /no such field; use app/,
    ],
  ];
  for (const [name, row, status, path, sentence] of refused)
    it(`refuses ${name}`, () => {
      const found = reject({ ...web, affinity: [row] });
      assert.equal(found.status, status);
      const detail = found.body.details.find((one) => one.path === path);
      assert.match(detail?.errors.join(' ') ?? '', sentence);
    });

  it('refuses rows twice, and more wishes than placement can weigh', () => {
    const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ app: `/x${i}`, type: 'near' }));
    const errors = (affinity: object[]) => JSON.stringify(reject({ ...web, affinity }).body.details);
    assert.match(errors([...rows(1), ...rows(1)]), /twice; remove one/);
    assert.match(errors(rows(9)), /affinity has 9 entries that are not required; use at most 8/);
    assert.equal(accept({ ...web, affinity: rows(9).map((row) => ({ ...row, required: true })) }).affinity.length, 9);
  });
});
