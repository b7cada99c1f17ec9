/** A replicated guest as executors host its members: backups and the primary are lost under load. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { MemberAddress } from '../../executor/assignment.js';
import { GuestMember } from '../../executor/vm/member.js';
import type { PairNews } from '../../executor/vm/pair-loop.js';
import { type GuestImage, prepareGuestImage } from '../../framework/guest/image.js';
import { freePort } from '../consensus/ports.js';
import { until } from '../e2e/system.js';
import { replica } from '../executor/fixtures.js';
import type { RespConnection } from '../resp.js';
import { patienceMs } from './machine.js';
import { redisAt } from './redis.js';
import { native } from './relayed-pair.js';

const commandLine = 'quiet nokaslr no_timer_check mitigations=off';
const limits = { roundIntervalMs: 100, roundLimitMs: patienceMs };
const clients = 3;
/** Acknowledged writes of each client between two losses. */
const writes = 200;
const witnessSlot = 2;

async function addressOf(slot: number, member: number): Promise<MemberAddress> {
  return { slot, member, host: '127.0.0.1', consensusPort: await freePort(), servicePort: await freePort() };
}

/** A member, and what it told. */
class Hosted {
  readonly told: PairNews[] = [];
  member!: GuestMember;

  constructor(
    readonly self: MemberAddress,
    readonly port: number,
  ) {}

  async start(directory: string, image: GuestImage, peers: MemberAddress[], join: boolean): Promise<this> {
    const door = { protocol: 'tcp' as const, listen: '127.0.0.1', hostPort: this.port, guestPort: 6379 };
    this.member = await GuestMember.start({
      replica: { ...replica, self: this.self, peers, join, suspicionMs: 5000 },
      vm: { ...image, commandLine, memoryMib: 96, vcpus: 1, doors: [door] },
      ...{ firstPrimary: 1, witness: this.self.slot === witnessSlot, limits, native, owner: null },
      directory: path.join(directory, `${this.self.member}`),
      env: { PATH: process.env.PATH ?? '' },
      tell: (news) => this.told.push(news),
      hear: () => {},
    });
    return this;
  }

  last<Type extends PairNews['type']>(type: Type): Extract<PairNews, { type: Type }> | undefined {
    return this.told.findLast((news) => news.type === type) as Extract<PairNews, { type: Type }> | undefined;
  }

  count(type: PairNews['type']): number {
    return this.told.filter((news) => news.type === type).length;
  }

  stands(standing: string): Promise<unknown> {
    const said = () => JSON.stringify(this.told.slice(-5));
    return until(`${standing}; ${said()}`, patienceMs, async () => this.last('stands')?.standing === standing);
  }

  /** Both processes at once, as a machine that loses power. */
  async kill(): Promise<void> {
    for (const program of [this.member.qemu, this.member.plane]) program?.signal('SIGKILL');
    await this.member.end();
  }
}

/** Increments its own counter, one after the other, and checks each answer. */
class Writer {
  acknowledged = 0;
  stopped = false;
  readonly ended: Promise<void>;

  constructor(
    private readonly client: RespConnection,
    readonly key: string,
  ) {
    this.ended = this.write();
    this.ended.catch(() => {});
  }

  private async write(): Promise<void> {
    while (!this.stopped) {
      assert.equal(await this.client.call('INCR', this.key), String(this.acknowledged + 1), this.key);
      this.acknowledged++;
    }
  }
}

describe('a replicated guest', function () {
  this.timeout(10 * patienceMs);
  const directory = mkdtempSync(path.join(tmpdir(), 'gaia-pair-'));
  const all: Hosted[] = [];
  const writers: Writer[] = [];
  let image: GuestImage;
  let addresses: MemberAddress[];

  before(async () => {
    image = prepareGuestImage();
    addresses = [await addressOf(0, 1), await addressOf(1, 2), await addressOf(witnessSlot, 3)];
  });
  after(async () => {
    for (const hosted of all) if (hosted.member !== undefined) await hosted.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  async function start(self: MemberAddress, join = false): Promise<Hosted> {
    const hosted = new Hosted(self, await freePort());
    all.push(hosted);
    const peers = addresses.filter(({ slot }) => slot !== self.slot);
    return hosted.start(directory, image, peers, join);
  }

  /** Tells the primary of a backup that is ready, until that is covered. */
  async function cover(first: Hosted, second: Hosted): Promise<void> {
    const port = await until('the backup is ready', patienceMs, async () => second.last('ready')?.port);
    first.member.offer({ member: second.self.member, host: '127.0.0.1', port });
    await first.stands('covered');
  }

  /** Each client's own connection has that many more writes acknowledged. */
  async function more(): Promise<void> {
    const before = writers.map(({ acknowledged }) => acknowledged);
    const progress = until('writes are acknowledged', patienceMs, async () =>
      writers.every(({ acknowledged }, place) => acknowledged >= (before[place] as number) + writes),
    );
    await Promise.race([progress, ...writers.map(({ ended }) => ended)]);
    await progress;
  }

  it('loses a backup and the primary, and no connection and no acknowledged write', async () => {
    const [first, lost, witness] = await Promise.all(addresses.map((self) => start(self)));
    assert.ok(first && lost && witness);
    for (let number = 0; number < clients; number++)
      writers.push(new Writer(await redisAt(witness.port), `counter ${number}`));
    await cover(first, lost);
    await more();
    await lost.kill();
    await until('the backup is missed', patienceMs, async () => first.last('backupLost')?.member === 2);
    await more();
    first.member.order('remove 1 2');
    const second = await start(await addressOf(1, 4), true);
    await cover(first, second);
    const rounds = first.count('round');
    await more();
    assert.ok(first.count('round') > rounds);
    await first.kill();
    await second.stands('alone');
    await more();
    for (const writer of writers) writer.stopped = true;
    for (const writer of writers) await writer.ended;
    const client = await redisAt(witness.port);
    for (const { key, acknowledged } of writers) assert.equal(await client.call('GET', key), String(acknowledged));
    client.close();
  });
});
