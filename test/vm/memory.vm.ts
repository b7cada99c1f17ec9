/** What members of a replicated guest take of their hosts' memory under load is no more than the scheduler asks for them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { pids } from '../../executor/pids.js';
import type { VmSpec } from '../../framework/app.js';
import { ofWitness } from '../../framework/replicated-guest.js';
import { memoryMbOf } from '../../framework/spec/container.js';
import { directoryOf } from '../proc.js';
import type { Hosted } from './hosted.js';
import { HostedGroup } from './hosted-group.js';
import { patienceMs } from './machine.js';
import { redisAt } from './redis.js';

const keyMbMax = 256;

describe("the memory of a replicated guest's members", function () {
  this.timeout(10 * patienceMs);
  let group: HostedGroup;
  afterEach(() => group.end());

  // A guest of 128 MB has about 60 left for its redis-server.
  for (const { memory, filled } of [
    { memory: 128, filled: 32 },
    { memory: 1024, filled: 640 },
  ])
    it(`is within what is asked for, for a guest of ${memory} MB that uses it`, async () => {
      group = new HostedGroup(null, 200, memory);
      const { first, second, witness } = await group.found();
      await fill(witness, filled);
      await group.write(witness);
      await group.cover(first, second);
      await group.more();
      const mem = memoryMbOf({ replication: { protocol: 'vm' } } as never, { memory } as VmSpec);
      const asked = { cpus: 1, mem, disk: 0, gpus: 0, ports: [] };
      const [primary, backup, third] = [first, second, witness].map(proportionalMb) as [number, number, number];
      console.log(
        `      primary ${primary}, backup ${backup} of ${mem} MB; witness ${third} of ${ofWitness(asked).mem}`,
      );
      assert.ok(primary > filled && backup > 2 * filled, 'the guest is in it');
      assert.ok(primary <= mem && backup <= mem, `primary ${primary}, backup ${backup} of ${mem} MB`);
      assert.ok(third <= ofWitness(asked).mem, `witness ${third}`);
    });
});

/** Keys of zeros, which redis-server writes itself. */
async function fill(through: Hosted, mb: number): Promise<void> {
  const client = await redisAt(through.port);
  for (let left = mb, key = 0; left > 0; left -= keyMbMax, key++)
    await client.call('SETRANGE', `filled ${key}`, String(Math.min(left, keyMbMax) * 2 ** 20 - 1), 'x');
  client.close();
}

/** Of all processes that work in its sandbox; what they share with others counts in parts. */
function proportionalMb({ sandbox }: Hosted): number {
  const own = pids().filter((pid) => directoryOf(pid) === sandbox);
  assert.ok(own.length > 0);
  const kb = own.map((pid) =>
    Number(/^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]),
  );
  return Math.round(kb.reduce((sum, one) => sum + one, 0) / 1024);
}
