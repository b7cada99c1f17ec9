/** A client of the Redis protocol (RESP2) for tests and benchmarks that control pipelining and connections themselves. */
import { Socket } from 'node:net';

/** Status, integers and bulk strings as text. Errors lie in arrays and in what `pipeline` gives; elsewhere they reject. */
export type Reply = string | null | Error | Reply[];

export type Word = string | number | Buffer;

interface Waiter {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/** One command in the Redis protocol. */
export function encode(...words: Word[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = Buffer.isBuffer(word) ? word : Buffer.from(String(word));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/** One client connection; requests may be pipelined, replies come in order. */
export class RespConnection {
  /** Replies that answer no command: pub/sub messages and what `sendRaw` caused. */
  readonly pushed: Reply[] = [];
  private readonly replies = new ReplyReader();
  private readonly waiters: Waiter[] = [];
  private failure: Error | null = null;

  private constructor(readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.received(chunk));
    socket.on('error', (error) => this.ended(error));
    for (const event of ['end', 'close'])
      socket.on(event, () => this.ended(new Error('connection closed by the server')));
  }

  /** Rejects when nobody listens there. With `allowHalfOpen`, `socket.end()` leaves the server's side open. */
  static open(port: number, host = '127.0.0.1', allowHalfOpen = false): Promise<RespConnection> {
    const socket = new Socket({ allowHalfOpen });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(port, host, () => resolve(new RespConnection(socket)));
    });
  }

  /** No further reply will come. */
  get closed(): boolean {
    return this.failure !== null;
  }

  /** The reply to one command; rejects when it is an error. */
  async call(...words: Word[]): Promise<Reply> {
    return (await this.send(encode(...words), 1))[0] as Reply;
  }

  /** Sends encoded commands at once; resolves with their `count` replies, rejects at the first error. */
  async send(encoded: Buffer, count: number): Promise<Reply[]> {
    const replies = await this.exchange(encoded, count);
    for (const reply of replies) if (reply instanceof Error) throw reply;
    return replies;
  }

  /** Sends all commands at once; errors of Redis are values, a lost connection rejects. */
  pipeline(commands: Word[][]): Promise<Reply[]> {
    return this.exchange(Buffer.concat(commands.map((words) => encode(...words))), commands.length);
  }

  /** Sends bytes that need not be whole commands. */
  sendRaw(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  close(): void {
    this.socket.destroy();
    this.ended(new Error('connection closed'));
  }

  reset(): void {
    this.socket.resetAndDestroy();
    this.ended(new Error('connection reset'));
  }

  private exchange(encoded: Buffer, count: number): Promise<Reply[]> {
    if (this.failure) return Promise.reject(this.failure);
    const wait = () => new Promise<Reply>((resolve, reject) => this.waiters.push({ resolve, reject }));
    const replies = Promise.all(Array.from({ length: count }, wait));
    this.socket.write(encoded);
    return replies;
  }

  private received(chunk: Buffer): void {
    this.replies.push(chunk);
    for (let next = this.replies.next(); next !== undefined; next = this.replies.next()) {
      const waiter = this.waiters.shift();
      if (waiter === undefined) this.pushed.push(next);
      else waiter.resolve(next);
    }
  }

  private ended(error: Error): void {
    this.failure ??= error;
    for (const waiter of this.waiters.splice(0)) waiter.reject(this.failure);
  }
}

/** Takes replies off the received bytes. */
class ReplyReader {
  private readonly chunks: Buffer[] = [];
  private bytes = Buffer.alloc(0);
  private waiting = 0;
  /** Nothing can be complete before as many bytes are here: a large reply is joined once, not per chunk. */
  private needed = 0;

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.waiting += chunk.length;
    if (this.bytes.length + this.waiting < this.needed) return;
    this.bytes = Buffer.concat([this.bytes, ...this.chunks.splice(0)]);
    this.waiting = this.needed = 0;
  }

  /** `undefined` while the next reply is incomplete. */
  next(): Reply | undefined {
    if (this.waiting > 0) return undefined;
    const parsed = this.parse(0);
    if (parsed === null) return undefined;
    this.bytes = this.bytes.subarray(parsed.end);
    return parsed.reply;
  }

  private parse(from: number): Parsed | null {
    const lineEnd = this.bytes.indexOf('\r\n', from);
    if (lineEnd < 0) return null;
    const line = this.bytes.toString('latin1', from + 1, lineEnd);
    const end = lineEnd + 2;
    switch (this.bytes[from]) {
      case 0x2b: // +
      case 0x3a: // :
        return { reply: line, end };
      case 0x2d: // -
        return { reply: new Error(line), end };
      case 0x24: // $
        return this.parseBulk(end, Number(line));
      case 0x2a: // *
        return this.parseArray(end, Number(line));
      default:
        throw new Error(`not a reply of Redis: ${this.bytes.toString('latin1', from, lineEnd).slice(0, 80)}`);
    }
  }

  private parseBulk(from: number, length: number): Parsed | null {
    if (length < 0) return { reply: null, end: from };
    const end = from + length + 2;
    if (this.bytes.length < end) {
      this.needed = end;
      return null;
    }
    return { reply: this.bytes.toString('latin1', from, from + length), end };
  }

  private parseArray(from: number, length: number): Parsed | null {
    if (length < 0) return { reply: null, end: from };
    const items: Reply[] = [];
    let end = from;
    for (let i = 0; i < length; i++) {
      const item = this.parse(end);
      if (item === null) return null;
      items.push(item.reply);
      end = item.end;
    }
    return { reply: items, end };
  }
}

interface Parsed {
  reply: Reply;
  end: number;
}
