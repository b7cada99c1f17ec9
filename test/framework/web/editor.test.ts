import assert from 'node:assert/strict';
import fc from 'fast-check';
import { requestSchemas } from '../../../framework/api/openapi/requests.js';
import { EXAMPLE, editable, found, problemsIn, readDraft } from '../../../framework/web/model/draft.js';
import { NotJson, placeOf, placesIn } from '../../../framework/web/model/json-places.js';
import { check, resolved, type Schema } from '../../../framework/web/model/schema-check.js';

const app = resolved({ $ref: '#/components/schemas/App' }, requestSchemas as Record<string, Schema>);
const sentences = (spec: object) => check(spec, app).map(({ sentence }) => sentence);

describe('web: editor of specs', () => {
  it('takes and refuses the same texts as JSON.parse', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '"\n"',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '1',
      '-',
      '.5',
      'true',
      'nul',
      ' ',
      '\n',
      '\\',
    );
    const texts = fc.oneof(
      fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
      fc.json({ maxDepth: 4 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const isTaken = (read: (text: string) => unknown) => {
          try {
            read(text);
            return true;
          } catch (error) {
            assert.ok(error instanceof NotJson || error instanceof SyntaxError);
            return false;
          }
        };
        assert.equal(isTaken(placesIn), isTaken(JSON.parse));
      }),
      { numRuns: 500 },
    );
  });

  it('knows where each value is', () => {
    const text = '{\n  "ports": [1, {"name": "x"}],\n  "id": "/a"\n}';
    const places = placesIn(text);
    const at = (path: string) => {
      const place = placeOf(places, path);
      return place && text.slice(place.start, place.end);
    };
    assert.deepEqual([at('/id'), at('/ports(1)/name'), at('/ports/0')], ['"/a"', '"x"', '1']);
    assert.deepEqual([at('/ports(1)/missing'), at('/'), at('/nothing/at/all')], ['{"name": "x"}', text, text]);
  });

  it('says in which line a text ceases to be JSON, and what is missing there', () => {
    const draft = readDraft('{\n  "id": "/a"\n  "cpus": 1\n}', null);
    assert.equal(draft.state, 'notJson');
    assert.deepEqual(
      draft.findings.map(({ line, sentence }) => [line, sentence]),
      [[3, 'a comma or } is expected here']],
    );
  });

  it('names field, value and remedy of what the schema of the API does not allow', () => {
    assert.deepEqual(sentences({ id: '/a', cpus: 'much', instances: -1, portDefinitions: [{ port: 70_000 }] }), [
      '/cpus is "much"; give a number',
      '/instances is -1; give 0 or more',
      '/portDefinitions(0)/port is 70000; give 65535 or less',
    ]);
    assert.deepEqual(sentences({ cmd: 'x' }), ['/id is missing; it is needed']);
    assert.deepEqual(sentences({ id: '/a', killSelection: 'ANY' }), [
      '/killSelection is "ANY"; take one of YOUNGEST_FIRST, OLDEST_FIRST',
    ]);
  });

  it('what it begins with is acceptable by the schema', () => {
    assert.deepEqual(check(JSON.parse(EXAMPLE), app), []);
  });

  it("finds the places of the API's details, whose last sentence is for people", () => {
    const text = '{\n"id": "/a",\n"cpus": -1\n}';
    const problems = problemsIn([{ path: '/cpus', errors: ['error.min', '/cpus is -1; give more'] }]);
    assert.deepEqual(found(text, problems), [
      {
        path: '/cpus',
        sentence: '/cpus is -1; give more',
        line: 3,
        start: text.indexOf('-1'),
        end: text.indexOf('-1') + 2,
      },
    ]);
  });

  it('leaves out what only the framework may say', () => {
    assert.deepEqual(JSON.parse(editable({ id: '/a', version: 'v', versionInfo: {} })), { id: '/a' });
  });
});
