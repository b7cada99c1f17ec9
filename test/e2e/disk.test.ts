/** Durability `disk`, as a user sees it: a group comes back with its data when all of it has ended. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Group, type Replica, redisSpec, System, until } from './system.js';
import { Writer } from './writer.js';

const id = '/demo/kept';
const timings = { agentPingIntervalMs: 300, agentPingsMissedMax: 3 };
const replication = { protocol: 'apus', transport: 'auto', durability: 'disk', spread: ['zone', 'rack', 'host'] };
const members = (group: Group) => group.replicas.map(({ slot, member, host }) => `${slot} ${member} ${host}`).sort();

describe('a replicated Redis with durability disk', function () {
  this.timeout(180_000);
  let system: System;
  let writer: Writer;
  let founders: Group;

  before(async () => {
    system = await System.start({ timings });
    await system.deploy(redisSpec(id, { replication }));
    writer = new Writer(system, id);
    founders = await system.whole(id);
  });
  after(() => system?.stop());

  const written = async (more: number): Promise<void> => {
    const before = writer.acknowledged.length;
    await until(`${more} more writes`, 60_000, async () => writer.acknowledged.length >= before + more);
  };
  /** The same members on the same agents, with new processes. */
  const returned = async (old: Group): Promise<Group> => {
    const group = await until('all have returned', 90_000, async () => {
      const now = await system.whole(id);
      return now.replicas.every(({ pid }) => old.replicas.every((one) => one.pid !== pid)) ? now : null;
    });
    assert.deepEqual(members(group), members(old));
    assert.equal(group.group.generation, 1);
    return group;
  };
  const executorOf = ({ pid }: Replica) =>
    Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

  it('returns when all servers are killed at once', async () => {
    await written(100);
    for (const { pid } of founders.replicas) process.kill(pid as number, 'SIGKILL');
    await returned(founders);
    await written(100);
  });

  it('returns when all its machines have lost their power, and says what it waits for', async () => {
    const before = await system.whole(id);
    const indexes = before.replicas.map(({ host }) =>
      system.mesos.agents.findIndex(({ hostname }) => hostname === host),
    );
    const pids = before.replicas.flatMap((replica) => [executorOf(replica), replica.pid as number]);
    for (const index of indexes) process.kill(system.mesos.agents[index]?.pid as number, 'SIGKILL');
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until('it is known', 60_000, async () => (await system.group(id)).group.state === 'noQuorum');
    for (const index of indexes) await system.mesos.restartAgent(index);
    await returned(before);
    await written(100);
  });

  it('has lost nothing that was acknowledged, and leaves nothing behind when it is removed', async () => {
    assert.deepEqual(await writer.stop(), []);
    const kept = join(system.directory, 'replicas');
    assert.deepEqual(readdirSync(kept), ['_demo_kept@1']);
    await system.request('DELETE', `/v2/apps${id}`);
    await until('the directories are gone', 60_000, async () => readdirSync(kept).length === 0);
  });
});
