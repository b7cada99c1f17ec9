/**
 * Clients that come and go for a while: whole requests, cut ones, resets, half-closed connections, slow readers and large
 * values. Everyone is answered or closed, the leader is killed once, and replicas are compared in the end.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Group, Replica } from '../consensus/interpose/group.js';
import { type Below, below, randomFrom } from '../random.js';
import type { Entry } from './entry.js';
import { judge, type Verdict } from './judge.js';
import { Ended, Visitor } from './visitor.js';
import type { Wire } from './wires.js';
import { allEnd, withGroup } from './with-group.js';

const lanes = 8;
const megabyte = 1 << 20;
const largeBytes = [megabyte, 4 * megabyte, 16 * megabyte, 64 * megabyte];

export interface SoakVerdict extends Verdict {
  visits: number;
  /** Connections that ended before the reply came. */
  lost: number;
}

class Soak {
  visits = 0;
  lost = 0;
  private endMs: number;

  constructor(
    private readonly group: Group,
    private readonly wire: Wire,
    private readonly seed: number,
    seconds: number,
  ) {
    this.endMs = Date.now() + seconds * 1000;
  }

  async run(): Promise<void> {
    const killed = delay((this.endMs - Date.now()) / 2).then(() => this.loseLeader());
    const visits = [this.largeLane(), ...Array.from({ length: lanes }, (_, lane) => this.lane(lane))];
    await allEnd([killed, ...visits], () => {
      this.endMs = 0;
    });
  }

  private async loseLeader(): Promise<void> {
    const leader = await this.group.leader();
    await this.group.kill(leader);
    await this.group.leader();
    await this.group.replace(leader.address.slot, 120_000);
  }

  private async visit(pick: Below, act: (visitor: Visitor) => Promise<void>): Promise<void> {
    const living = this.group.living();
    try {
      const visitor = await Visitor.open((living[pick(living.length)] as Replica).clientPort, this.wire);
      await act(visitor).finally(() => visitor.close());
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
      await this.visit(pick, (visitor) => way.call(this, visitor, `small-${lane}`, pick));
      await delay(pick(20));
    }
  }

  private async whole(visitor: Visitor, name: string, pick: Below): Promise<void> {
    for (let i = 0; i <= pick(5); i++) {
      const value = Buffer.alloc(1 + pick(10_000), 97 + pick(26));
      visitor.send(this.wire.put(name, value));
      await visitor.reply();
      visitor.send(this.wire.get(name));
      assert.deepEqual(await visitor.reply(), value);
    }
  }

  private async cut(visitor: Visitor, name: string, pick: Below): Promise<void> {
    const bytes = this.wire.put(`${name}-cut`, Buffer.alloc(100 + pick(10_000), 'c'));
    visitor.send(bytes.subarray(0, pick(bytes.length)));
    await delay(pick(10));
    if (pick(2) === 0) visitor.reset();
  }

  private async halfClosed(visitor: Visitor, name: string): Promise<void> {
    visitor.send(this.wire.get(name));
    visitor.halfClose();
    await visitor.end();
  }

  private async cutAndHalfClosed(visitor: Visitor, name: string, pick: Below): Promise<void> {
    const bytes = this.wire.put(`${name}-cut`, Buffer.alloc(100 + pick(10_000), 'h'));
    visitor.send(bytes.subarray(0, pick(bytes.length - 1)));
    visitor.halfClose();
    await visitor.end();
  }

  /** Large values, read slowly: now and then to the end. */
  private async largeLane(): Promise<void> {
    const pick = below(randomFrom(this.seed));
    for (let i = 0; Date.now() < this.endMs; i++) {
      const bytes = Math.min(largeBytes[i % largeBytes.length] as number, this.wire.valueBytesMax);
      const value = Buffer.alloc(bytes, 97 + pick(26));
      await this.visit(pick, async (visitor) => {
        visitor.send(this.wire.put('large', value));
        await visitor.reply();
        visitor.send(this.wire.get('large'));
        await visitor.readSlowly(1000);
        if (pick(2) === 0) assert.ok((await visitor.reply()).equals(value));
      });
      await delay(1000);
    }
  }
}

export async function soak(entry: Entry, wire: Wire, seed: number, seconds: number): Promise<SoakVerdict> {
  return withGroup(entry, async (group) => {
    const running = new Soak(group, wire, seed, seconds);
    await running.run();
    assert.ok(running.visits > seconds, `only ${running.visits} visits in ${seconds} s`);
    return { visits: running.visits, lost: running.lost, ...(await judge(group, entry.labels.equality)) };
  });
}
