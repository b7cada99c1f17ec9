/** The file of the audit: its size, what becomes of it, what can be in a line. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { AuditFile } from '../../../framework/access/audit-file.js';

describe('the file of the audit', () => {
  let directory: string;
  let told: { lines: number; cause: string }[];
  const log = pino({}, { write: (line: string) => void told.push(JSON.parse(line)) });
  const at = (name: string) => join(directory, name);
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'gaia-audit-'));
    told = [];
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const open = (bytesMax = 1000, filesMax = 3) => AuditFile.open({ file: at('audit'), bytesMax, filesMax, log });
  const numbers = (name: string) =>
    readFileSync(at(name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).n);

  it('has all lines in their order, for its owner only, and goes on with what there is', async () => {
    for (const from of [0, 3]) {
      const audit = await open();
      for (let n = from; n < from + 3; n += 1) audit.write({ n });
      await audit.close();
    }
    assert.deepEqual(numbers('audit'), [0, 1, 2, 3, 4, 5]);
    assert.equal(statSync(at('audit')).mode & 0o777, 0o600);
  });

  it('is put aside when it is full; no file is larger, and there are no more of them', async () => {
    const audit = await open(24, 3);
    for (let n = 10; n < 40; n += 1) audit.write({ n });
    await audit.close();
    assert.deepEqual(readdirSync(directory), ['audit', 'audit.1', 'audit.2']);
    for (const name of readdirSync(directory)) assert.ok(statSync(at(name)).size <= 24, name);
    assert.deepEqual([...numbers('audit.2'), ...numbers('audit.1'), ...numbers('audit')], [34, 35, 36, 37, 38, 39]);
  });

  it('begins a new line behind half of one', async () => {
    appendFileSync(at('audit'), '{"n":');
    const audit = await open();
    audit.write({ n: 1 });
    await audit.close();
    assert.equal(readFileSync(at('audit'), 'utf8'), '{"n":\n{"n":1}\n');
  });

  it('says what it could not write, and goes on when it can', async () => {
    const audit = await open(10, 2);
    audit.write({ n: 1 });
    await audit.close();
    const next = await open(10, 2);
    mkdirSync(at('audit.1'));
    next.write({ n: 2 });
    await next.close();
    assert.deepEqual(
      told.map(({ lines, cause }) => [lines, cause.slice(0, 6)]),
      [[1, 'EISDIR']],
    );
    rmSync(at('audit.1'), { recursive: true });
    next.write({ n: 3 });
    await next.close();
    assert.deepEqual([numbers('audit.1'), numbers('audit')], [[1], [3]]);
    const none = AuditFile.open({ file: at('none/audit'), bytesMax: 1, filesMax: 2, log });
    await assert.rejects(none, /--audit-file .*none\/audit cannot be written: ENOENT/);
  });

  it('keeps no more lines waiting than it may', async () => {
    const audit = await open(10_000_000);
    for (let n = 0; n < 10_005; n += 1) audit.write({ n });
    await audit.close();
    assert.equal(numbers('audit').length, 10_000);
    assert.deepEqual(
      told.map(({ lines, cause }) => [lines, cause]),
      [[5, 'too many lines waited for the disk']],
    );
  });

  it('has in a line what was said, and nothing that ends it or steers a terminal', async () => {
    const audit = await open();
    const user = 'a\n{"user":"forged"}\r\u2028\u001b[2J\u009b2J\u202e\u{1f600}\u007f';
    audit.write({ user });
    await audit.close();
    const text = readFileSync(at('audit'), 'latin1');
    assert.match(text, /^[\x20-\x7e]+\n$/);
    assert.equal(JSON.parse(text).user, user);
  });
});
