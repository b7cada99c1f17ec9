/** A replicated guest whose members executors host, and clients that count what was acknowledged to them. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ExecutorOrder, GuestMetrics, GuestReport, MemberAddress } from '../../executor/assignment.js';
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
/** Acknowledged writes of each client between two events. */
const writes = 200;
const witnessSlot = 2;

/** A member, under an executor of its own. */
export class Hosted {
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

  get metrics(): GuestMetrics | undefined {
    return this.agent.messages.at(-1)?.metrics?.guest;
  }

  order(order: ExecutorOrder): void {
    this.agent.send({ type: 'MESSAGE', message: { data: encode(order) } });
  }

  says(what: string, holds: (guest: GuestReport) => boolean): Promise<unknown> {
    const said = () => JSON.stringify(this.agent.updates.slice(-1));
    return until(`${what}; ${said()}`, patienceMs, async () => this.guest !== undefined && holds(this.guest));
  }

  stands(standing: GuestReport['standing']): Promise<unknown> {
    return this.says(standing, (guest) => guest.standing === standing);
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

/** Members 1 and 2 have a guest, 3 is the witness. */
export class HostedGroup {
  private readonly directory = mkdtempSync(path.join(tmpdir(), 'gaia-pair-'));
  private readonly image = prepareGuestImage();
  private readonly all: Hosted[] = [];
  private readonly writers: Writer[] = [];
  private addresses: MemberAddress[] = [];

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
    const hosted = new Hosted(self, await freePort());
    this.all.push(hosted);
    const peers = this.addresses.filter(({ slot }) => slot !== self.slot);
    return hosted.start(this.directory, this.image, peers, join);
  }

  /** Tells the primary of a backup that is ready, until that is covered. */
  async cover(primary: Hosted, backup: Hosted): Promise<void> {
    const port = await until('the backup is ready', patienceMs, async () => backup.guest?.relayPort);
    primary.order({ type: 'offerBackup', member: backup.self.member, host: '127.0.0.1', port });
    await primary.stands('covered');
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
      this.writers.every(({ acknowledged }, place) => acknowledged >= (before[place] as number) + writes),
    );
    await Promise.race([progress, ...this.writers.map(({ ended }) => ended)]);
    await progress;
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
