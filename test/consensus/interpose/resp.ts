/** A small RESP2 client: enough for tests that must control pipelining, resets and half-closes themselves. */
import net from 'node:net';

export type Reply = string | number | null | Error | Reply[];

/** Encodes one command as RESP. */
export function encode(command: readonly (string | number)[]): string {
  return `*${command.length}\r\n${command.map((part) => `$${Buffer.byteLength(String(part))}\r\n${part}\r\n`).join('')}`;
}

/** Takes replies off a growing buffer; `null` while the next one is incomplete. */
class ReplyParser {
  private chunks: Buffer[] = [];
  private buffer = Buffer.alloc(0);
  private needed = 0;

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    const bytes = this.buffer.length + this.chunks.reduce((sum, part) => sum + part.length, 0);
    if (bytes < this.needed) return;
    this.buffer = Buffer.concat([this.buffer, ...this.chunks]);
    this.chunks = [];
    this.needed = 0;
  }

  next(): { reply: Reply } | null {
    if (this.chunks.length > 0) return null;
    const parsed = this.parse(0);
    if (parsed === null) return null;
    this.buffer = this.buffer.subarray(parsed.end);
    return { reply: parsed.reply };
  }

  private parse(from: number): { reply: Reply; end: number } | null {
    const lineEnd = this.buffer.indexOf('\r\n', from);
    if (lineEnd < 0) return null;
    const text = this.buffer.toString('latin1', from + 1, lineEnd);
    const end = lineEnd + 2;
    const type = this.buffer[from];
    if (type === 0x2b) return { reply: text, end };
    if (type === 0x2d) return { reply: new Error(text), end };
    if (type === 0x3a) return { reply: Number(text), end };
    if (type === 0x24) return this.parseBulk(Number(text), end);
    return this.parseArray(Number(text), end);
  }

  private parseBulk(length: number, from: number): { reply: Reply; end: number } | null {
    if (length < 0) return { reply: null, end: from };
    if (this.buffer.length < from + length + 2) {
      this.needed = from + length + 2;
      return null;
    }
    return { reply: this.buffer.toString('latin1', from, from + length), end: from + length + 2 };
  }

  private parseArray(length: number, from: number): { reply: Reply; end: number } | null {
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

export class RespClient {
  private readonly parser = new ReplyParser();
  private readonly waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = [];
  /** Messages that answer no command (pub/sub). */
  readonly pushed: Reply[] = [];
  closed = false;

  private constructor(readonly socket: net.Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.receive(chunk));
    socket.on('error', () => this.end());
    socket.on('close', () => this.end());
    socket.on('end', () => this.end());
  }

  /** Rejects when nobody listens at `port` of the loopback address. */
  static async connect(port: number, allowHalfOpen = false): Promise<RespClient> {
    const socket = new net.Socket({ allowHalfOpen });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(port, '127.0.0.1', () => {
        socket.off('error', reject);
        resolve();
      });
    });
    return new RespClient(socket);
  }

  /** The reply to one command; Redis' errors are values, a lost connection rejects. */
  send(...command: (string | number)[]): Promise<Reply> {
    return this.pipeline([command]).then((replies) => replies[0] as Reply);
  }

  /** Sends all commands in one write. */
  pipeline(commands: (string | number)[][]): Promise<Reply[]> {
    if (this.closed) return Promise.reject(new Error('connection closed'));
    const replies = commands.map(() => new Promise<Reply>((resolve, reject) => this.waiting.push({ resolve, reject })));
    this.socket.write(commands.map(encode).join(''));
    return Promise.all(replies);
  }

  /** Sends bytes that are no whole command. */
  sendRaw(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  close(): void {
    this.socket.destroy();
    this.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
    this.end();
  }

  private receive(chunk: Buffer): void {
    this.parser.push(chunk);
    for (let parsed = this.parser.next(); parsed !== null; parsed = this.parser.next()) {
      const waiter = this.waiting.shift();
      if (waiter === undefined) this.pushed.push(parsed.reply);
      else waiter.resolve(parsed.reply);
    }
  }

  private end(): void {
    this.closed = true;
    for (const waiter of this.waiting.splice(0)) waiter.reject(new Error('connection closed'));
  }
}
