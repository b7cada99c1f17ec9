/** One connection of the soak: what a client does that is not always well behaved. */
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Exchange } from './wires/wire.js';

/** Of a request until something of its answer, or the end of the connection: a server that keeps a client waiting is found
 *  out. Large values take their time where processors are few. */
const newsLimitMs = 120_000;

const shown = (bytes: Buffer) => JSON.stringify(bytes.toString('latin1', 0, 120));

/** The connection has ended: with its leader, or as was asked. */
export class Ended extends Error {}

export class Visitor {
  private received: Buffer[] = [];
  private receivedBytes = 0;
  /** There is no whole answer in less. */
  private neededBytes = 0;
  private ended = false;
  /** Without news while some were due. */
  longestWaitMs = 0;
  private readonly wakers: (() => void)[] = [];

  private constructor(private readonly socket: Socket) {
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

  static open(port: number): Promise<Visitor> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    return new Promise((resolve, reject) => {
      socket.once('connect', () => resolve(new Visitor(socket)));
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

  /** Says it and waits for the right answer. */
  async ask(exchange: Exchange): Promise<void> {
    this.send(exchange.says);
    await this.answered(exchange);
  }

  /** Until the answer to what was said is here, which must be right. */
  async answered(exchange: Exchange): Promise<void> {
    let answer = this.take(exchange);
    while (answer === null) {
      if (this.ended) throw new Ended('connection lost');
      await this.news(`answer to ${shown(exchange.says)}`);
      answer = this.take(exchange);
    }
    if (exchange.isRight(answer)) return;
    throw new Error(`wrong answer to ${shown(exchange.says)}: ${answer.length} bytes, ${shown(answer)}`);
  }

  private take(exchange: Exchange): Buffer | null {
    if (this.receivedBytes < this.neededBytes) return null;
    const received = Buffer.concat(this.received);
    const bytes = exchange.answerBytes(received);
    const whole = bytes <= received.length;
    this.received = [whole ? received.subarray(bytes) : received];
    this.neededBytes = whole ? 0 : bytes;
    if (!whole) return null;
    this.receivedBytes -= bytes;
    return received.subarray(0, bytes);
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

  private async news(what: string): Promise<void> {
    const begunMs = performance.now();
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`no ${what} within ${newsLimitMs} ms`)), newsLimitMs);
      this.wakers.push(() => {
        clearTimeout(limit);
        resolve();
      });
    });
    this.longestWaitMs = Math.max(this.longestWaitMs, Math.round(performance.now() - begunMs));
  }
}
