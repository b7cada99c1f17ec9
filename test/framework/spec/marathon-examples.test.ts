/** Each is accepted or refused as Marathon does it; what Marathon accepts and this version does not is named. */
import assert from 'node:assert/strict';
import { parse, parseGroup, toJson } from '../../../framework/spec.js';
import { options, reject } from './bodies.js';
import { accepted, notHere, refused, sleep } from './marathon-bodies.js';

describe("spec: Marathon's examples", () => {
  for (const [name, body, shown = {}] of accepted) {
    it(`accepts ${name}`, () => {
      const result = parse(body, options);
      assert.ok(result.ok, JSON.stringify(result));
      assert.deepEqual(result.ignored, []);
      const json = toJson(result.spec);
      for (const [field, value] of Object.entries(shown)) assert.deepEqual(json[field], value, field);
      const again = parse(json, options);
      assert.ok(
        again.ok && JSON.stringify(toJson(again.spec)) === JSON.stringify(json),
        'what is shown may be sent back',
      );
    });
  }

  for (const [name, body, path, words] of refused) {
    it(`refuses ${name}`, () => {
      const { status, body: answer } = reject(body);
      assert.deepEqual([status, answer.message], [422, 'Object is not valid']);
      const told = answer.details.find((detail) => detail.path === path);
      assert.ok(told?.errors.includes(words), JSON.stringify(answer.details));
    });
  }

  for (const [name, body, ...fields] of notHere) {
    it(`names what it cannot do of ${name}`, () => {
      const { details } = reject(body).body;
      for (const field of fields)
        assert.ok(
          details.some(({ path }) => path === field),
          JSON.stringify(details),
        );
    });
  }

  it('accepts groups in all the forms that are documented', () => {
    const apps = [1, 2].map((n) => ({
      id: `/sleepers/inner/app-${n}`,
      ...sleep,
      dependencies: [],
      disk: 0,
      instances: 1,
    }));
    const bodies: object[] = [
      {
        id: '/sleepers',
        apps: [],
        dependencies: [],
        groups: [{ id: '/sleepers/inner', apps, dependencies: [], groups: [] }],
      },
      {
        id: '/',
        apps: [],
        groups: [
          {
            id: 'product',
            groups: [
              { id: 'database', apps: [{ id: 'mongo', ...sleep }] },
              { id: 'service', dependencies: ['/product/database'], apps: [{ id: 'rails', ...sleep }] },
            ],
          },
        ],
        dependencies: [],
        version: null,
      },
      { id: '/x', scaleBy: 2 },
      { id: '/x', scaleBy: 1.5 },
      { version: '2014-03-01T23:29:30.158Z' },
      { id: '/x', enforceRole: false },
      {},
    ];
    for (const body of bodies) assert.equal(parseGroup(body, '/').ok, true, JSON.stringify(body));
    assert.equal(parseGroup({ scaleBy: -1 }, '/').ok, false);
    assert.equal(parseGroup({ scaleBy: '2' }, '/').ok, false);
    assert.equal(parseGroup({ apps: {} }, '/').ok, false);
    assert.equal(parseGroup({ id: '/Upper' }, '/').ok, false);
    assert.equal(parseGroup([], '/').ok, false);
  });
});
