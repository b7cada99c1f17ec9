/** What tests of a replicated memcached share: its arguments, and a client of its text protocol. */
import net from 'node:net';

/** The background threads that move items by time and load are off: what they do is no part of the log (README.md). */
export const exactMemcached =
  (threads: number) =>
  (port: number): [string, ...string[]] => [
    'memcached',
    ...[
      '-u',
      'root',
      '-l',
      '127.0.0.1',
      '-p',
      String(port),
      '-U',
      '0',
      '-t',
      String(threads),
      '-m',
      '256',
      '-c',
      '512',
    ],
    ...['-o', 'no_lru_maintainer,no_lru_crawler,no_hashexpand,no_slab_automove'],
  ];

/** Behind the last character of an answer; -1: more is to come. */
type EndOf = (received: string) => number;

const endOfLines =
  (lines: number): EndOf =>
  (received) => {
    let end = 0;
    for (let line = 0; line < lines; line++) {
      end = received.indexOf('\r\n', end) + 2;
      if (end < 2) return -1;
    }
    return end;
  };

export class MemcachedClient {
  private received = '';
  private waiter: { endOf: EndOf; resolve: (text: string) => void; reject: (cause: Error) => void } | null = null;

  private constructor(private readonly socket: net.Socket) {
    socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
      this.deliver();
    });
    socket.on('error', () => {});
    socket.on('close', () => this.waiter?.reject(new Error('the connection was closed')));
  }

  static open(port: number, host = '127.0.0.1'): Promise<MemcachedClient> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, host);
      socket.once('connect', () => resolve(new MemcachedClient(socket)));
      socket.once('error', reject);
    });
  }

  /** Sends commands and resolves with as many lines as they are answered with. */
  ask(commands: string, lines: number): Promise<string> {
    return this.askUntil(commands, endOfLines(lines));
  }

  /** Sends commands and resolves with an answer that ends where `endOf` says. */
  askUntil(commands: string, endOf: EndOf): Promise<string> {
    if (this.socket.destroyed) return Promise.reject(new Error('the connection is closed'));
    return new Promise((resolve, reject) => {
      this.waiter = { endOf, resolve, reject };
      this.socket.write(commands, 'latin1');
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private deliver(): void {
    const { waiter } = this;
    if (waiter === null) return;
    const end = waiter.endOf(this.received);
    if (end < 0) return;
    this.waiter = null;
    const text = this.received.slice(0, end);
    this.received = this.received.slice(end);
    waiter.resolve(text);
  }
}
