import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compilePattern } from '../../placement/pattern.js';
import { randomFrom } from '../random.js';

describe('pattern', () => {
  it('agrees with the engine of the language on random patterns and texts', () => {
    const atom = fc.constantFrom(
      'a',
      'b',
      '.',
      '[ab]',
      '[^a]',
      '[a-c]',
      '\\d',
      '\\w',
      '\\.',
      '1',
      '-',
      '^',
      '$',
      '\\S',
    );
    const piece = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        atom,
        fc.tuple(tie('node'), tie('node')).map(([a, b]) => a + b),
        fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(?:${a}|${b})`),
        fc
          .tuple(tie('node'), fc.constantFrom('*', '+', '?', '{2}', '{1,}', '{0,2}', '*?'))
          .map(([a, q]) => `(${a})${q}`),
      ),
    })).node;
    const text = fc.array(fc.constantFrom('a', 'b', 'c', '1', '.', '-'), { maxLength: 6 }).map((cs) => cs.join(''));
    fc.assert(
      fc.property(piece, fc.array(text, { minLength: 1, maxLength: 4 }), (source, values) => {
        const [matches, expression] = [compilePattern(source), new RegExp(`^(?:${source})$`)];
        for (const value of values) assert.equal(matches(value), expression.test(value), value);
      }),
      { numRuns: 1500 },
    );
  });

  it('agrees with it when there are more states than are remembered', () => {
    const source = '(a|b)*a(a|b){12}';
    const [matches, expression] = [compilePattern(source), new RegExp(`^(?:${source})$`)];
    const random = randomFrom(1);
    for (let i = 0; i < 4000; i++) {
      const value = Array.from({ length: 24 }, () => (random() < 0.5 ? 'a' : 'b')).join('');
      assert.equal(matches(value), expression.test(value), value);
    }
  });

  it('is compiled once, as long as it is asked for', () => {
    const first = compilePattern('first-.*');
    for (let i = 0; i < 200; i++) {
      compilePattern(`other-${i}`);
      assert.equal(compilePattern('first-.*'), first);
    }
    const other = compilePattern('other-199');
    for (let i = 0; i < 200; i++) compilePattern(`third-${i}`);
    assert.notEqual(compilePattern('other-199'), other);
  });

  it('matches the whole text only', () => {
    const matches = compilePattern('rack-\\d+');
    assert.equal(matches('rack-12'), true);
    assert.equal(matches('my-rack-12'), false);
    assert.equal(matches('rack-12b'), false);
  });

  for (const source of ['(a|a)*b', '(a+)+b', '(a*)*b', '(.*.*)*b', '(a{0,30}){0,30}b', 'a*'.repeat(200)]) {
    it(`is not held up by ${source.slice(0, 30)}`, () => {
      assert.equal(compilePattern(source)(`${'a'.repeat(200)}!`), false);
    });
  }

  it('does not match texts over its limit', () => {
    assert.equal(compilePattern('a*')('a'.repeat(4096)), true);
    assert.equal(compilePattern('a*')('a'.repeat(4097)), false);
  });

  const refused: [string, RegExp][] = [
    ['(a', /"\(" without its "\)"/],
    ['a)', /"\)" without its "\("/],
    ['[a', /"\[" without its "\]"/],
    ['[]', /empty class/],
    ['[z-a]', /runs backwards/],
    ['*a', /nothing before it/],
    ['a**', /quantifier after a quantifier/],
    ['a*+', /possessive/],
    ['a{2', /"\{" that is not/],
    ['a{3,2}', /n below m/],
    ['a{9999}', /above 1000/],
    ['((a{1000}){1000}){1000}', /repeats too much/],
    ['(?=a)', /look-around/],
    ['(?i)a', /flags/],
    ['(a)\\1', /"\\1", which is not supported/],
    ['a\\', /"\\" at the end/],
    ['[a&&b]', /class within a class/],
    ['a'.repeat(513), /at most 512/],
  ];
  for (const [source, message] of refused) {
    it(`refuses ${source.slice(0, 30)} with a sentence`, () => {
      assert.throws(
        () => compilePattern(source),
        (error) => error instanceof SyntaxError && message.test(error.message),
      );
    });
  }
});
