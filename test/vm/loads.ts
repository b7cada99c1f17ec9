/** Servers of guests that are put under load while their guests are compared, and clients of theirs that check answers. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type GuestImage, imageDirectoryOf, prepareGuestImage } from '../../framework/guest/image.js';
import { knownServices, type Service } from '../../framework/guest/services.js';
import { mariadbWords } from '../catalogue/clients/mariadb.js';
import { until } from '../e2e/system.js';
import { patienceMs } from './machine.js';
import { native } from './relayed-pair.js';

/** A client's endless work: each `turn` asks once and checks the answer. `number` is the client's own. */
type Turn = (lines: LineClient, number: number, turn: number) => Promise<void>;

/** What a client says and hears lines through. */
interface Channel {
  input: Writable;
  output: Readable;
  close(): void;
}

export interface Load {
  /** What the guest starts (framework/guest/root/init). */
  name: string;
  service: Service;
  guestPort: number;
  memoryMib: number;
  connect: (port: number) => Promise<Channel>;
  turn: Turn;
}

async function connectSocket(port: number): Promise<Channel> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setNoDelay(true).on('error', () => {});
  return { input: socket, output: socket, close: () => socket.destroy() };
}

/** Debian's command line client: statements and results, a line each. */
async function connectMariadb(port: number): Promise<Channel> {
  const words = [...mariadbWords(port), '--batch', '--unbuffered', '--skip-column-names'];
  const { stdin, stdout, pid } = spawn('setpriv', ['--pdeathsig', 'KILL', 'mariadb', ...words], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  stdin.on('error', () => {});
  return { input: stdin, output: stdout, close: () => pid !== undefined && process.kill(pid, 'SIGKILL') };
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

async function mariadbTurn(lines: LineClient, number: number, turn: number): Promise<void> {
  if (turn === 0)
    lines.say(
      `CREATE DATABASE IF NOT EXISTS d; CREATE TABLE IF NOT EXISTS d.t${number} (k INT PRIMARY KEY, v TEXT) ENGINE=InnoDB;\n`,
    );
  const [key, set] = [turn % keysOfClient, value(number, turn)];
  lines.say(`REPLACE INTO d.t${number} VALUES (${key}, '${set}'); SELECT v FROM d.t${number} WHERE k = ${key};\n`);
  assert.equal(await lines.next(), set);
}

const racy: Service = {
  script: path.join(native, '../../test/vm/services/racy'),
  programs: {},
  files: { '/usr/bin/racy-counter': path.join(native, 'gaia-racy-counter') },
};
const { redis, memcached, mariadb } = knownServices;
const small = { memoryMib: 128, connect: connectSocket };

export const loads: Record<string, Load> = {
  redis: { ...small, name: 'redis', service: redis, guestPort: redis.port, turn: redisTurn },
  memcached: { ...small, name: 'memcached', service: memcached, guestPort: memcached.port, turn: memcachedTurn },
  racy: { ...small, name: 'racy', service: racy, guestPort: 7777, turn: racyTurn },
  mariadb: {
    ...{ name: 'mariadb', service: mariadb, guestPort: mariadb.port, memoryMib: 512 },
    ...{ connect: connectMariadb, turn: mariadbTurn },
  },
};

/** Each service in an image of its own, which has to fit into its guest's memory. */
export function prepareLoadedImage({ name, service }: Load): GuestImage {
  return prepareGuestImage(imageDirectoryOf(name), { [name]: service });
}

/** A connection of lines. */
class LineClient {
  private readonly lines: AsyncIterator<string>;

  constructor(private readonly channel: Channel) {
    this.lines = createInterface({ input: channel.output })[Symbol.asyncIterator]();
  }

  say(text: string): void {
    this.channel.input.write(text);
  }

  async next(): Promise<string> {
    const { value, done } = await this.lines.next();
    if (done) throw new Error('the connection was closed');
    return value;
  }

  close(): void {
    this.channel.close();
  }
}

/** User-mode networks accept before the guest listens, and a try may then be answered by nothing at all. */
const tryMs = 10_000;

export function loadIsUp(load: Load, port: number): Promise<void> {
  return until(`${load.name} answers`, patienceMs, async () => {
    const lines = new LineClient(await load.connect(port));
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
    const lines = new LineClient(await this.load.connect(port));
    for (let turn = 0; this.going; turn++) {
      await this.load.turn(lines, number, turn);
      this.turns++;
    }
    lines.close();
  }
}
