/** A replicated guest whose members executors host, and clients that count what was acknowledged to them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DiskAssignment, MemberAddress } from '../../executor/assignment.js';
import { prepareGuestImage } from '../../framework/guest/image.js';
import { witnessSlot } from '../../framework/replicated-guest.js';
import { freePort } from '../consensus/ports.js';
import { until } from '../e2e/system.js';
import { Hosted, smallGuest } from './hosted.js';
import { patienceMs } from './machine.js';
import { redisAt } from './redis.js';
import { Writer } from './writer.js';

const clients = 3;

/** Members 1 and 2 have a guest, 3 is the witness. */
export class HostedGroup {
  private readonly directory = mkdtempSync(path.join(tmpdir(), 'gaia-pair-'));
  private readonly image = prepareGuestImage();
  private readonly all: Hosted[] = [];
  private readonly writers: Writer[] = [];
  private addresses: MemberAddress[] = [];

  /** `writes`: acknowledged ones of each client between two events. */
  constructor(
    private readonly disk: DiskAssignment | null = null,
    private readonly writes = 200,
    private readonly memoryMib = smallGuest.memoryMib,
  ) {}

  async found(): Promise<{ first: Hosted; second: Hosted; witness: Hosted }> {
    this.addresses = [await addressOf(0, 1), await addressOf(1, 2), await addressOf(witnessSlot, 3)];
    const [first, second, witness] = await Promise.all(this.addresses.map((self) => this.start(self)));
    assert.ok(first && second && witness);
    return { first, second, witness };
  }

  async join(slot: number, member: number): Promise<Hosted> {
    return this.start(await addressOf(slot, member), true);
  }

  private async start(self: MemberAddress, join = false): Promise<Hosted> {
    const peers = this.addresses.filter(({ slot }) => slot !== self.slot);
    const place = { self, peers, join, port: await freePort(), directory: this.directory };
    const hosted = await Hosted.start(place, {
      ...{ ...smallGuest, image: this.image },
      ...{ disk: this.disk, memoryMib: this.memoryMib },
    });
    this.all.push(hosted);
    return hosted;
  }

  /** Tells the primary of a backup that is ready, until that is covered. */
  async cover(primary: Hosted, backup: Hosted): Promise<void> {
    await primary.offer(backup);
    await primary.stands('covered');
  }

  /** The backup has all of the guest by its seed, and no round follows: the primary's executor is stopped. */
  async seedAlone(primary: Hosted, backup: Hosted): Promise<void> {
    await primary.offer(backup);
    await primary.stands('seeding');
    primary.stopControl();
    await backup.stands('backup');
  }

  /** Clients of that member begin to write. */
  async write(through: Hosted): Promise<void> {
    for (let number = 0; number < clients; number++)
      this.writers.push(new Writer(await redisAt(through.port), `counter ${number}`));
  }

  /** Each client's own connection has that many more writes acknowledged. */
  async more(): Promise<void> {
    const before = this.writers.map(({ acknowledged }) => acknowledged);
    const progress = until('writes are acknowledged', patienceMs, async () =>
      this.writers.every(({ acknowledged }, place) => acknowledged >= (before[place] as number) + this.writes),
    );
    await Promise.race([progress, ...this.writers.map(({ ended }) => ended)]);
    await progress;
  }

  /** What was acknowledged, by key. */
  get acknowledged(): Map<string, number> {
    return new Map(this.writers.map(({ key, acknowledged }) => [key, acknowledged]));
  }

  /** Ends the writing: the guest has all that was acknowledged, and nothing else. */
  async check(through: Hosted): Promise<void> {
    for (const writer of this.writers) writer.stopped = true;
    for (const writer of this.writers) await writer.ended;
    const client = await redisAt(through.port);
    for (const { key, acknowledged } of this.writers)
      assert.equal(await client.call('GET', key), String(acknowledged), key);
    client.close();
  }

  async end(): Promise<void> {
    for (const hosted of this.all) await hosted.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

async function addressOf(slot: number, member: number): Promise<MemberAddress> {
  return { slot, member, host: '127.0.0.1', consensusPort: await freePort(), servicePort: await freePort() };
}
