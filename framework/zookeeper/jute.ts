import { ZooKeeperError } from './error.js';

/** Jute, ZooKeeper's encoding: big-endian numbers; strings and buffers behind their length, -1 for none. */
export class JuteWriter {
  readonly #parts: Buffer[] = [];

  int(value: number): this {
    const part = Buffer.allocUnsafe(4);
    part.writeInt32BE(value);
    return this.#add(part);
  }

  long(value: bigint): this {
    const part = Buffer.allocUnsafe(8);
    part.writeBigInt64BE(value);
    return this.#add(part);
  }

  bool(value: boolean): this {
    return this.#add(Buffer.from([value ? 1 : 0]));
  }

  buffer(value: Uint8Array): this {
    return this.int(value.length).#add(Buffer.from(value.buffer, value.byteOffset, value.length));
  }

  string(value: string): this {
    return this.buffer(Buffer.from(value));
  }

  /** With the length in front, as it goes over the connection. */
  frame(): Buffer {
    const bytes = this.#parts.reduce((sum, part) => sum + part.length, 0);
    const length = Buffer.allocUnsafe(4);
    length.writeInt32BE(bytes);
    return Buffer.concat([length, ...this.#parts], bytes + 4);
  }

  #add(part: Buffer): this {
    this.#parts.push(part);
    return this;
  }
}

/** Reads one frame. @throws ZooKeeperError `protocol` when it is shorter than it says */
export class JuteReader {
  #at = 0;

  constructor(readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.#at;
  }

  int(): number {
    return this.bytes.readInt32BE(this.#take(4));
  }

  long(): bigint {
    return this.bytes.readBigInt64BE(this.#take(8));
  }

  bool(): boolean {
    return this.bytes[this.#take(1)] !== 0;
  }

  /** Empty where there is none. */
  buffer(): Buffer {
    const length = Math.max(0, this.int());
    const start = this.#take(length);
    return this.bytes.subarray(start, start + length);
  }

  string(): string {
    return this.buffer().toString('utf8');
  }

  strings(): string[] {
    const count = Math.max(0, this.int());
    // Each has a length of four bytes at least: a count beyond that is no reason to make a list of it.
    if (count > this.left / 4) throw short();
    return Array.from({ length: count }, () => this.string());
  }

  /** Gives back where the next `bytes` begin. */
  #take(bytes: number): number {
    const start = this.#at;
    if (bytes > this.left) throw short();
    this.#at += bytes;
    return start;
  }
}

function short(): ZooKeeperError {
  return new ZooKeeperError('protocol', 'a record of the ZooKeeper server is shorter than it says');
}

/** Cuts what a connection brings into frames. */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(private readonly bytesMax: number) {}

  /** @throws ZooKeeperError `protocol` for a frame of a length that cannot be */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const frames: Buffer[] = [];
    for (let frame = this.#next(); frame; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Buffer | null {
    if (this.#bytes < 4) return null;
    const length = this.#joined(4).readInt32BE(0);
    if (length < 0 || length > this.bytesMax)
      throw new ZooKeeperError('protocol', `a frame of ${length} bytes came; at most ${this.bytesMax} are taken`);
    if (this.#bytes < length + 4) return null;
    const all = this.#joined(this.#bytes);
    this.#chunks = [all.subarray(length + 4)];
    this.#bytes -= length + 4;
    return all.subarray(4, length + 4);
  }

  /** The first chunk, once it has `bytes`: what is large is joined once, when it is complete. */
  #joined(bytes: number): Buffer {
    if ((this.#chunks[0]?.length ?? 0) < bytes) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0] as Buffer;
  }
}
