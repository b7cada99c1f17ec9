/** The guests that the tests share: booted once, on one private network. */
import { randomBytes, randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Guest } from './guest.js';
import { prepareImage } from './image.js';

/** A group of the administratively scoped range and a port that is free now. */
async function freeMulticast(): Promise<string> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return `239.255.${randomInt(256)}.${randomInt(1, 255)}:${port}`;
}

let kept: Guests | null = null;

/** Makes these the guests of all test files; gives back those that were. */
export function keepGuests(guests: Guests | null): Guests | null {
  const before = kept;
  kept = guests;
  return before;
}

export function theGuests(): Guests {
  if (kept === null) throw new Error('the guests are not booted; run "npm run test:rdma"');
  return kept;
}

/** Boots so many guests side by side. */
export async function bootGuests(count: number): Promise<Guests> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'gaia-rdma-'));
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  const token = randomBytes(16).toString('hex');
  writeFileSync(path.join(scratch, 'token'), token, { mode: 0o600 });
  const wiring = { image: prepareImage(), scratch, token, multicast: await freeMulticast() };
  const list = Array.from({ length: count }, (_, i) => new Guest(i + 1, wiring));
  const guests = new Guests(list, scratch, wiring.image.siwMissing);
  try {
    await Promise.all(list.map((guest) => guest.boot()));
  } catch (error) {
    await guests.stop();
    throw error;
  }
  return guests;
}

export class Guests {
  constructor(
    readonly list: readonly Guest[],
    readonly scratch: string,
    readonly siwMissing: string | null,
  ) {}

  /** By number, from 1. */
  get(number: number): Guest {
    return this.list[number - 1] as Guest;
  }

  /** Soft-iWARP devices instead of Soft-RoCE's, as long as `work` runs. */
  async withSiw(work: () => Promise<void>): Promise<void> {
    await this.replaceDevices('rxe', 'siw');
    try {
      await work();
    } finally {
      await this.replaceDevices('siw', 'rxe');
    }
  }

  private async replaceDevices(old: string, fresh: string): Promise<void> {
    const command = `rdma link del ${old}0 && rdma link add ${fresh}0 type ${fresh} netdev eth0`;
    await Promise.all(this.list.map((guest) => guest.expect(command)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.list.map((guest) => guest.kill()));
    rmSync(this.scratch, { recursive: true, force: true });
  }
}
