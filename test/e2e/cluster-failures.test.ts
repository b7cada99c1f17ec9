/** Machines, agents, the master and executors that die: the group serves on, and ends with one member per slot. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { isRunning } from '../conformance/wait.js';
import { follower, type Group, leader, type Replica, redisSpec, System, until } from './system.js';
import { Writer } from './writer.js';

/** An agent is unreachable after about a second. */
const timings = { agentPingIntervalMs: 300, agentPingsMissedMax: 3 };
const impatient = { unreachableStrategy: { inactiveAfterSeconds: 1, expungeAfterSeconds: 600 } };
const members = (group: Group) => group.replicas.map(({ member }) => member).sort((a, b) => a - b);
const pids = (group: Group) => group.replicas.map(({ pid }) => pid as number).sort((a, b) => a - b);

describe('a cluster with failures', function () {
  this.timeout(120_000);
  let system: System;
  let app = 0;

  before(async () => {
    system = await System.start({ timings });
  });
  after(() => system?.stop());

  /** A whole group with a client that writes all the time, as `during` goes on; then nothing acknowledged is missing. */
  async function withGroup(extra: object, during: (id: string, group: Group) => Promise<void>): Promise<void> {
    const id = `/failures/app-${++app}`;
    await system.deploy(redisSpec(id, extra));
    const writer = new Writer(system, id);
    try {
      await during(id, await system.whole(id));
    } finally {
      const missing = await writer.stop();
      assert.deepEqual(missing, [], 'acknowledged writes that are lost');
      assert.ok(writer.acknowledged.length > 0);
      await system.request('DELETE', `/v2/apps${id}`);
      await until('the servers have ended', 60_000, async () => system.servers().length === 0);
    }
  }

  const agentIndex = (replica: Replica) => system.mesos.agents.findIndex(({ hostname }) => hostname === replica.host);
  const executorOf = (pid: number) => Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  const story = async (id: string): Promise<string> => {
    const { body } = await system.request('GET', `/v2/apps${id}`);
    return body.app.story.map(({ text }: { text: string }) => text).join('\n');
  };

  /** Whole again without this member; nothing else of the group runs, on any agent. */
  const replaced = async (id: string, lost: Replica): Promise<Group> => {
    const group = await system.replaced(id, lost.member);
    assert.deepEqual(group.replicas.map(({ slot }) => slot).sort(), [0, 1, 2]);
    return group;
  };
  const alone = async (id: string, group: Group): Promise<void> => {
    await until('only the members of the group run', 60_000, async () => {
      assert.deepEqual(system.servers(), pids(group));
      const now = await system.group(id);
      assert.deepEqual(members(now), members(group));
      return true;
    });
  };

  it('a machine that is lost with its replica: replaced elsewhere; back again, its task is ended', () =>
    withGroup(impatient, async (id, before) => {
      const lost = leader(before);
      const index = agentIndex(lost);
      const executor = executorOf(lost.pid);
      for (const pid of [system.mesos.agents[index]?.pid as number, executor, lost.pid]) process.kill(pid, 'SIGKILL');
      const group = await replaced(id, lost);
      assert.ok(group.replicas.every(({ agentId }) => agentId !== lost.agentId));
      await system.mesos.restartAgent(index);
      await alone(id, group);
    }));

  it('a machine that is cut off: replaced elsewhere; its server is ended when it is back, and counts no more', () =>
    withGroup(impatient, async (id, before) => {
      const lost = follower(before);
      const index = agentIndex(lost);
      system.mesos.pauseAgent(index);
      const group = await replaced(id, lost).finally(() => {
        assert.ok(isRunning(lost.pid), 'nobody can end it yet');
        system.mesos.resumeAgent(index);
      });
      await alone(id, group);
      assert.equal(isRunning(lost.pid), false);
    }));

  it('an agent that dies alone and is started again: nothing is replaced', () =>
    withGroup({}, async (id, before) => {
      const replica = leader(before);
      await system.mesos.killAgent(agentIndex(replica));
      await system.mesos.restartAgent(agentIndex(replica));
      await until('the agent reports its executor again', 60_000, async () => {
        const { body } = await system.request('GET', `/v2/apps${id}/replicas`);
        const row = (body.replicas as (Replica & { reportedAt: string })[]).find(
          ({ member }) => member === replica.member,
        );
        return row?.state === 'TASK_RUNNING' && Date.now() - Date.parse(row.reportedAt) < 1000;
      });
      const group = await system.whole(id);
      assert.deepEqual(pids(group), pids(before));
      assert.deepEqual(members(group), members(before));
      assert.doesNotMatch(await story(id), /replacement/);
      assert.deepEqual(system.servers(), pids(before));
    }));

  it('the master is killed and started again: groups serve, and a later death is healed', () =>
    withGroup({}, async (id, before) => {
      await system.mesos.killMaster();
      await until('the framework sees it', 60_000, async () => (await system.request('GET', '/health')).status === 503);
      assert.deepEqual(system.servers(), pids(before));
      await system.mesos.restartMaster();
      await until(
        'the framework has subscribed',
        60_000,
        async () => (await system.request('GET', '/health')).status === 200,
      );
      const lost = follower(before);
      process.kill(lost.pid, 'SIGKILL');
      await alone(id, await replaced(id, lost));
    }));

  it('an executor that is killed: its server ends with it, and the group heals', () =>
    withGroup({}, async (id, before) => {
      const lost = leader(before);
      process.kill(executorOf(lost.pid), 'SIGKILL');
      await until('its guardian ends the server', 5000, async () => !isRunning(lost.pid));
      await alone(id, await replaced(id, lost));
    }));
});
