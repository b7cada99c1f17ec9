import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { LineSplitter } from '../../executor/control.js';
import { LastLines } from '../../executor/last-lines.js';
import { withDirectory } from './fixtures.js';

describe('executor control channel', () => {
  it('cuts the same lines for any chunking, also inside characters', () => {
    const lines = fc.array(
      fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ' ')),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(lines, fc.array(fc.nat(9), { minLength: 1 }), (wanted, sizes) => {
        const bytes = Buffer.from(wanted.map((line) => `${line}\n`).join(''));
        const splitter = new LineSplitter();
        const got: string[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const end = at + (sizes[turn % sizes.length] as number) + 1;
          got.push(...splitter.push(bytes.subarray(at, end)));
          at = end;
        }
        assert.deepEqual(got, wanted);
      }),
    );
  });

  it('drops a line beyond 64 KiB whole and goes on with the next', () => {
    const splitter = new LineSplitter();
    const half = Buffer.alloc(40_000, 'x');
    assert.deepEqual([...splitter.push(half), ...splitter.push(half), ...splitter.push(half)], []);
    assert.deepEqual(splitter.push(Buffer.from('rest\nnext\n')), ['next']);
  });
});

describe('executor last lines', () => {
  const written = (earlier: string, out: string, err: string) =>
    withDirectory((directory) => {
      const files = ['stdout', 'stderr'].map((name) => openSync(join(directory, name), 'a'));
      for (const file of files) writeSync(file, earlier);
      const lastLines = new LastLines(files);
      writeSync(files[0] as number, out);
      writeSync(files[1] as number, err);
      const read = lastLines.read();
      for (const file of files) closeSync(file);
      return read;
    });

  it('are those of the program, of both streams, and none of what was there before', async () => {
    assert.equal(await written('earlier\n', '', ''), '');
    assert.equal(await written('earlier\n', 'out\n', ''), 'out');
    assert.equal(await written('earlier\n', 'out\n', 'err\n'), 'out\nerr');
  });

  it('are at most 1 KiB and begin with a whole line', async () => {
    const long = Array.from({ length: 500 }, (_, index) => `line ${index}\n`).join('');
    const read = await written('', long, '');
    assert.ok(read.length <= 1024 && read.length > 900, `${read.length}`);
    assert.match(read, /^line \d+\n/);
    assert.match(read, /line 499$/);
    assert.ok((await written('', long, long)).length <= 1025);
    assert.equal((await written('', 'x'.repeat(5000), '')).length, 1024);
  });

  it('are empty when the streams are not files', () => {
    const file = openSync('/dev/null', 'w');
    assert.equal(new LastLines([file]).read(), '');
    closeSync(file);
  });
});
