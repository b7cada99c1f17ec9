/**
 * Clients that come and go for a while: whole requests, cut ones, resets, half-closed connections, slow readers and large
 * values. Everyone is answered rightly or closed, the leader is killed once, replicas are compared in the end, and their
 * processes must not have grown.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Group, Replica } from '../consensus/interpose/group.js';
import type { Change, Reading } from '../growth/growth.js';
import { ofKeepers, ofPrograms } from '../growth/rules.js';
import { processTree, usageOf } from '../growth/usage.js';
import { Watch } from '../growth/watch.js';
import { type Below, below, randomFrom } from '../random.js';
import type { ProgramEntry } from './entry.js';
import { judge, type Verdict } from './judge.js';
import { Possible } from './possible.js';
import { Ended, Visitor } from './visitor.js';
import { megabyte, type Wire } from './wires/wire.js';
import { allEnd, withGroup } from './with-group.js';

const lanes = 8;
const large = 'large';
const largeBytes = [megabyte, 4 * megabyte, 16 * megabyte, 64 * megabyte];
/** Of what stands in the place of a large value between two of them. */
const restingBytes = 1000;
/** Of large values, however long it takes: each member keeps the log on its disk. */
const logBytes = 2048 * megabyte;
const largePauseMinMs = 1000;
/** The leader is lost after this part of the time: who joins replays all that was until then. */
const killedAfter = 10;
/** For a member that executes what others have executed: on a busy machine it is far behind them. */
const patienceMs = (seconds: number) => Math.max(120_000, (seconds * 1000) / 3);
const readEveryMs = 1000;

export interface SoakVerdict extends Verdict {
  /** Connections that came to the end that their clients wanted. */
  visits: number;
  /** Connections that ended before the answer came. */
  lost: number;
  /** That were right: others end the soak. */
  answers: number;
  largestBytes: number;
  /** Of a client whose answer, or end, was due. */
  longestWaitMs: number;
  /** By process, of long soaks. */
  changes: Record<string, Record<string, Change>>;
}

class Soak {
  visits = 0;
  lost = 0;
  answers = 0;
  largestBytes = 0;
  longestWaitMs = 0;
  private endMs: number;
  private readonly largePauseMs: number;
  private readonly possible = new Possible();

  constructor(
    private readonly group: Group,
    private readonly wire: Wire,
    private readonly seed: number,
    private readonly seconds: number,
  ) {
    this.endMs = Date.now() + seconds * 1000;
    const bytes = largeBytes.reduce((sum, each) => sum + Math.min(each, wire.valueBytesMax), 0) / largeBytes.length;
    this.largePauseMs = Math.max(largePauseMinMs, (1000 * seconds * bytes) / logBytes);
  }

  async run(): Promise<void> {
    await this.begin();
    const killed = delay((this.seconds * 1000) / killedAfter).then(() => this.loseLeader());
    const visits = [this.largeLane(), ...Array.from({ length: lanes }, (_, lane) => this.lane(lane))];
    await allEnd([killed, ...visits], () => {
      this.endMs = 0;
    });
  }

  private async begin(): Promise<void> {
    const small = Array.from({ length: lanes }, (_, lane) => [nameOf(lane), cutNameOf(lane)]).flat();
    const visitor = await Visitor.open((await this.group.leader()).clientPort);
    await this.greet(visitor);
    for (const exchange of this.wire.begin?.([large, ...small]) ?? []) await visitor.ask(exchange);
    visitor.close();
  }

  private async loseLeader(): Promise<void> {
    const leader = await this.group.leader();
    await this.group.kill(leader);
    await this.group.leader();
    await this.group.replace(leader.address.slot, patienceMs(this.seconds));
  }

  private async greet(visitor: Visitor): Promise<void> {
    if (this.wire.hello) await visitor.ask(this.wire.hello);
  }

  private async visit(pick: Below, act: (visitor: Visitor) => Promise<void>): Promise<void> {
    const living = this.group.living();
    try {
      const visitor = await Visitor.open((living[pick(living.length)] as Replica).clientPort);
      await act(visitor).finally(() => visitor.close());
      this.longestWaitMs = Math.max(this.longestWaitMs, visitor.longestWaitMs);
      this.visits++;
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
      this.lost++;
      await delay(50);
    }
  }

  private async lane(lane: number): Promise<void> {
    const pick = below(randomFrom(this.seed * 100 + lane));
    const ways = [this.whole, this.cut, this.halfClosed, this.cutAndHalfClosed];
    while (Date.now() < this.endMs) {
      const way = ways[pick(ways.length)] as typeof this.whole;
      await this.visit(pick, (visitor) => way.call(this, visitor, lane, pick));
      await delay(pick(20));
    }
  }

  private async whole(visitor: Visitor, lane: number, pick: Below): Promise<void> {
    const name = nameOf(lane);
    await this.greet(visitor);
    for (let i = 0; i <= pick(5); i++) {
      await this.read(visitor, name);
      await this.write(visitor, name, Buffer.alloc(1 + pick(10_000), 97 + pick(26)));
      await this.read(visitor, name);
    }
  }

  private async write(visitor: Visitor, name: string, value: Buffer): Promise<void> {
    this.possible.sent(name, value);
    await visitor.ask(this.wire.put(name, value));
    this.possible.acknowledged(name, value);
    this.largestBytes = Math.max(this.largestBytes, value.length);
    this.answers++;
  }

  private async read(visitor: Visitor, name: string): Promise<void> {
    const possible = this.possible.of(name);
    if (possible.length === 0) return;
    await visitor.ask(this.wire.get(name, possible));
    this.answers++;
  }

  /** What a connection begins with. */
  private first(bytes: Buffer): Buffer {
    return this.wire.hello ? Buffer.concat([this.wire.hello.says, bytes]) : bytes;
  }

  private partOfPut(lane: number, pick: Below): Buffer {
    const { says } = this.wire.put(cutNameOf(lane), Buffer.alloc(100 + pick(10_000), 'c'));
    const bytes = this.first(says);
    return bytes.subarray(0, pick(bytes.length));
  }

  private async cut(visitor: Visitor, lane: number, pick: Below): Promise<void> {
    visitor.send(this.partOfPut(lane, pick));
    await delay(pick(10));
    if (pick(2) === 0) visitor.reset();
  }

  private async halfClosed(visitor: Visitor, lane: number): Promise<void> {
    visitor.send(this.first(this.wire.get(nameOf(lane), []).says));
    visitor.halfClose();
    await visitor.end();
  }

  private async cutAndHalfClosed(visitor: Visitor, lane: number, pick: Below): Promise<void> {
    visitor.send(this.partOfPut(lane, pick));
    visitor.halfClose();
    await visitor.end();
  }

  /** Large values, read slowly: now and then to the end. A small one takes the place of each, so that programs keep as much in each pause. */
  private async largeLane(): Promise<void> {
    const pick = below(randomFrom(this.seed));
    for (let i = 0; Date.now() < this.endMs; i++) {
      const bytes = Math.min(largeBytes[i % largeBytes.length] as number, this.wire.valueBytesMax);
      const value = Buffer.alloc(bytes, 97 + pick(26));
      await this.visit(pick, async (visitor) => {
        await this.greet(visitor);
        await this.write(visitor, large, value);
        await this.readSlowly(visitor, pick);
      });
      await this.visit(pick, async (visitor) => {
        await this.greet(visitor);
        await this.write(visitor, large, Buffer.alloc(restingBytes, 97 + pick(26)));
      });
      await delay(this.largePauseMs);
    }
  }

  private async readSlowly(visitor: Visitor, pick: Below): Promise<void> {
    const exchange = this.wire.get(large, this.possible.of(large));
    visitor.send(exchange.says);
    await visitor.readSlowly(1000);
    if (pick(2) === 0) return;
    await visitor.answered(exchange);
    this.answers++;
  }
}

/** Of all processes of the members. */
function readingsOf(group: Group): Map<string, Reading> {
  const readings = new Map<string, Reading>();
  for (const { pid, address } of group.living())
    for (const [process, name] of pid > 0 ? processTree(pid) : []) {
      const usage = usageOf(process);
      if (usage !== null) readings.set(`member ${address.member}: ${name} (${process})`, usage);
    }
  return readings;
}

/** How the members stood, and the last that they said. */
const failedWith =
  (group: Group) =>
  (error: Error): never => {
    const told = group.replicas.map((replica) => {
      const { address, state, exit, fatal } = replica;
      return `member ${address.member}: ${JSON.stringify({ exit, fatal, state })}\n${replica.output().slice(-500)}`;
    });
    throw new Error([error.message, ...told].join('\n'), { cause: error });
  };

const nameOf = (lane: number) => `small-${lane}`;
const cutNameOf = (lane: number) => `${nameOf(lane)}-cut`;

/**
 * Values beyond it are given back to the kernel as soon as nobody has them. Unless it is set, glibc's threshold rises to 32 MiB with the
 * values that are freed, and the heap keeps up to 64 MiB (mallopt(3)): what looks like growth then is one value that was there once.
 */
const allocator = { MALLOC_MMAP_THRESHOLD_: '131072' };

export async function soak(entry: ProgramEntry, wire: Wire, seed: number, seconds: number): Promise<SoakVerdict> {
  return withGroup(
    entry,
    async (group) => {
      const watch = new Watch(() => readingsOf(group), readEveryMs, wire.grows === undefined ? ofPrograms : ofKeepers);
      const running = new Soak(group, wire, seed, seconds);
      const ending = running.run().finally(() => watch.stop());
      await allEnd([ending, watch.run()], () => watch.stop()).catch(failedWith(group));
      const { visits, lost, answers, largestBytes, longestWaitMs } = running;
      assert.ok(visits > seconds, `only ${visits} visits in ${seconds} s`);
      const verdict = await judge(group, entry.labels.equality, patienceMs(seconds));
      assert.deepEqual(watch.grown(), []);
      return { visits, lost, answers, largestBytes, longestWaitMs, changes: watch.changes(), ...verdict };
    },
    allocator,
  );
}
