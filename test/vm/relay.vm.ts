/** The relay between two real QEMUs: rounds, what crosses for them, and primaries that are lost in the middle. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { withDirectory } from '../executor/fixtures.js';
import { randomFrom } from '../random.js';
import type { RespConnection } from '../resp.js';
import { patienceMs } from './machine.js';
import { redisAt } from './redis.js';
import { RelayedPair, type Round } from './relayed-pair.js';

const seed = Number(process.env.GAIA_SEED ?? 20261126);
const rounds = Number(process.env.GAIA_ROUNDS ?? 40);
const kills = Number(process.env.GAIA_KILLS ?? 3);
const random = randomFrom(seed);
const pageBytes = 4096;
const valueBytes = 2000;
/** The guest's memory is small, and rounds may be many. */
const keysMax = 3000;

/** Numbered writes until it is stopped; what was acknowledged is known. */
class Writes {
  acknowledged = 0;
  private going = true;
  private readonly done: Promise<void>;

  constructor(private readonly client: RespConnection) {
    this.done = this.run();
  }

  static value(number: number): string {
    return `${number} `.repeat(valueBytes).slice(0, valueBytes);
  }

  private async run(): Promise<void> {
    while (this.going) {
      const number = this.acknowledged + 1;
      const answer = await this.client.call('SET', `key ${number % keysMax}`, Writes.value(number)).catch(() => null);
      if (answer !== 'OK') return;
      this.acknowledged = number;
    }
  }

  async stop(): Promise<void> {
    this.going = false;
    await this.done;
    this.client.close();
  }
}

/** The guest has written since before its backup was seeded. */
async function withPair(vcpus: number, use: (pair: RelayedPair, writes: Writes) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const started: Writes[] = [];
    const begin = async (port: number) => {
      started.push(new Writes(await redisAt(port)));
    };
    const pair = await RelayedPair.start(directory, { vcpus }, begin);
    try {
      for (const writes of started) await use(pair, writes);
    } finally {
      await pair.stop();
      for (const writes of started) await writes.stop();
    }
  });
}

/** Rounds under load, one after a short while after the other. */
async function runRounds(pair: RelayedPair, writes: Writes): Promise<Round[]> {
  const done: Round[] = [];
  while (done.length < rounds) {
    await delay(20 + random() * 60);
    done.push(await pair.round());
  }
  await writes.stop();
  assert.ok(writes.acknowledged > rounds, `${writes.acknowledged} writes`);
  return done;
}

const total = (list: Round[], what: (round: Round) => number) => list.reduce((sum, round) => sum + what(round), 0);

describe(`the relay of a guest's memory (seed ${seed}, ${rounds} rounds, ${kills} kills)`, function () {
  this.timeout(5 * patienceMs + rounds * 3000);

  for (const vcpus of [1, 2])
    it(`makes both memories the same in every round, with ${vcpus} processors, and sends far less than the pages`, () =>
      withPair(vcpus, async (pair, writes) => {
        const done = await runRounds(pair, writes);
        assert.deepEqual(pair.differences(), Array(rounds).fill(0));
        assert.deepEqual(
          done.map(({ number }) => number),
          done.map((_, i) => i + 1),
        );
        for (const { dirtyPages, unchangedPages, zeroPages, equalPages, sentPages, pauseUs, trigger } of done) {
          assert.equal(dirtyPages, unchangedPages + zeroPages + equalPages + sentPages);
          assert.ok(pauseUs > 0);
          assert.equal(trigger, 'test');
        }
        const crossed = total(done, (round) => round.toBackupBytes + round.toPrimaryBytes);
        const ratio = total(done, (round) => round.dirtyPages * pageBytes) / crossed;
        console.log(
          `      of ${total(done, (round) => round.dirtyPages)} dirty pages ${total(done, (round) => round.sentPages)} were sent; bytes ${ratio.toFixed(1)} times fewer`,
        );
        assert.ok(ratio > 4, `bytes only ${ratio} times fewer`);
      }));

  it('leaves the backup usable when the primary is lost at any instant', async () => {
    for (let kill = 0; kill < kills; kill++)
      await withPair(1, async (pair, writes) => {
        for (let i = 0; i < 3; i++) {
          await delay(30);
          await pair.round();
        }
        const covered = writes.acknowledged;
        await pair.round();
        await pair.trigger('last').catch(() => {});
        await delay(random() * 15);
        await pair.losePrimary();
        await writes.stop();
        assert.ok(writes.acknowledged < keysMax, 'keys were used again');
        await pair.failOver();
        const client = await redisAt(pair.ports.backup);
        for (const number of [1, covered >> 1, covered])
          assert.equal(await client.call('GET', `key ${number}`), Writes.value(number));
        assert.equal(await client.call('SET', 'after', 'x'), 'OK');
        client.close();
        assert.deepEqual(new Set(pair.differences()), new Set([0]));
      });
  });

  it('does not care about strangers at the port of the backup', () =>
    withPair(1, async (pair) => {
      const port = Number((await pair.backupEnd.next('open')).port);
      const stranger = net.connect(port, '127.0.0.1').on('error', () => {});
      stranger.write(Buffer.alloc(1000, 'x'));
      assert.equal((await pair.round('again')).trigger, 'again');
      stranger.destroy();
    }));
});
