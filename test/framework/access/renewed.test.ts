/** Files that are renewed under a running process. */
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Renewed } from '../../../framework/access/renewed.js';
import { until } from '../../conformance/wait.js';

describe('files that are renewed', () => {
  let directory: string;
  const at = (name: string) => join(directory, name);
  /** At once: a file that is written in place can be seen empty. */
  const replace = (name: string, text: string) => {
    writeFileSync(at('written'), text);
    renameSync(at('written'), at(name));
  };
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'gaia-renewed-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  it('are read again when they change, and stay as they were while there is a mistake in them', async () => {
    const lines: string[] = [];
    const log = pino(
      { base: null, timestamp: false },
      { write: (line: string) => void lines.push(JSON.parse(line).msg) },
    );
    const read = async () => {
      const text = await readFile(at('file'), 'utf8');
      if (text.includes('wrong')) throw new Error('it is wrong');
      return text;
    };
    writeFileSync(at('one'), 'first');
    symlinkSync(at('one'), at('file'));
    const renewed = await Renewed.open({ what: 'letters', files: [at('file')], read, log, everyMs: 5 });
    const told: string[] = [];
    renewed.onChange((value) => told.push(value));
    assert.equal(renewed.current, 'first');
    replace('one', 'second');
    await until('the second', () => renewed.current === 'second');
    replace('one', 'wrong');
    await until('the mistake', () => lines.length === 2);
    assert.equal(renewed.current, 'second');
    writeFileSync(at('two'), 'third');
    symlinkSync(at('two'), at('next'));
    renameSync(at('next'), at('file'));
    await until('the third, behind a link that was moved', () => renewed.current === 'third');
    assert.deepEqual(told, ['second', 'third']);
    const kept = 'letters not read again, what was read before holds: it is wrong';
    assert.deepEqual(lines, ['letters read again', kept, 'letters read again']);
  });
});
