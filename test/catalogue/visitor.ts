/** One connection of the soak: what a client does that is not always well behaved. */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Wire } from './wires.js';

/** Of a request until its reply, or until the connection is closed: a server that keeps a client waiting is found out. */
const answerLimitMs = 30_000;

/** The connection has ended: with its leader, or as was asked. */
export class Ended extends Error {}

export class Visitor {
  private received: Buffer[] = [];
  private receivedBytes = 0;
  /** There is no whole reply in less. */
  private neededBytes = 1;
  private ended = false;
  private readonly wakers: (() => void)[] = [];

  private constructor(
    private readonly socket: Socket,
    private readonly wire: Wire,
  ) {
    socket.on('data', (chunk: Buffer) => {
      this.received.push(chunk);
      this.receivedBytes += chunk.length;
      this.wake();
    });
    for (const event of ['end', 'close', 'error'] as const)
      socket.on(event, () => {
        this.ended = true;
        this.wake();
      });
  }

  static open(port: number, wire: Wire): Promise<Visitor> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    return new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(new Visitor(socket, wire)));
      socket.once('error', () => reject(new Ended('no connection')));
    });
  }

  private wake(): void {
    for (const waker of this.wakers.splice(0)) waker();
  }

  send(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Ends this side of the connection; the other may still speak. */
  halfClose(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  close(): void {
    this.socket.destroy();
  }

  /** The next reply's value. */
  async reply(): Promise<Buffer> {
    let found = this.parse();
    while (found === null) {
      if (this.ended) throw new Ended('connection lost');
      await this.news('reply');
      found = this.parse();
    }
    return found;
  }

  private parse(): Buffer | null {
    if (this.receivedBytes < this.neededBytes) return null;
    const whole = Buffer.concat(this.received);
    this.received = [whole];
    const found = this.wire.reply(whole);
    this.neededBytes = found?.bytes ?? this.receivedBytes + 1;
    if (found === null || this.receivedBytes < found.bytes) return null;
    this.received = [whole.subarray(found.bytes)];
    this.receivedBytes -= found.bytes;
    this.neededBytes = 1;
    return whole.subarray(found.valueAt, found.valueAt + found.valueBytes);
  }

  /** Until the server has closed its side. */
  async end(): Promise<void> {
    while (!this.ended) await this.news('end of the connection');
  }

  /** Reads a little now and then. */
  async readSlowly(forMs: number): Promise<void> {
    const until = Date.now() + forMs;
    while (Date.now() < until && !this.ended) {
      this.socket.pause();
      await delay(100);
      this.socket.resume();
      await delay(1);
    }
  }

  private news(what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`no ${what} within ${answerLimitMs} ms`)), answerLimitMs);
      this.wakers.push(() => {
        clearTimeout(limit);
        resolve();
      });
    });
  }
}
