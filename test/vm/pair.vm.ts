/** A replicated guest as executors host its members: backups and the primary are lost under load. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ExecutorOrder, GuestReport, MemberAddress } from '../../executor/assignment.js';
import { type GuestImage, prepareGuestImage } from '../../framework/guest/image.js';
import { freePort } from '../consensus/ports.js';
import { until } from '../e2e/system.js';
import { Executor, type FakeAgent } from '../executor/fake-agent.js';
import { assignment, encode, replica } from '../executor/fixtures.js';
import type { RespConnection } from '../resp.js';
import { patienceMs } from './machine.js';
import { redisAt } from './redis.js';

const commandLine = 'quiet nokaslr no_timer_check mitigations=off';
const clients = 3;
/** Acknowledged writes of each client between two losses. */
const writes = 200;
const witnessSlot = 2;

async function addressOf(slot: number, member: number): Promise<MemberAddress> {
  return { slot, member, host: '127.0.0.1', consensusPort: await freePort(), servicePort: await freePort() };
}

/** A member, under an executor of its own. */
class Hosted {
  private executor: Executor | null = null;

  constructor(
    readonly self: MemberAddress,
    readonly port: number,
  ) {}

  async start(directory: string, image: GuestImage, peers: MemberAddress[], join: boolean): Promise<this> {
    const place = path.join(directory, `${this.self.member}`);
    mkdirSync(place);
    const doors = [{ protocol: 'tcp' as const, listen: '127.0.0.1', hostPort: this.port, guestPort: 6379 }];
    const group = { firstPrimary: 1, witness: this.self.slot === witnessSlot };
    const vm = { ...image, commandLine, memoryMib: 96, vcpus: 1, disk: null, doors, group };
    this.executor = new Executor(place);
    await this.executor.start();
    const own = { ...replica, self: this.self, peers, join, suspicionMs: 5000 };
    this.agent.launch(assignment({ command: { vm }, replica: own, ports: [this.port] }));
    return this;
  }

  get agent(): FakeAgent {
    assert.ok(this.executor);
    return this.executor.agent;
  }

  get guest(): GuestReport | undefined {
    const told = this.agent.updates.findLast(({ data }) => data !== undefined);
    return told && this.agent.report(told).guest;
  }

  order(order: ExecutorOrder): void {
    this.agent.send({ type: 'MESSAGE', message: { data: encode(order) } });
  }

  stands(standing: GuestReport['standing']): Promise<unknown> {
    const said = () => JSON.stringify(this.agent.updates.slice(-1));
    return until(`${standing}; ${said()}`, patienceMs, async () => this.guest?.standing === standing);
  }

  /** With its programs, as a machine that loses power. */
  async kill(): Promise<void> {
    await this.executor?.dispose();
    this.executor = null;
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
    for (const hosted of all) await hosted.kill();
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
    const port = await until('the backup is ready', patienceMs, async () => second.guest?.relayPort);
    first.order({ type: 'offerBackup', member: second.self.member, host: '127.0.0.1', port });
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
    await first.stands('alone');
    await more();
    first.order({ type: 'removeMember', slot: 1, member: 2 });
    const second = await start(await addressOf(1, 4), true);
    await cover(first, second);
    await more();
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
