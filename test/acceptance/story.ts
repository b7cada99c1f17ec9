/** What the README promises, told on any cluster: an embedded one, one of somebody else's (nothing of which is lost), one of virtual machines. */
import assert from 'node:assert/strict';
import {
  type Api,
  follower,
  type Group,
  leader,
  type Replica,
  redisReplication,
  redisSpec,
  until,
} from '../e2e/system.js';
import { Writer } from '../e2e/writer.js';
import type { Machines, Platform } from './platform.js';

/** An Apache Mesos on a busy machine is slow. */
const STEP_MAX_MS = 120_000;
/** Steady, and no load test. */
const WRITE_PAUSE_MS = 10;
/** Of the group's agents: long enough for a machine that is busy. */
const INACTIVE_AFTER_SECONDS = 15;
const PLAIN = '/acceptance/plain';
const KEPT = '/acceptance/kept';
const LEDGER = '/acceptance/ledger';
const SHOP = '/acceptance/shop';

interface Task {
  id: string;
  host: string;
  state: string;
  stagedAt: string;
  startedAt: string | null;
  healthCheckResults?: { alive: boolean }[];
}

interface Telling {
  start(): Promise<Platform>;
  /** Without what takes longest, which other tests try on the embedded cluster. */
  brief: boolean;
  /** How much slower than processes on this host the platform's machines are. */
  slowness?: number;
  executorStartMaxSeconds?: number;
}

export const story = ({ start, brief, slowness = 1, executorStartMaxSeconds = 8 }: Telling) =>
  describe('acceptance: the framework on a Mesos cluster', function () {
    const stepMaxMs = STEP_MAX_MS * slowness;
    const eventually = <T>(what: string, probe: () => Promise<T | null | undefined | false>): Promise<T> =>
      until(what, stepMaxMs, probe, api.pollMs);
    this.timeout(4 * stepMaxMs);
    this.bail(true);
    let cluster: Platform;
    let api: Api;
    let frameworkId: string | null = null;
    let writer: Writer;

    before(async () => {
      cluster = await start();
      api = await cluster.framework();
      frameworkId = (await api.request('GET', '/v2/info')).body.frameworkId;
    });
    after(() => cluster?.stop(frameworkId));

    /** @returns the tasks of the app, once exactly `count` of them run */
    const running = (id: string, count: number): Promise<Task[]> =>
      eventually(`${count} tasks of ${id} run`, async () => {
        const { tasks } = (await api.request('GET', `/v2/apps${id}`)).body.app as { tasks: Task[] };
        const settled = tasks.length === count && tasks.every(({ state }) => state === 'TASK_RUNNING');
        if (!settled) throw new Error(JSON.stringify(tasks.map(({ id: task, state }) => `${task} ${state}`)));
        return tasks;
      });
    const deployed = () =>
      eventually('no deployment is under way', async () => {
        const { body } = await api.request('GET', '/v2/deployments');
        if (body.length > 0)
          throw new Error(JSON.stringify(body.map(({ waitingFor }: { waitingFor: string }) => waitingFor)));
        return true;
      });
    const change = async (method: string, path: string, body?: object) => {
      const answer = await api.request(method, path, body);
      assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    };
    const whole = (): Promise<Group> => api.whole(LEDGER, 3, stepMaxMs);
    const members = (group: Group) => group.replicas.map(({ member }) => member).sort();
    const writesGoOn = () => {
      const before = writer.acknowledged.length;
      return eventually('100 more writes', async () => writer.acknowledged.length >= before + 100);
    };
    const livingReplicas = async () =>
      (await cluster.inMesos()).living.filter((id) => id.startsWith('acceptance_ledger')).length;
    /** Skips what would lose somebody else's machines. */
    const machinesOf = (context: Mocha.Context): Machines => cluster.machines ?? context.skip();
    /** The leader, where no volume is that would go with its machine: another one leads, if need be. */
    const leaderToLose = async (): Promise<Replica> => {
      const [kept] = await running(KEPT, 1);
      const group = await whole();
      if (leader(group).host !== kept?.host) return leader(group);
      const moved = await api.gaia('app', 'transfer', LEDGER, '--to', `${follower(group).slot}`);
      assert.equal(moved.status, 0, moved.stderr);
      return leader(await whole());
    };

    it('runs an app, and its executors check its health', async () => {
      const check = {
        protocol: 'COMMAND',
        command: { value: 'test -n "$MESOS_TASK_ID"' },
        intervalSeconds: slowness,
        delaySeconds: 0,
      };
      const cmd = 'trap "" HUP; exec sleep 100000';
      const healthChecks = [{ ...check, gracePeriodSeconds: 60 }];
      await api.deploy({ id: PLAIN, cmd, cpus: 0.1, mem: 32, instances: 2, backoffSeconds: 0, healthChecks });
      await deployed();
      const tasks = await running(PLAIN, 2);
      assert.ok(
        tasks.every(({ healthCheckResults }) => healthCheckResults?.[0]?.alive === true),
        JSON.stringify(tasks),
      );
    });

    it('reserves for a persistent volume: what comes back finds its file', async () => {
      const volumes = [{ containerPath: 'data', mode: 'RW', persistent: { size: 16 } }];
      // The task runs only if the file is as old as its app: its ids end with the number of the attempt.
      const cmd = `echo >> data/runs; case $MESOS_TASK_ID in *.$(grep -c '' data/runs)) exec sleep 100000; esac; exit 1`;
      const container = { type: 'MESOS', volumes };
      const residency = { taskLostBehavior: 'WAIT_FOREVER' };
      await api.deploy({ id: KEPT, cmd, cpus: 0.1, mem: 32, instances: 1, backoffSeconds: 0, container, residency });
      const [first] = await running(KEPT, 1);
      assert.deepEqual((await cluster.inMesos()).reserved, [first?.host]);
      await change('DELETE', `/v2/apps${KEPT}/tasks`);
      const again = await eventually('it is back', async () =>
        (await running(KEPT, 1)).find(({ id }) => id !== first?.id),
      );
      assert.equal(again.host, first?.host);
    });

    it('replicates a Redis on three agents of two zones', async () => {
      const cmd = `exec redis-server --bind ${cluster.bind} --protected-mode no --port $PORT0 --save ''`;
      const unreachableStrategy = { inactiveAfterSeconds: INACTIVE_AFTER_SECONDS, expungeAfterSeconds: 600 };
      const replication = { ...redisReplication, transport: cluster.transport ?? 'auto' };
      await api.deploy(redisSpec(LEDGER, { cmd, unreachableStrategy, replication }));
      const group = await whole();
      assert.equal(new Set(group.replicas.map(({ agentId }) => agentId)).size, 3);
      writer = new Writer(api, LEDGER, WRITE_PAUSE_MS * slowness);
      await writesGoOn();
    });

    it('has its replicas reach each other by the transport that was chosen', async function () {
      const { transport } = cluster;
      if (transport === null) return this.skip();
      await eventually(`all speak ${transport}`, async () => {
        const links = (await whole()).replicas.flatMap(({ transports = [] }) => transports);
        if (links.length >= 6 && links.every((link) => link.connected && link.transport === transport)) return true;
        throw new Error(JSON.stringify(links));
      });
    });

    it('elects another leader when it is killed, and replaces the replica', async () => {
      const { pid, member, host } = leader(await whole());
      await cluster.kill(host, pid);
      await api.replaced(LEDGER, member, 3, stepMaxMs);
    });

    if (!brief) {
      it("goes on when its leader's machine dies, and replaces the replica", async function () {
        const machines = machinesOf(this);
        const { activeAgents } = await cluster.inMesos();
        const { host, member } = await leaderToLose();
        await machines.kill(host);
        await writesGoOn();
        await api.replaced(LEDGER, member, 3, stepMaxMs);
        await machines.start(host);
        await eventually('the agent is back', async () => (await cluster.inMesos()).activeAgents === activeAgents);
      });

      it('goes on when a rack is cut off, replaces its replica, and ends it when the rack is back', async function () {
        const machines = machinesOf(this);
        const { host, member } = await leaderToLose();
        const mend = await machines.cutRackOf(host);
        try {
          await writesGoOn();
          await api.replaced(LEDGER, member, 3, stepMaxMs);
        } finally {
          await mend();
        }
        await eventually('what was cut off has ended', async () => (await livingReplicas()) === 3);
        await whole();
      });

      it('scales an app, and replaces a task that is killed', async () => {
        await change('PATCH', `/v2/apps${PLAIN}`, { instances: 3 });
        await deployed();
        const [first] = await running(PLAIN, 3);
        await change('DELETE', `/v2/apps${PLAIN}/tasks/${first?.id}`);
        await eventually('it is gone', async () => !(await running(PLAIN, 3)).some(({ id }) => id === first?.id));
      });

      it('upgrades it, and ends what replaces nothing', async () => {
        const before = await running(PLAIN, 3);
        await change('PATCH', `/v2/apps${PLAIN}`, { env: { VERSION: '2' }, instances: 1 });
        await deployed();
        const [task] = await running(PLAIN, 1);
        assert.ok(before.every(({ id }) => id !== task?.id));
        await eventually(
          'Mesos knows of no other',
          async () => (await cluster.inMesos()).living.filter((id) => id.startsWith('acceptance_plain')).length === 1,
        );
      });

      it('deploys an app group in the order of its dependencies', async () => {
        const app = { cmd: 'exec sleep 100000', cpus: 0.1, mem: 32, instances: 2, backoffSeconds: 0 };
        const data = { id: 'data', apps: [{ ...app, id: 'base' }] };
        const web = { id: 'web', dependencies: ['../data'], apps: [{ ...app, id: 'front' }] };
        await change('PUT', `/v2/groups${SHOP}`, { groups: [web, data] });
        await deployed();
        const base = await running(`${SHOP}/data/base`, 2);
        const front = await running(`${SHOP}/web/front`, 2);
        const baseRan = base.map(({ startedAt }) => startedAt ?? '').sort();
        assert.ok(
          front.every(({ stagedAt }) => baseRan.every((ran) => ran !== '' && ran <= stagedAt)),
          JSON.stringify({ base, front }),
        );
        await change('DELETE', `/v2/groups${SHOP}`);
        await deployed();
      });

      it('takes back what has not come up by its deadline', async () => {
        const before = await running(PLAIN, 1);
        const query = `deadlineSeconds=${executorStartMaxSeconds}&rollBack=true`;
        await change('PATCH', `/v2/apps${PLAIN}?${query}`, { cmd: 'exit 1' });
        await deployed();
        const { app } = (await api.request('GET', `/v2/apps${PLAIN}`)).body;
        assert.notEqual(app.cmd, 'exit 1');
        assert.equal(app.lastTaskFailure?.state, 'TASK_FAILED');
        assert.deepEqual(
          (await running(PLAIN, 1)).map(({ id }) => id),
          before.map(({ id }) => id),
        );
      });

      it('upgrades the group one replica at a time', async () => {
        const before = members(await whole());
        await change('PATCH', `/v2/apps${LEDGER}`, { env: { VERSION: '2' } });
        await deployed();
        const after = members(await whole());
        assert.ok(
          after.every((member) => !before.includes(member)),
          `${before} -> ${after}`,
        );
      });

      it('drains an agent', async () => {
        const [kept] = await running(KEPT, 1);
        // What has a volume stays where it is.
        const { host } = follower(await whole(), ({ host }) => host !== kept?.host);
        const drained = await api.gaia('drain', host, '--timeout', `${stepMaxMs / 1000}`);
        assert.equal(drained.status, 0, drained.stderr);
        assert.ok((await whole()).replicas.every((replica) => replica.host !== host));
        const ended = await api.gaia('drain', '--end', host);
        assert.equal(ended.status, 0, ended.stderr);
      });
    }

    it('is killed, comes back under its id, and finds everything untouched', async () => {
      const pids = async () => (await whole()).replicas.map(({ pid }) => pid).sort();
      const before = await pids();
      api = await cluster.frameworkAgain();
      writer.api = api;
      assert.equal((await api.request('GET', '/v2/info')).body.frameworkId, frameworkId);
      assert.deepEqual(await pids(), before);
    });

    it('has lost no write that was acknowledged', async () => {
      assert.deepEqual(await writer.stop(), []);
      assert.ok(writer.acknowledged.length > 100);
    });

    it('leaves no task and no reservation of what is deleted', async () => {
      for (const id of [PLAIN, KEPT, LEDGER]) await change('DELETE', `/v2/apps${id}`);
      await eventually('Mesos has nothing of it', async () => {
        const { living, reserved } = await cluster.inMesos();
        if (living.length + reserved.length > 0) throw new Error(JSON.stringify({ living, reserved }));
        return true;
      });
    });
  });
