/**
 * What the catalogue promises of a program, told with its own client tools: values are written through all replicas, the
 * leader is killed in the middle and replaced, and in the end every replica, asked as the leader, has what was acknowledged.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Group, Replica } from '../consensus/interpose/group.js';
import { type Below, below, randomFrom } from '../random.js';
import type { Client, Values } from './client.js';
import type { Entry } from './entry.js';
import { judge, type Verdict } from './judge.js';
import { allEnd, withGroup } from './with-group.js';

const lanes = 4;
const valuesPerWrite = 5;
const namesPerLane = 25;
const takeoverLimitMs = 30_000;

export interface StoryOptions {
  seed: number;
  /** Of each lane. */
  writes: number;
}

class Story {
  /** By name what was acknowledged last: each name has one writer. */
  private readonly expected: Values = new Map();
  private done = 0;
  /** All is written, or something has failed. */
  private over = false;
  private readonly pick: Below;

  constructor(
    private readonly group: Group,
    private readonly client: Client,
    private readonly options: StoryOptions,
  ) {
    this.pick = below(randomFrom(options.seed));
  }

  async tell(): Promise<void> {
    await this.client.begin?.(this.anyPort());
    const stirred = this.stir();
    const written = Array.from({ length: lanes }, (_, lane) => this.writeLane(lane));
    const end = () => {
      this.over = true;
    };
    await allEnd([...written, this.loseLeader()], end).finally(() => {
      end();
      return stirred;
    });
    for (const replica of this.group.living()) await this.ask(replica);
    await this.client.end?.(this.anyPort(), this.expected);
  }

  private anyPort(): number {
    const living = this.group.living();
    return (living[this.pick(living.length)] as Replica).clientPort;
  }

  private async writeLane(lane: number): Promise<void> {
    const pick = below(randomFrom(this.options.seed * 100 + lane));
    for (let i = 0; i < this.options.writes && !this.over; i++) {
      const values: Values = new Map();
      while (values.size < valuesPerWrite)
        values.set(`value-${lane}-${pick(namesPerLane)}`, `${lane}.${i}.`.repeat(1 + pick(60)));
      await repeated(`write ${i} of lane ${lane}`, () => this.client.write(this.anyPort(), values));
      for (const [name, value] of values) this.expected.set(name, value);
      this.done++;
    }
  }

  private async stir(): Promise<void> {
    for (let i = 0; this.client.stir && !this.over; i++)
      await this.client.stir(this.anyPort(), this.options.seed + i).catch(() => delay(100));
  }

  /** When half is written. */
  private async loseLeader(): Promise<void> {
    while (this.done * 2 < lanes * this.options.writes && !this.over) await delay(5);
    if (this.over) return;
    const leader = await this.group.leader();
    await this.group.kill(leader);
    await this.group.leader();
    await this.group.replace(leader.address.slot);
  }

  private async ask(replica: Replica): Promise<void> {
    const { member } = replica.address;
    await this.group.lead(replica);
    const names = [...this.expected.keys()].sort();
    const values = await repeated(`member ${member} is asked`, () => this.client.read(replica.clientPort, names));
    for (const name of names) assert.equal(values.get(name), this.expected.get(name), `${name} at member ${member}`);
  }
}

/** Connections are lost with the leader: clients try again. */
async function repeated<T>(what: string, act: () => Promise<T>): Promise<T> {
  const end = Date.now() + takeoverLimitMs;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (Date.now() > end) throw new Error(`${what}: ${(error as Error).message}`);
      await delay(100);
    }
  }
}

export async function tell(entry: Entry, client: Client, options: StoryOptions): Promise<Verdict> {
  return withGroup(entry, async (group) => {
    await new Story(group, client, options).tell();
    return judge(group, entry.labels.equality);
  });
}
