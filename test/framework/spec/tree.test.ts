import assert from 'node:assert/strict';
import type { AppSpec } from '../../../framework/app.js';
import { checkTree, parse } from '../../../framework/spec.js';

function app(id: string, ...dependencies: string[]): AppSpec {
  const version = '2026-01-02T03:04:05.678Z';
  const result = parse({ id, cmd: 'sleep 1', dependencies }, { mode: 'create', existing: null, version });
  assert.ok(result.ok);
  return result.spec;
}

describe('spec: rules between apps', () => {
  it('accepts a chain', () => {
    assert.equal(checkTree([app('/a', '/b'), app('/b', '/c'), app('/c')], []), null);
  });

  it('names the apps of a cycle', () => {
    const rejection = checkTree([app('/x', '/a'), app('/a', '/b'), app('/b', '/c', '/x2'), app('/c', '/a')], []);
    assert.deepEqual(rejection?.body.details, [
      {
        path: '/dependencies',
        errors: [
          'Dependency graph has cyclic dependencies.',
          '/a needs /b needs /c needs /a; remove one of these dependencies',
        ],
      },
    ]);
  });

  it('survives a long chain', () => {
    const chain = Array.from({ length: 20_000 }, (_, i) => ({
      ...app('/a'),
      id: `/n${i}`,
      dependencies: [`/n${i + 1}`],
    }));
    assert.equal(checkTree(chain, []), null);
  });

  it('refuses an app at the path of a group, both ways', () => {
    for (const [there, fresh] of [
      ['/a/b', '/a'],
      ['/a', '/a/b'],
    ] as const) {
      const added = app(fresh);
      const rejection = checkTree([app(there), added], [added]);
      assert.equal(rejection?.body.details[0]?.errors[0], 'Groups and Applications may not have the same identifier.');
    }
    assert.equal(checkTree([app('/ab'), app('/a')], [app('/a')]), null);
  });
});
