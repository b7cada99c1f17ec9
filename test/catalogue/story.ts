/**
 * What the catalogue promises of a program, told with its own client tools: values are written through all members, the
 * leader is killed in the middle and replaced, and in the end every member with the program, asked as the leader, has what was
 * acknowledged, also to who wrote when the new member had joined.
 */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { type Below, below, randomFrom } from '../random.js';
import type { Client, Values } from './client.js';
import { type Entry, isGuest } from './entry.js';
import { withGuest } from './guest-stage.js';
import { judge } from './judge.js';
import { ReplicasStage } from './replicas-stage.js';
import type { Stage } from './stage.js';
import { allEnd, withGroup } from './with-group.js';

const lanes = 4;
const valuesPerWrite = 5;
const namesPerLane = 25;
/** Of a lane's writes, this part waits for the new member. */
const lateShare = 1 / 4;

export interface StoryOptions {
  seed: number;
  /** Of each lane. */
  writes: number;
}

class Story {
  /** By name what was acknowledged last: each name has one writer. */
  private readonly expected: Values = new Map();
  private done = 0;
  /** The load tool has come to its end, at least once; why it has not, the last time. */
  private stirred = false;
  private stirFailure: unknown = null;
  /** All is written, or something has failed. */
  private over = false;
  private readonly pick: Below;

  constructor(
    private readonly stage: Stage,
    private readonly client: Client,
    private readonly options: StoryOptions,
  ) {
    this.pick = below(randomFrom(options.seed));
  }

  async tell(): Promise<void> {
    await this.repeated('the program begins', async () => this.client.begin?.(await this.anyPort()));
    const stirred = this.stir();
    const replaced = this.loseLeader();
    const written = Array.from({ length: lanes }, (_, lane) => this.writeLane(lane, replaced));
    const end = () => {
      this.over = true;
    };
    await allEnd([...written, replaced], end).finally(() => {
      end();
      return stirred;
    });
    if (this.client.stir) assert.ok(this.stirred, `the load tool never came to its end: ${this.stirFailure}`);
    for await (const leader of this.stage.leaders()) await this.ask(leader);
    await this.client.end?.(await this.anyPort(), this.expected);
  }

  private async anyPort(): Promise<number> {
    const ports = await this.stage.ports();
    return ports[this.pick(ports.length)] as number;
  }

  private async writeLane(lane: number, replaced: Promise<void>): Promise<void> {
    const pick = below(randomFrom(this.options.seed * 100 + lane));
    const { writes } = this.options;
    for (let i = 0; i < writes && !this.over; i++) {
      if (i >= writes * (1 - lateShare)) await replaced;
      const values: Values = new Map();
      while (values.size < valuesPerWrite)
        values.set(`value-${lane}-${pick(namesPerLane)}`, `${lane}.${i}.`.repeat(1 + pick(60)));
      await this.repeated(`write ${i} of lane ${lane}`, async () => this.client.write(await this.anyPort(), values));
      for (const [name, value] of values) this.expected.set(name, value);
      this.done++;
    }
  }

  private async stir(): Promise<void> {
    const stir = async (i: number) => {
      await this.client.stir?.(await this.anyPort(), this.options.seed + i);
      this.stirred = true;
    };
    for (let i = 0; this.client.stir && !this.over; i++)
      await stir(i).catch((error) => {
        this.stirFailure = error;
        return delay(100);
      });
  }

  /** When half is written. */
  private async loseLeader(): Promise<void> {
    while (this.done * 2 < lanes * this.options.writes && !this.over) await delay(5);
    if (!this.over) await this.stage.loseLeader();
  }

  private async ask({ member, port }: { member: number; port: number }): Promise<void> {
    const names = [...this.expected.keys()].sort();
    const values = await this.repeated(`member ${member} is asked`, () => this.client.read(port, names));
    for (const name of names) assert.equal(values.get(name), this.expected.get(name), `${name} at member ${member}`);
  }

  /** Connections are lost with the leader, and a guest is there before its program: clients try again. */
  private async repeated<T>(what: string, act: () => Promise<T>): Promise<T> {
    const end = Date.now() + this.stage.takeoverLimitMs;
    for (;;) {
      try {
        return await act();
      } catch (error) {
        if (Date.now() > end) throw new Error(`${what}: ${(error as Error).message}`);
        await delay(100);
      }
    }
  }
}

/** Says what was looked at; throws where it is not as the entry promises. */
export async function tell(entry: Entry, client: Client, options: StoryOptions): Promise<object> {
  if (isGuest(entry))
    return withGuest(entry, async (stage) => {
      await new Story(stage, client, options).tell();
      return stage.judge();
    });
  return withGroup(entry, async (group) => {
    await new Story(new ReplicasStage(group), client, options).tell();
    return judge(group, entry.labels.equality);
  });
}
