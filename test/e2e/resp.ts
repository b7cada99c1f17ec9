import { createConnection, type Socket } from 'node:net';

/** A reply of Redis: status and bulk strings as text, integers as text too, errors reject. */
export type Reply = string | null | Reply[];

interface Waiter {
  resolve(reply: Reply): void;
  reject(error: Error): void;
}

/** A command in the Redis protocol (RESP2). */
export function encode(...words: (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words)
    parts.push(Buffer.from(`$${Buffer.byteLength(word)}\r\n`), Buffer.from(word), Buffer.from('\r\n'));
  return Buffer.concat(parts);
}

/** One client connection of Redis; requests may be pipelined, replies come in order. */
export class RespConnection {
  private buffered: Buffer = Buffer.alloc(0);
  private readonly waiters: Waiter[] = [];
  private failure: Error | null = null;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.received(chunk));
    socket.on('error', (error) => this.ended(error));
    socket.on('close', () => this.ended(new Error('connection closed by the server')));
  }

  static open(port: number, host = '127.0.0.1'): Promise<RespConnection> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(port, host);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RespConnection(socket));
      });
    });
  }

  call(...words: (string | Buffer)[]): Promise<Reply> {
    return this.send(encode(...words), 1).then(([reply]) => reply as Reply);
  }

  /** Sends encoded commands at once; resolves with their `count` replies, rejects at the first error. */
  send(encoded: Buffer, count: number): Promise<Reply[]> {
    if (this.failure) return Promise.reject(this.failure);
    const replies = Array.from(
      { length: count },
      () => new Promise<Reply>((resolve, reject) => this.waiters.push({ resolve, reject })),
    );
    this.socket.write(encoded);
    return Promise.all(replies);
  }

  close(): void {
    this.socket.destroy();
  }

  private received(chunk: Buffer): void {
    this.buffered = this.buffered.length === 0 ? chunk : Buffer.concat([this.buffered, chunk]);
    for (;;) {
      const parsed = parse(this.buffered, 0);
      if (parsed === null) return;
      this.buffered = this.buffered.subarray(parsed.end);
      const waiter = this.waiters.shift();
      if (parsed.reply instanceof Error) waiter?.reject(parsed.reply);
      else waiter?.resolve(parsed.reply);
    }
  }

  private ended(error: Error): void {
    this.failure = error;
    for (const waiter of this.waiters.splice(0)) waiter.reject(error);
  }
}

interface Parsed {
  reply: Reply | Error;
  end: number;
}

/** One reply at `from`, or null while it is incomplete. */
function parse(bytes: Buffer, from: number): Parsed | null {
  const lineEnd = bytes.indexOf('\r\n', from);
  if (lineEnd < 0) return null;
  const line = bytes.toString('latin1', from + 1, lineEnd);
  const next = lineEnd + 2;
  switch (bytes[from]) {
    case 0x2b: // +
    case 0x3a: // :
      return { reply: line, end: next };
    case 0x2d: // -
      return { reply: new Error(line), end: next };
    case 0x24: // $
      return parseBulk(bytes, next, Number(line));
    case 0x2a: // *
      return parseArray(bytes, next, Number(line));
    default:
      throw new Error(`not a reply of Redis: ${bytes.toString('latin1', from, lineEnd).slice(0, 80)}`);
  }
}

function parseBulk(bytes: Buffer, from: number, length: number): Parsed | null {
  if (length < 0) return { reply: null, end: from };
  if (bytes.length < from + length + 2) return null;
  return { reply: bytes.toString('latin1', from, from + length), end: from + length + 2 };
}

function parseArray(bytes: Buffer, from: number, length: number): Parsed | null {
  if (length < 0) return { reply: null, end: from };
  const replies: Reply[] = [];
  let at = from;
  for (let i = 0; i < length; i++) {
    const parsed = parse(bytes, at);
    if (parsed === null) return null;
    if (parsed.reply instanceof Error) return parsed;
    replies.push(parsed.reply);
    at = parsed.end;
  }
  return { reply: replies, end: at };
}
