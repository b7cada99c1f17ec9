/**
 * RecordIO: the framing of Mesos' event streams. A record is its length in bytes as decimal digits, a line feed, and
 * the bytes. Nothing separates records, and HTTP chunks may begin and end anywhere, also inside a length or inside a
 * multi-byte character; so everything here works on bytes.
 */

const LINE_FEED = 0x0a;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

export const DEFAULT_RECORD_BYTES_MAX = 64 * 1024 * 1024;

export class RecordIOError extends Error {
  override readonly name = 'RecordIOError';
}

/** One record with its frame. Text is encoded as UTF-8. */
export function encodeRecord(record: Uint8Array | string): Buffer {
  const body = typeof record === 'string' ? Buffer.from(record, 'utf8') : record;
  return Buffer.concat([Buffer.from(`${body.length}\n`, 'latin1'), body]);
}

/**
 * Takes a stream apart into records, whatever its chunks are. After an error the position in the stream is lost:
 * the decoder refuses further chunks, and the connection is to be dropped.
 */
export class RecordDecoder {
  readonly #recordBytesMax: number;
  /** Value of the digits read so far; null before the first digit. */
  #length: number | null = null;
  /** The record being filled; null while a length is being read. */
  #record: Buffer | null = null;
  #filled = 0;
  #error: RecordIOError | null = null;

  /** @param recordBytesMax longest record accepted, in bytes */
  constructor(recordBytesMax: number = DEFAULT_RECORD_BYTES_MAX) {
    this.#recordBytesMax = recordBytesMax;
  }

  /** True while a record has begun and not ended: a stream that ends here has been cut off. */
  get inRecord(): boolean {
    return this.#length !== null;
  }

  /**
   * The records that `chunk` completes, in order; to be iterated to the end before the next chunk. They do not share
   * memory with `chunk`. Records before a fault are given out, wherever the chunk began.
   * @throws RecordIOError, while iterating, if the stream is not RecordIO or a record is longer than the limit
   */
  *push(chunk: Uint8Array): Generator<Buffer, void> {
    if (this.#error) throw this.#error;
    let position = 0;
    while (position < chunk.length) {
      position = this.#record ? this.#fill(this.#record, chunk, position) : this.#readLength(chunk, position);
      if (this.#record?.length === this.#filled) yield this.#take(this.#record);
    }
  }

  #fill(record: Buffer, chunk: Uint8Array, position: number): number {
    const end = Math.min(chunk.length, position + record.length - this.#filled);
    record.set(chunk.subarray(position, end), this.#filled);
    this.#filled += end - position;
    return end;
  }

  #readLength(chunk: Uint8Array, position: number): number {
    const byte = chunk[position] as number;
    if (byte === LINE_FEED && this.#length !== null) this.#begin(this.#length);
    else if (byte >= DIGIT_0 && byte <= DIGIT_9) this.#length = this.#grown(byte - DIGIT_0);
    else this.#fail(`byte 0x${byte.toString(16).padStart(2, '0')} where a record length in decimal digits belongs`);
    return position + 1;
  }

  #grown(digit: number): number {
    const length = (this.#length ?? 0) * 10 + digit;
    if (length > this.#recordBytesMax) {
      this.#fail(`a record of ${length} bytes or more is announced, the limit is ${this.#recordBytesMax}`);
    }
    return length;
  }

  #begin(length: number): void {
    this.#record = Buffer.alloc(length);
    this.#filled = 0;
  }

  #take(record: Buffer): Buffer {
    this.#record = null;
    this.#length = null;
    return record;
  }

  #fail(what: string): never {
    this.#error = new RecordIOError(`not a RecordIO stream: ${what}`);
    throw this.#error;
  }
}
