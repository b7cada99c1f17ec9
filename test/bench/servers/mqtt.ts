/** As much of MQTT 3.1.1 as one needs to publish with quality 1 and to wait for the acknowledgement. */
import { connect, type Socket } from 'node:net';
import { figures, loop } from '../measure.js';
import type { Sample } from './loads.js';

const text = (value: string) =>
  Buffer.concat([Buffer.from([value.length >> 8, value.length & 255]), Buffer.from(value)]);

/** Bodies of less than 128 bytes, whose length is one byte. */
const packet = (head: number, ...parts: Buffer[]) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([head, body.length]), body]);
};

const cleanSession = Buffer.from([4, 2, 0, 0]);
const connectPacket = (id: string) => packet(0x10, text('MQTT'), cleanSession, text(id));
const publishPacket = (topic: string) => packet(0x32, text(topic), Buffer.from([0, 1]), Buffer.from('v'.repeat(100)));

/** CONNACK and PUBACK alike. */
const answerBytes = 4;

class Publisher {
  private waiting: { resolve(): void; reject(error: Error): void } | null = null;
  private received = 0;

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.hear(chunk.length));
    for (const event of ['error', 'close']) socket.on(event, () => this.waiting?.reject(new Error('connection lost')));
  }

  static async open(port: number, id: string): Promise<Publisher> {
    const publisher = new Publisher(connect(port, '127.0.0.1'));
    await publisher.send(connectPacket(id));
    return publisher;
  }

  send(bytes: Buffer): Promise<void> {
    this.socket.write(bytes);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
  }

  close(): void {
    this.waiting = null;
    this.socket.destroy();
  }

  private hear(bytes: number): void {
    this.received += bytes;
    if (this.received < answerBytes) return;
    this.received -= answerBytes;
    this.waiting?.resolve();
  }
}

export async function publish(port: number, clients: number, seconds: number): Promise<Sample> {
  const opened = Array.from({ length: clients }, (_, i) => Publisher.open(port, `publisher-${i}`));
  const publishers = await Promise.all(opened);
  const packets = publishers.map((_, i) => publishPacket(`values/${i}`));
  const startedAt = performance.now();
  const samples = await loop(clients, seconds, (i) => (publishers[i] as Publisher).send(packets[i] as Buffer));
  const { p50Us, p99Us, opsPerSecond } = figures(samples, (performance.now() - startedAt) / 1000);
  for (const publisher of publishers) publisher.close();
  return { requests: samples.length, requestsPerSecond: opsPerSecond, p50Us, p99Us };
}
