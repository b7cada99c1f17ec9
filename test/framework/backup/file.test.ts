/** The form of a backup: what was written is read, and nothing else is taken for it. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { BackupError, formatBackup, parseBackup } from '../../../framework/backup/file.js';
import { memberNumbersSkipped, restored } from '../../../framework/backup/restored.js';

const at = '2026-01-02T03:04:05.678Z';
const some = formatBackup({ at, entries: [['task:1', { text: 'ä\n"' }]] });

describe('backup: the file', () => {
  it('gives back what was written', () => {
    const entry = fc.tuple(
      fc.string(),
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.constant(null))),
    );
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const backup = { at, entries: JSON.parse(JSON.stringify(entries)) };
        assert.deepEqual(parseBackup(formatBackup(backup)), backup);
      }),
    );
  });

  it('is refused when any character of it has been changed', () => {
    for (let place = 0; place < some.length; place += 1) {
      const other = some[place] === 'x' ? 'y' : 'x';
      assert.throws(
        () => parseBackup(some.slice(0, place) + other + some.slice(place + 1)),
        BackupError,
        `at ${place}`,
      );
    }
  });

  it('is refused when it has been cut off anywhere, or something follows', () => {
    for (let length = 0; length < some.length; length += 1)
      assert.throws(() => parseBackup(some.slice(0, length)), BackupError, `after ${length}`);
    assert.throws(() => parseBackup(`${some}\n`), BackupError);
  });

  for (const [what, text, cause] of [
    ['another file', 'hello\n', /it is no backup of gaia/],
    ['another form', some.replace('"version":1', '"version":2'), /it has version 2 of the format/],
    ['another schema', some.replace('"schema":1', '"schema":9'), /its records have schema version 9/],
  ] as const) {
    it(`is refused as ${what}`, () => assert.throws(() => parseBackup(text), cause));
  }
});

describe('backup: what is restored', () => {
  it('gives no number of a member again that may have been given since the backup', () => {
    const [group, plain, other] = restored([
      ['app:/a', { id: '/a', group: { nextMember: 4, generation: 2 } }],
      ['app:/b', { id: '/b', group: null }],
      ['task:1', { id: '1', group: { nextMember: 4 } }],
    ]);
    assert.deepEqual(group, ['app:/a', { id: '/a', group: { nextMember: 4 + memberNumbersSkipped, generation: 2 } }]);
    assert.deepEqual(plain, ['app:/b', { id: '/b', group: null }]);
    assert.deepEqual(other, ['task:1', { id: '1', group: { nextMember: 4 } }]);
  });
});
