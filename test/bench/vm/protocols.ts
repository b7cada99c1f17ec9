/** Pipelined clients of the servers in the guest: both answer commands in their order. */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Service } from './load-shape.js';

/** User-mode networks accept before the guest listens; a try may be answered by nothing at all. */
const tryMs = 2000;
const openLimitMs = 60_000;

export interface Protocol {
  set(key: string, value: string): string;
  get(key: string): string;
  /** Asks for one answer. */
  probe: string;
  /** Of the lines that the server sends: whether an answer ends with it. Throws when it is an error. */
  endsAnswer(line: string, before: string): boolean;
}

/** Resolves with a connection that has been answered. */
type Opener = { open(port: number): Promise<PipelinedConnection> };

export class PipelinedConnection {
  private text = '';
  private before = '';
  private waiting: { left: number; resolve: () => void; reject: (error: Error) => void } | null = null;

  constructor(
    private readonly socket: Socket,
    private readonly protocol: Protocol,
  ) {
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.receive(text));
    socket.on('error', (error) => this.waiting?.reject(error));
    socket.on('close', () => this.waiting?.reject(new Error('the server closed the connection')));
  }

  /** Resolves when `answers` have come. One at a time. */
  send(commands: Buffer | string, answers: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting = { left: answers, resolve, reject };
      this.socket.write(commands);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private receive(text: string): void {
    const lines = (this.text + text).split('\r\n');
    this.text = lines.pop() as string;
    try {
      for (const line of lines) this.take(line);
    } catch (error) {
      this.waiting?.reject(error as Error);
    }
  }

  private take(line: string): void {
    const ends = this.protocol.endsAnswer(line, this.before);
    this.before = ends ? '' : line;
    if (ends && this.waiting !== null && --this.waiting.left === 0) this.waiting.resolve();
  }
}

const redis: Protocol = {
  set: (key, value) => `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${value.length}\r\n${value}\r\n`,
  get: (key) => `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`,
  probe: '*1\r\n$4\r\nPING\r\n',
  endsAnswer: (line, before) => {
    if (before !== '') return true; // the value behind its length
    if (line[0] === '-') throw new Error(`Redis answered ${line}`);
    return line[0] === '+' || line === '$-1';
  },
};

const memcached: Protocol = {
  set: (key, value) => `set ${key} 0 0 ${value.length}\r\n${value}\r\n`,
  get: (key) => `get ${key}\r\n`,
  probe: 'version\r\n',
  endsAnswer: (line, before) => {
    if (before.startsWith('VALUE ')) return false;
    if (/ERROR/.test(line)) throw new Error(`memcached answered ${line}`);
    return line === 'STORED' || line === 'END' || line.startsWith('VERSION ');
  },
};

function opener(protocol: Protocol): Opener {
  return {
    open: async (port) => {
      for (const endMs = performance.now() + openLimitMs; performance.now() < endMs; await delay(50)) {
        const connection = new PipelinedConnection(connect(port, '127.0.0.1'), protocol);
        const answered = connection.send(protocol.probe, 1).then(
          () => true,
          () => false,
        );
        if (await Promise.race([answered, delay(tryMs, false, { ref: false })])) return connection;
        connection.close();
      }
      throw new Error(`no answer at port ${port} within ${openLimitMs} ms`);
    },
  };
}

export const protocols: Record<Service, Protocol & Opener> = {
  redis: { ...redis, ...opener(redis) },
  memcached: { ...memcached, ...opener(memcached) },
};
