/** Clients in closed loops, of programs whose answers have a length that is known before. */
import { connect, type Socket } from 'node:net';
import { figures, loop, type Operation } from '../measure.js';
import type { Sample } from './loads.js';

export interface Request {
  bytes: Buffer;
  answerBytes: number;
}

export class Exchange {
  private waiting: { resolve(): void; reject(error: Error): void } | null = null;
  private missingBytes = 0;

  constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.hear(chunk));
    for (const event of ['error', 'close'])
      socket.on(event, () => {
        this.waiting?.reject(new Error('connection lost'));
      });
  }

  /** Until the whole answer is here. */
  send({ bytes, answerBytes }: Request): Promise<void> {
    this.missingBytes = answerBytes;
    this.socket.write(bytes);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
  }

  close(): void {
    this.waiting = null;
    this.socket.destroy();
  }

  private hear(chunk: Buffer): void {
    this.missingBytes -= chunk.length;
    if (this.missingBytes > 0) return;
    if (this.missingBytes === 0) this.waiting?.resolve();
    else
      this.waiting?.reject(
        new Error(`an answer longer than it should be ends with ${chunk.toString('latin1', chunk.length - 50)}`),
      );
  }
}

export interface Talk {
  /** Each client's first request, if any. */
  greeting?(client: number): Request;
  request(client: number, sequence: number): Request;
}

/** What closed loops of such requests give. */
export async function sampled(clients: number, seconds: number, request: Operation): Promise<Sample> {
  const startedAt = performance.now();
  const samples = await loop(clients, seconds, request);
  const { p50Us, p99Us, opsPerSecond } = figures(samples, (performance.now() - startedAt) / 1000);
  return { requests: samples.length, requestsPerSecond: opsPerSecond, p50Us, p99Us };
}

export async function exchange(port: number, clients: number, seconds: number, talk: Talk): Promise<Sample> {
  const open = Array.from({ length: clients }, () => new Exchange(connect(port, '127.0.0.1')));
  try {
    if (talk.greeting) await Promise.all(open.map((one, i) => one.send((talk.greeting as (i: number) => Request)(i))));
    return await sampled(clients, seconds, (i, n) => (open[i] as Exchange).send(talk.request(i, n)));
  } finally {
    for (const one of open) one.close();
  }
}
