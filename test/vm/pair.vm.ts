/** A guest in two QEMUs behind a group of gaia-vm, as `executor/vm/pair.ts` keeps it: backups and the primary are lost under load. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { accelerator } from '../../executor/vm/host.js';
import type { Offer } from '../../executor/vm/pair.js';
import { PairLoop, type PairNews } from '../../executor/vm/pair-loop.js';
import { type GuestImage, prepareGuestImage } from '../../framework/guest/image.js';
import { GuestGroup } from '../consensus/vm/guest-group.js';
import { until } from '../e2e/system.js';
import type { RespConnection } from '../resp.js';
import { bare, patienceMs, TestMachine } from './machine.js';
import { redisAt } from './redis.js';
import { native } from './relayed-pair.js';

const commandLine = 'quiet nokaslr no_timer_check mitigations=off';
const limits = { roundIntervalMs: 100, roundLimitMs: patienceMs };
const clients = 3;
/** Acknowledged writes of each client between two losses. */
const writes = 200;

/** A member with a guest, and what its control plane told. */
class Half {
  readonly told: PairNews[] = [];

  private constructor(
    readonly machine: TestMachine,
    readonly loop: { pair?: PairLoop },
  ) {}

  static async start(group: GuestGroup, image: GuestImage, number: number, primary: number | null): Promise<Half> {
    const member = group.member(number);
    const { memoryFile, migrationSocket } = member;
    const network = { type: 'stream' as const, socket: member.socket };
    const change = { commandLine, memoryMib: 96, network, memoryFile, incoming: primary !== null };
    const env: Record<string, string> =
      accelerator() === 'tcg' ? { LD_PRELOAD: path.join(native, 'libgaia-tcg-colo.so') } : {};
    const half = new Half(await TestMachine.start({ ...bare, ...image, ...change }, env), {});
    const { qmp } = half.machine;
    const place = {
      ...{ self: number, migrationSocket, accelerator: accelerator(), limits },
      order: (line: string) => member.order(line),
      tell: (news: PairNews) => half.told.push(news),
    };
    half.machine.onEvent = (event) => half.loop.pair?.onQmpEvent(event);
    member.onLine = (line) => half.loop.pair?.onLine(line);
    if (primary === null) half.loop.pair = PairLoop.alone(qmp, place);
    else half.loop.pair = await PairLoop.awaiting(qmp, place, primary);
    half.loop.pair.onLine(JSON.stringify({ type: 'guest', ...member.guest }));
    return half;
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

  async kill(): Promise<void> {
    this.loop.pair?.close();
    await this.machine.kill();
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

describe('a replicated guest and its control plane', function () {
  this.timeout(10 * patienceMs);
  let group: GuestGroup;
  let image: GuestImage;
  const halves: Half[] = [];
  const writers: Writer[] = [];

  before(async () => {
    image = prepareGuestImage();
    group = await GuestGroup.start([{ protocol: 'tcp', guestPort: 6379 }]);
    await group.formed();
  });
  after(async () => {
    for (const half of halves) await half.kill();
    await group?.stop();
  });

  async function start(number: number, primary: number | null): Promise<Half> {
    const half = await Half.start(group, image, number, primary);
    halves.push(half);
    return half;
  }

  async function cover(first: Half): Promise<Half> {
    const second = await start(2, 1);
    const port = await until('the backup is ready', patienceMs, async () => second.last('ready')?.port);
    const offer: Offer = { member: 2, host: '127.0.0.1', port };
    first.loop.pair?.offer(offer);
    await first.stands('covered');
    return second;
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

  it('loses backups and the primary, and no connection and no acknowledged write', async () => {
    const first = await start(1, null);
    await first.machine.qmp.execute('cont', {});
    const witness = group.member(3).ports[0] as number;
    for (let number = 0; number < clients; number++)
      writers.push(new Writer(await redisAt(witness), `counter ${number}`));
    await more();
    const lost = await cover(first);
    await more();
    await lost.kill();
    await until('the backup is missed', patienceMs, async () => first.last('backupLost')?.member === 2);
    await more();
    const second = await cover(first);
    const rounds = first.count('round');
    await more();
    assert.ok(first.count('round') > rounds);
    await Promise.all([first.kill(), group.member(1).kill()]);
    await second.stands('alone');
    await more();
    for (const writer of writers) writer.stopped = true;
    for (const writer of writers) await writer.ended;
    const client = await redisAt(witness);
    for (const { key, acknowledged } of writers) assert.equal(await client.call('GET', key), String(acknowledged));
    client.close();
  });
});
