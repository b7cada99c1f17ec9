/** Persistent volumes, as a user sees them: a program finds its files again, on the same agent, whatever ended it. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OperatorClient, reservationsOf } from '../../framework/mesos-http-client/index.js';
import { type Group, redisSpec, System, until } from './system.js';
import { Writer } from './writer.js';

const timings = { agentPingIntervalMs: 300, agentPingsMissedMax: 3 };
const container = (containerPath: string, size: number) => ({
  container: { type: 'MESOS', volumes: [{ containerPath, mode: 'RW', persistent: { size } }] },
  residency: { taskLostBehavior: 'WAIT_FOREVER' },
});

interface Task {
  id: string;
  host: string;
  ports: number[];
  state: string;
  localVolumes: { containerPath: string; persistenceId: string }[];
}

describe('persistent volumes', function () {
  this.timeout(180_000);
  let system: System;
  before(async () => {
    system = await System.start({ timings });
  });
  after(() => system?.stop());

  const tasksOf = async (id: string): Promise<Task[]> => (await system.request('GET', `/v2/apps${id}`)).body.app.tasks;
  const running = (id: string, attempt: number): Promise<Task> =>
    until(`attempt ${attempt} of ${id} runs`, 60_000, async () => {
      const tasks = await tasksOf(id);
      return tasks.find((task) => task.state === 'TASK_RUNNING' && task.id.endsWith(`._app.${attempt}`));
    });
  const agentOf = ({ host }: Task) => system.mesos.agents.findIndex(({ hostname }) => hostname === host);
  const volumeOf = (task: Task) => {
    const { workDirectory } = system.mesos.agents[agentOf(task)] as { workDirectory: string };
    return join(workDirectory, 'volumes', 'roles', 'gaia', task.localVolumes[0]?.persistenceId as string);
  };
  const linesOf = (task: Task) =>
    readFileSync(join(volumeOf(task), 'runs'), 'utf8')
      .trim()
      .split('\n');
  const wrote = (task: Task, count: number) =>
    until(`${count} lines`, 30_000, async () => linesOf(task).length === count);
  const reserved = async (): Promise<string[]> => {
    const agents = (await new OperatorClient({ address: system.mesos.masterAddress }).getAgents()).agents ?? [];
    const resources = agents.flatMap(({ total_resources = [] }) => total_resources);
    return resources.filter((one) => reservationsOf(one).length > 0).map(({ name }) => name);
  };

  describe('of a plain app', () => {
    const id = '/demo/notes';
    const cmd = 'echo "run on $HOST:$PORT0" >> data/runs; exec sleep 1000';
    let first: Task;
    before(async () => {
      await system.deploy({ id, cmd, cpus: 0.1, mem: 32, instances: 1, backoffSeconds: 0, ...container('data', 64) });
      first = await running(id, 1);
      await wrote(first, 1);
    });

    it('a task that is killed comes back to the agent, the ports and the file', async () => {
      await system.request('DELETE', `/v2/apps${id}/tasks`);
      const second = await running(id, 2);
      assert.deepEqual([second.host, second.ports], [first.host, first.ports]);
      await wrote(second, 2);
      assert.equal(new Set(linesOf(second)).size, 1, 'both have run at the same place');
    });

    it('shows what is kept where', async () => {
      const shown = await system.gaia('app', 'show', id);
      assert.match(shown.stdout, new RegExp(`${first.host} +64 MB at data +demo_notes\\.instance-.*\\._app\\.2`));
      const explained = await system.gaia('explain', id);
      assert.match(explained.stdout, new RegExp(`comes back to ${first.host} alone, which keeps 64 MB at data for it`));
    });

    it('an agent and a framework that are killed find it again', async () => {
      process.kill(system.frameworkPid, 'SIGKILL');
      await system.mesos.killAgent(agentOf(first));
      await system.mesos.restartAgent(agentOf(first));
      assert.equal((await system.upAgain()).status, 0);
      await running(id, 2);
      await system.request('DELETE', `/v2/apps${id}/tasks`);
      const third = await running(id, 3);
      assert.equal(third.host, first.host);
      await wrote(third, 3);
    });

    it('deleted it leaves no volume and no reservation', async () => {
      const path = volumeOf(first);
      assert.ok((await reserved()).length > 0 && existsSync(path));
      await system.request('DELETE', `/v2/apps${id}`);
      await until('nothing is reserved', 30_000, async () => (await reserved()).length === 0);
      await until('the folder is gone', 30_000, async () => !existsSync(path));
    });
  });

  it('of a replicated app hold the journals: the group returns with its data, and leaves nothing when it is deleted', async () => {
    const id = '/demo/vault';
    const replication = { protocol: 'apus', transport: 'auto', durability: 'disk', spread: ['zone', 'rack', 'host'] };
    await system.deploy(redisSpec(id, { replication, ...container('journal', 256) }));
    const writer = new Writer(system, id);
    const founders = await system.whole(id);
    const members = (group: Group) =>
      group.replicas.map(({ slot, member, host }) => `${slot} ${member} ${host}`).sort();
    await until('100 writes', 60_000, async () => writer.acknowledged.length >= 100);
    for (const task of await tasksOf(id)) assert.deepEqual(readdirSync(volumeOf(task)), ['_demo_vault@1']);
    for (const { pid } of founders.replicas) process.kill(pid as number, 'SIGKILL');
    const back = await until('all have returned', 90_000, async () => {
      const now = await system.whole(id);
      return now.replicas.every(({ pid }) => founders.replicas.every((one) => one.pid !== pid)) ? now : null;
    });
    assert.deepEqual(members(back), members(founders));
    assert.deepEqual(await writer.stop(), []);
    await system.request('DELETE', `/v2/apps${id}`);
    await until('nothing is reserved', 30_000, async () => (await reserved()).length === 0);
  });
});
