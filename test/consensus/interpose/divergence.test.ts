import assert from 'node:assert/strict';
import { eventually } from '../group.js';
import { compareTraces } from './exactness.js';
import { type Group, type Replica, startGroup } from './group.js';

describe('a replica that executes differently', function () {
  this.timeout(60_000);
  let group: Group;

  before(async () => {
    group = await startGroup({ strangeSlot: 2 });
  });
  after(() => group?.stop());

  it('is found out at the first turn whose output differs', async () => {
    const client = await group.client((await group.leader()).address.slot);
    assert.equal(await client.call('SADD', 'set', ...Array.from({ length: 200 }, (_, i) => `member${i}`)), '200');
    for (let i = 0; i < 5; i++) await client.call('SRANDMEMBER', 'set', 50);
    await group.quiesce();
    const [a, b, strange] = group.replicas as [Replica, Replica, Replica];
    assert.deepEqual(compareTraces(group, a, b).differences, []);
    assert.ok(compareTraces(group, a, strange).differences.length > 0);
    const first = Number.parseInt(compareTraces(group, a, strange).differences[0] ?? '', 10);
    await eventually('the majority does not report the divergence', () => {
      return [a, b].every(({ state }) => state?.divergence?.otherMember === strange.address.member);
    });
    for (const { state } of [a, b]) {
      assert.equal(state?.divergence?.index, first);
      const { connection, here, there } = state?.divergence?.difference ?? {};
      assert.equal(connection, 128);
      assert.match(Buffer.from(here ?? '', 'hex').toString(), /member|^\d/);
      assert.notEqual(here, there);
      assert.ok(there);
    }
    client.close();
  });

  it('is found out again when its successor does the same', async () => {
    const strange = group.replicas[2] as Replica;
    if ((await group.leader()) === strange) strange.command(`transfer ${group.replicas[0]?.address.member}`);
    await eventually('the strange one leads', async () => (await group.leader()) !== strange);
    await group.kill(strange);
    const successor = await group.replace(2);
    const client = await group.client((await group.leader()).address.slot);
    for (let i = 0; i < 5; i++) await client.call('SRANDMEMBER', 'set', 50);
    for (const slot of [0, 1])
      await eventually('the majority does not see that the successor differs', () => {
        return group.replicas[slot]?.state?.divergence?.otherMember === successor.address.member;
      });
    client.close();
  });
});
