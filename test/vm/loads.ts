/** Servers of guests that are put under load while their guests are compared, and clients of theirs that check answers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type GuestImage, guestImageDirectory, prepareGuestImage } from '../../framework/guest/image.js';
import { until } from '../e2e/system.js';
import { patienceMs } from './machine.js';
import { native } from './relayed-pair.js';

/** A client's endless work: each `turn` asks once and checks the answer. `number` is the client's own. */
type Turn = (lines: LineClient, number: number, turn: number) => Promise<void>;

export interface Load {
  /** What the guest starts (framework/guest/root/init). */
  service: string;
  guestPort: number;
  turn: Turn;
}

const bulk = (value: string) => `$${Buffer.byteLength(value)}\r\n${value}\r\n`;
const value = (number: number, turn: number) => `${number}.${turn} `.repeat(60);
const keysOfClient = 50;

async function redisTurn(lines: LineClient, number: number, turn: number): Promise<void> {
  const key = `key:${number}:${turn % keysOfClient}`;
  const set = value(number, turn);
  lines.say(`*3\r\n${bulk('SET')}${bulk(key)}${bulk(set)}*2\r\n${bulk('GET')}${bulk(key)}`);
  for (const wanted of ['+OK', `$${set.length}`, set]) assert.equal(await lines.next(), wanted);
}

async function memcachedTurn(lines: LineClient, number: number, turn: number): Promise<void> {
  const key = `key-${number}-${turn % keysOfClient}`;
  const set = value(number, turn);
  lines.say(`set ${key} 0 0 ${set.length}\r\n${set}\r\nget ${key}\r\n`);
  for (const wanted of ['STORED', `VALUE ${key} 0 ${set.length}`, set, 'END']) assert.equal(await lines.next(), wanted);
}

/** Increments may be lost, that is the point; but what is told is a number. */
async function racyTurn(lines: LineClient): Promise<void> {
  lines.say('+');
  assert.match(await lines.next(), /^\d+$/);
}

export const loads: Record<string, Load> = {
  redis: { service: 'redis', guestPort: 6379, turn: redisTurn },
  memcached: { service: 'memcached', guestPort: 11211, turn: memcachedTurn },
  racy: { service: 'racy', guestPort: 7777, turn: racyTurn },
};

/** The guest to try with, and programs that only tests want. */
export function prepareTestImage(): GuestImage {
  return prepareGuestImage(`${guestImageDirectory}-test`, {
    '/usr/bin/racy-counter': path.join(native, 'gaia-racy-counter'),
    '/services/racy': path.join(native, '../../test/vm/services/racy'),
  });
}

/** A connection of lines. */
class LineClient {
  private readonly lines: AsyncIterator<string>;

  private constructor(
    readonly socket: net.Socket,
    reader: Interface,
  ) {
    this.lines = reader[Symbol.asyncIterator]();
  }

  static async open(port: number): Promise<LineClient> {
    const socket = net.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.setNoDelay(true).on('error', () => {});
    return new LineClient(socket, createInterface({ input: socket }));
  }

  say(text: string): void {
    this.socket.write(text);
  }

  async next(): Promise<string> {
    const { value, done } = await this.lines.next();
    if (done) throw new Error('the connection was closed');
    return value;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** User-mode networks accept before the guest listens, and a try may then be answered by nothing at all. */
const tryMs = 2000;

export function loadIsUp(load: Load, port: number): Promise<void> {
  return until(`${load.service} answers`, patienceMs, async () => {
    const lines = await LineClient.open(port);
    const tried = load.turn(lines, 0, 0).then(() => true);
    const answered = await Promise.race([tried.catch(() => false), delay(tryMs, false, { ref: false })]);
    lines.close();
    return answered;
  }).then(() => {});
}

/** Clients that ask without a pause. */
export class LoadClients {
  turns = 0;
  private going = true;
  private readonly done: Promise<unknown>;

  constructor(
    private readonly load: Load,
    port: number,
    count: number,
  ) {
    this.done = Promise.all(Array.from({ length: count }, (_, number) => this.run(port, number)));
    this.done.catch(() => {});
  }

  /** Throws what a client has found to be wrong. */
  async stop(): Promise<void> {
    this.going = false;
    await this.done;
  }

  private async run(port: number, number: number): Promise<void> {
    const lines = await LineClient.open(port);
    for (let turn = 0; this.going; turn++) {
      await this.load.turn(lines, number, turn);
      this.turns++;
    }
    lines.close();
  }
}
