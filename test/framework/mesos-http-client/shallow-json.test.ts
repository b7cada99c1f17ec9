/** JSON from elsewhere is read as `JSON.parse` reads it, unless it is nested too deeply. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseShallowJson } from '../../../framework/mesos-http-client/index.js';
import { jsonLevelsMax } from '../../../framework/mesos-http-client/shallow-json.js';

const nested = (levels: number, inner = '') =>
  `${'[{"a":'.repeat(levels / 2)}${inner || 'null'}${'}]'.repeat(levels / 2)}`;

describe('shallow JSON', () => {
  it('is what JSON.parse makes of it', () => {
    const strange = fc.stringMatching(/^[\\"[\]{}]{0,12}$/);
    const text = fc.oneof(
      fc.json({ maxDepth: 6 }),
      fc.array(fc.oneof(fc.string(), strange)).map((strings) => JSON.stringify({ [strings.join()]: strings })),
      strange,
    );
    const outcome = (read: (text: string) => unknown, from: string) => {
      try {
        return read(from);
      } catch (error) {
        return (error as Error).name;
      }
    };
    fc.assert(
      fc.property(text, (from) => assert.deepEqual(outcome(parseShallowJson, from), outcome(JSON.parse, from))),
    );
  });

  it('is refused when it is nested deeper than the limit, however it ends', () => {
    assert.deepEqual(parseShallowJson(nested(jsonLevelsMax)), JSON.parse(nested(jsonLevelsMax)));
    const told = { name: 'SyntaxError', message: 'nested deeper than 64 levels' };
    for (const text of [nested(jsonLevelsMax, '[]'), nested(1e6), '['.repeat(1e6), `{"a":1,"b":${nested(66)}}`])
      assert.throws(() => parseShallowJson(text), told);
    const beside = `[${Array(1000)
      .fill(nested(jsonLevelsMax - 2))
      .join()}]`;
    assert.equal((parseShallowJson(beside) as unknown[]).length, 1000);
    assert.equal(parseShallowJson(JSON.stringify('['.repeat(1000))), '['.repeat(1000));
  });
});
