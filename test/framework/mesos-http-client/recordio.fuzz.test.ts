import assert from 'node:assert/strict';
import { encodeRecord, RecordDecoder, RecordIOError } from '../../../framework/mesos-http-client/index.js';
import { damagedBytes } from '../../damage.js';
import { fuzz } from '../../fuzzing.js';
import type { Below } from '../../random.js';

const recordBytesMax = 100;

/** What the framing means, read from all bytes at once: records, then a fault or what is cut off. */
function understood(bytes: Buffer): { records: string[]; isFaulty: boolean; isCutOff: boolean } {
  const records: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [digits = ''] = /^\d*/.exec(bytes.toString('latin1', at)) ?? [];
    const end = at + digits.length;
    const isFaulty = Number(digits) > recordBytesMax || (end < bytes.length && (digits === '' || bytes[end] !== 0x0a));
    const next = end + 1 + Number(digits);
    if (isFaulty || end >= bytes.length || next > bytes.length) return { records, isFaulty, isCutOff: !isFaulty };
    records.push(bytes.toString('latin1', end + 1, next));
    at = next;
  }
  return { records, isFaulty: false, isCutOff: false };
}

function streamOf(pick: Below): Buffer {
  const records = Array.from({ length: 1 + pick(5) }, () => Buffer.alloc(pick(recordBytesMax + 1), 'a1\n9é'));
  return damagedBytes(Buffer.concat(records.map(encodeRecord)), pick);
}

/** Pieces of any length, as HTTP cuts them. */
function* cut(bytes: Buffer, pick: Below): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + pick(bytes.length - at);
    yield bytes.subarray(at, end);
    at = end;
  }
}

describe('RecordIO', () => {
  fuzz('a damaged stream ends in its records or RecordIOError, however it is cut', (pick) => {
    const bytes = streamOf(pick);
    const expected = understood(bytes);
    const decoder = new RecordDecoder(recordBytesMax);
    const records: string[] = [];
    let error: unknown = null;
    try {
      for (const piece of cut(bytes, pick))
        for (const record of decoder.push(piece)) {
          assert.ok(record.length <= recordBytesMax, `a record of ${record.length} bytes`);
          records.push(record.toString('latin1'));
        }
    } catch (thrown) {
      error = thrown;
    }
    assert.deepEqual(records, expected.records);
    assert.equal(error instanceof RecordIOError, expected.isFaulty, String(error));
    if (error === null) assert.equal(decoder.inRecord, expected.isCutOff);
    else assert.throws(() => [...decoder.push(encodeRecord('fine'))], RecordIOError);
  });
});
