import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeRecord, RecordDecoder, RecordIOError } from '../../../framework/mesos-http-client/index.js';

function decodeAll(chunks: readonly Uint8Array[], recordBytesMax?: number): string[] {
  const decoder = new RecordDecoder(recordBytesMax);
  return chunks.flatMap((chunk) => [...decoder.push(chunk)].map((record) => record.toString('utf8')));
}

/** `bytes` cut at the given positions, whatever their order. */
function cutAt(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const cuts = [0, ...positions.map((p) => p % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
}

describe('RecordIO', () => {
  it('frames a record by its length in bytes, not in characters', () => {
    assert.equal(encodeRecord('{"a":1}').toString(), '7\n{"a":1}');
    assert.equal(encodeRecord('grüße').toString(), '7\ngrüße');
    assert.deepEqual(encodeRecord(Uint8Array.of(0, 10, 255)), Buffer.from([0x33, 0x0a, 0, 10, 255]));
  });

  it('decodes a stream cut into two at every byte, within lengths and characters too', () => {
    const records = ['{"type":"HEARTBEAT"}', 'grüße 漢字 👋🏽', '', '12\n34'];
    const stream = Buffer.concat(records.map(encodeRecord));
    for (let cut = 0; cut <= stream.length; cut += 1) {
      assert.deepEqual(decodeAll([stream.subarray(0, cut), stream.subarray(cut)]), records, `cut at ${cut}`);
    }
  });

  it('decodes any records however the stream is cut', () => {
    const anyText = fc.string({ unit: 'grapheme', maxLength: 40 });
    fc.assert(
      fc.property(fc.array(anyText, { maxLength: 8 }), fc.array(fc.nat(400), { maxLength: 30 }), (records, cuts) => {
        assert.deepEqual(decodeAll(cutAt(Buffer.concat(records.map(encodeRecord)), cuts)), records);
      }),
    );
  });

  it('decodes any bytes one byte at a time', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), (records) => {
        const decoder = new RecordDecoder();
        const stream = Buffer.concat(records.map(encodeRecord));
        const decoded = [...stream].flatMap((byte) => [...decoder.push(Uint8Array.of(byte))]);
        assert.deepEqual(
          decoded,
          records.map((record) => Buffer.from(record)),
        );
        assert.equal(decoder.inRecord, false);
      }),
    );
  });

  it('keeps records when the chunk they came in is overwritten', () => {
    const chunk = encodeRecord('abc');
    const [record] = new RecordDecoder().push(chunk);
    chunk.fill(0);
    assert.equal(record?.toString(), 'abc');
  });

  it('knows whether a stream was cut off within a record', () => {
    const decoder = new RecordDecoder();
    assert.equal(decoder.inRecord, false);
    for (const [chunk, inRecord] of [
      ['3', true],
      ['\nab', true],
      ['c', false],
    ] as const) {
      Array.from(decoder.push(Buffer.from(chunk)));
      assert.equal(decoder.inRecord, inRecord, chunk);
    }
  });

  it('takes a record of the longest length and refuses one byte more, before it comes', () => {
    assert.deepEqual(decodeAll([encodeRecord('12345')], 5), ['12345']);
    assert.throws(() => decodeAll([Buffer.from('6\n')], 5), /a record of 6 bytes or more is announced, the limit is 5/);
    assert.throws(() => decodeAll([Buffer.from('9'.repeat(1000))], 5), RecordIOError);
  });

  it('gives out the records before a fault, also of the same chunk', () => {
    const decoder = new RecordDecoder();
    const records: string[] = [];
    assert.throws(() => {
      for (const record of decoder.push(Buffer.from('1\na2\nbc?'))) records.push(record.toString());
    }, RecordIOError);
    assert.deepEqual(records, ['a', 'bc']);
  });

  it('refuses what is not a length, and everything after', () => {
    for (const bad of ['{"type":"HEARTBEAT"}', '\n', '-1\n', ' 3\nabc', '3\r\nabc', '0x3\nabc', '<html>']) {
      const decoder = new RecordDecoder();
      assert.throws(() => [...decoder.push(Buffer.from(bad))], RecordIOError, bad);
      assert.throws(() => [...decoder.push(encodeRecord('fine'))], RecordIOError, `after ${bad}`);
    }
  });
});
