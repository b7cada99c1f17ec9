/** The executor as a process, under an agent's HTTP API, with real programs. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Assignment } from '../../executor/assignment.js';
import { paddedPath } from '../../executor/workplace.js';
import { Executor } from './fake-agent.js';
import { assignment, encode, eventually, replica, withDirectory } from './fixtures.js';
import { processesIn, withExecutor } from './with-executor.js';

const run = (mode: string, change: Partial<Assignment> = {}) =>
  assignment({ command: { argv: [process.execPath, 'server.cjs', mode] }, replica, ...change });

/** Where a replica's program runs. */
function workplace(executor: Executor): string {
  return join(executor.sandbox, paddedPath(realpathSync(executor.sandbox)));
}

describe('executor main: plain tasks', function () {
  this.timeout(30_000);

  it('runs a program to its end: updates in order, output in the sandbox, status 0', () =>
    withExecutor(async (executor) => {
      const { agent } = executor;
      agent.launch(
        assignment({
          command: { shell: 'echo "to stdout $GREETING in $PWD"; echo to stderr >&2' },
          env: { GREETING: 'hello' },
        }),
      );
      assert.equal(await executor.ended(), 0);
      assert.deepEqual(agent.states, ['TASK_STARTING', 'TASK_RUNNING', 'TASK_FINISHED']);
      assert.equal(executor.output('stdout'), `to stdout hello in ${executor.sandbox}\n`);
      assert.equal(executor.output('stderr'), 'to stderr\n');
    }));

  it('fails with status, life time and last lines of a program that exits at once', () =>
    withExecutor(async (executor) => {
      executor.agent.launch(assignment({ command: { shell: 'echo "bind: Address already in use" >&2; exit 7' } }));
      const { message } = await executor.agent.reaches('TASK_FAILED');
      assert.match(
        message ?? '',
        /exited with status 7 after 0\.\d s\. Port 31001 on this host is taken .*\nIts last lines:\nbind: Address/,
      );
    }));

  it('names a program that does not exist', () =>
    withExecutor(async (executor) => {
      executor.agent.launch(assignment({ command: { argv: ['redis-serverr'] } }));
      const { message } = await executor.agent.reaches('TASK_FAILED');
      assert.match(message ?? '', /"redis-serverr" was not found in PATH/);
      assert.equal(await executor.ended(), 0);
    }));

  it('checks a program on its agent, by a command', () =>
    withExecutor(async (executor) => {
      const times = { delayMs: 0, intervalMs: 100, timeoutMs: 10_000, gracePeriodMs: 20_000, failuresToldMax: 3 };
      const health = { ...times, probe: { type: 'command' as const, shell: 'test -e ready -a "$A" = b' } };
      executor.agent.launch(
        assignment({ command: { shell: 'sleep 0.3; touch ready; exec sleep 60' }, env: { A: 'b' }, health }),
      );
      await eventually('a healthy task', () => executor.agent.updates.some(({ healthy }) => healthy === true));
      executor.agent.kill('demo_ledger.1');
      await executor.agent.reaches('TASK_KILLED');
    }));

  it('KILL ends a program that ignores SIGTERM, and its children, within the grace period', () =>
    withExecutor(async (executor) => {
      const shell = "trap '' TERM; sleep 60 & while :; do sleep 0.1; done";
      executor.agent.launch(assignment({ command: { shell }, killGraceMs: 500 }));
      await executor.agent.reaches('TASK_RUNNING');
      executor.agent.kill('demo_ledger.1');
      await executor.agent.reaches('TASK_KILLED', 5000);
      assert.deepEqual(executor.agent.states, ['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'TASK_KILLED']);
      assert.deepEqual(
        processesIn(executor.sandbox).filter((pid) => pid !== executor.pid),
        [],
      );
      assert.equal(await executor.ended(), 0);
    }));

  it('SHUTDOWN and SIGTERM end task and executor', async () => {
    for (const end of [
      (executor: Executor) => executor.agent.send({ type: 'SHUTDOWN' }),
      (executor: Executor) => process.kill(executor.pid, 'SIGTERM'),
    ]) {
      await withExecutor(async (executor) => {
        executor.agent.launch(assignment());
        await executor.agent.reaches('TASK_RUNNING');
        end(executor);
        await executor.agent.reaches('TASK_KILLED', 5000);
        assert.equal(await executor.ended(), 0);
      });
    }
  });

  it('survives an agent restart: the program runs on, and what was not acknowledged is told again', () =>
    withExecutor(async (executor) => {
      const { agent } = executor;
      agent.launch(assignment({ command: { shell: 'echo $$ >pid; sleep 0.7; exit 5' } }));
      await agent.reaches('TASK_RUNNING');
      agent.acknowledges = false;
      await agent.stop();
      const pid = await eventually(
        'the program',
        () => existsSync(join(executor.sandbox, 'pid')) && readFileSync(join(executor.sandbox, 'pid'), 'utf8').trim(),
      );
      await eventually('its end, while no agent is there', () => !existsSync(`/proc/${pid}`));
      await agent.start();
      const retold = await eventually('SUBSCRIBE', () => agent.subscriptions[1]);
      const [final] = retold.subscribe.unacknowledged_updates
        .map(({ status }) => status)
        .filter(({ state }) => state === 'TASK_FAILED');
      assert.match(final?.message ?? '', /status 5/);
      if (final) agent.acknowledge(final);
      assert.equal(await executor.ended(), 0);
    }));

  it('ends program and itself when the agent stays away beyond the recovery time-out', () =>
    withExecutor(
      async (executor) => {
        executor.agent.launch(assignment());
        await executor.agent.reaches('TASK_RUNNING');
        await executor.agent.stop();
        assert.equal(await executor.ended(8000), 0);
      },
      { MESOS_RECOVERY_TIMEOUT: '500ms' },
    ));

  it("keeps the agent's token from its program, and the app's environment from command lines", () =>
    withExecutor(
      async (executor) => {
        executor.agent.launch(assignment({ command: { shell: 'sleep 60' }, env: { OF_THE_APP: 'its-own' } }));
        await executor.agent.reaches('TASK_RUNNING');
        const there = [executor.pid, ...processesIn(executor.sandbox)];
        const environments = there.map((pid) => readFileSync(`/proc/${pid}/environ`, 'utf8'));
        const ofProgram = environments.filter((text) => text.includes('its-own'));
        assert.ok(ofProgram.length >= 1);
        assert.ok(ofProgram.every((text) => !text.includes('token-of-the-executor')));
        for (const pid of there) assert.ok(!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('its-own'));
      },
      { MESOS_EXECUTOR_AUTHENTICATION_TOKEN: 'token-of-the-executor' },
    ));

  it('runs the program as the user that the app names', async function () {
    if (process.getuid?.() !== 0) this.skip(); // only root may become another user
    await withExecutor(async (executor) => {
      chmodSync(join(executor.sandbox, '..'), 0o755);
      executor.agent.launch(assignment({ command: { shell: 'id -un; id -Gn; echo mine >file' }, user: 'daemon' }));
      await executor.agent.reaches('TASK_FINISHED');
      assert.equal(executor.output('stdout'), 'daemon\ndaemon\n');
    });
    await withExecutor(async (executor) => {
      chmodSync(join(executor.sandbox, '..'), 0o755);
      const command = { shell: 'cat .gaia/replica.conf >copy && id -un; exit 1' };
      executor.agent.launch(assignment({ command, user: 'daemon', replica }));
      await executor.agent.reaches('TASK_FAILED');
      assert.equal(executor.output('stdout'), 'daemon\n');
    });
  });

  it('killed with SIGKILL it leaves no program behind', () =>
    withExecutor(async (executor) => {
      executor.agent.launch(assignment({ command: { shell: 'sleep 60 & sleep 60' } }));
      await executor.agent.reaches('TASK_RUNNING');
      process.kill(executor.pid, 'SIGKILL');
      await eventually('the end of the program', () => processesIn(executor.sandbox).length === 0);
    }));

  it('says in its log, once, why it cannot subscribe yet', () =>
    withDirectory(async (directory) => {
      const executor = new Executor(directory);
      executor.agent.refusals = 2;
      try {
        await executor.start();
        const lines = executor.output('executor.log').trim().split('\n');
        const told = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'cannot subscribe yet');
        assert.equal(told.length, 1, lines.join('\n'));
        assert.equal(told[0].cause, 'Agent has not finished recovery');
        assert.match(told[0].remedy, /LIBPROCESS_SSL_ENABLED/);
      } finally {
        await executor.dispose();
      }
    }));

  it('says which variable of the agent is missing', () =>
    withDirectory(async (directory) => {
      const executor = new Executor(directory, { MESOS_EXECUTOR_ID: '' });
      try {
        await executor.start();
        assert.equal(await executor.ended(), 1);
        assert.match(executor.output('stderr'), /MESOS_EXECUTOR_ID is not set/);
      } finally {
        await executor.dispose();
      }
    }));
});

describe('executor main: replicas', function () {
  this.timeout(30_000);

  it('RUNNING at hello; the program finds directory, preload and configuration; orders reach it', () =>
    withExecutor(async (executor) => {
      const { agent } = executor;
      agent.launch(run('follower'));
      await agent.reaches('TASK_RUNNING');
      assert.match(
        executor.output('stdout'),
        /server says follower 512 \.\/\.gaia\/libgaia-interpose\.so \.gaia\/replica\.conf/,
      );
      agent.send({ type: 'MESSAGE', message: { data: encode({ type: 'removeMember', slot: 2, member: 3 }) } });
      agent.send({ type: 'MESSAGE', message: { data: encode({ type: 'transferLeadership', toMember: 2 }) } });
      const orders = join(workplace(executor), 'orders');
      await eventually(
        'the orders',
        () => existsSync(orders) && readFileSync(orders, 'utf8') === 'remove 2 3\ntransfer 2\n',
      );
      agent.kill('demo_ledger.1');
      await agent.reaches('TASK_KILLED');
      assert.equal(readFileSync(orders, 'utf8'), 'remove 2 3\ntransfer 2\nstop\nSIGTERM\n');
      assert.equal(await executor.ended(), 0);
    }));

  it('the secret is in a file of mode 0600 and nowhere else', () =>
    withExecutor(async (executor) => {
      executor.agent.launch(run('follower'));
      await executor.agent.reaches('TASK_RUNNING');
      for (const pid of processesIn(executor.sandbox)) {
        const told = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
        assert.ok(!told.includes(replica.secretHex) && !told.includes(replica.seedHex));
      }
      for (const name of ['stdout', 'stderr', 'executor.log'] as const)
        for (const key of [replica.secretHex, replica.seedHex]) assert.ok(!executor.output(name).includes(key));
      const conf = join(workplace(executor), '.gaia/replica.conf');
      assert.match(readFileSync(conf, 'utf8'), new RegExp(`secret=${replica.secretHex}`));
      assert.equal(statSync(conf).mode & 0o777, 0o600);
    }));

  it('a server that does not obey gets SIGTERM from the executor', () =>
    withExecutor(async (executor) => {
      executor.agent.launch(run('deaf', { killGraceMs: 1000 }));
      await executor.agent.reaches('TASK_RUNNING');
      executor.agent.kill('demo_ledger.1');
      await executor.agent.reaches('TASK_KILLED');
      assert.equal(readFileSync(join(workplace(executor), 'orders'), 'utf8'), 'stop\nSIGTERM\n');
    }));

  it('a leader hands over before it is terminated, and the framework hears of it', () =>
    withExecutor(async (executor) => {
      const { agent } = executor;
      agent.launch(run('leader'));
      await eventually("the leader's report", () =>
        agent.updates.some((status) => status.data && agent.report(status).role === 'leader'),
      );
      agent.kill('demo_ledger.1');
      const final = await agent.reaches('TASK_KILLED');
      assert.equal(agent.report(final).role, 'follower');
      assert.equal(readFileSync(join(workplace(executor), 'orders'), 'utf8'), 'stop\nSIGTERM\n');
    }));

  it('moving indices go as messages, not as updates', () =>
    withExecutor(async (executor) => {
      const { agent } = executor;
      agent.launch(run('moving'));
      await eventually('two messages', () => agent.messages.length >= 2);
      assert.equal(agent.hosts.length, 1, 'what the machine has is told once');
      assert.ok(Math.abs((agent.hosts[0]?.nowMs ?? 0) - Date.now()) < 60_000);
      const [first, second] = agent.messages;
      assert.ok((second?.appliedIndex ?? 0) > (first?.appliedIndex ?? 0));
      assert.deepEqual([first?.group, first?.member], ['/demo/ledger@1', 1]);
      assert.ok(agent.updates.length <= 3, agent.states.join());
    }));

  it('fails with what the interposer said before it gave up', () =>
    withExecutor(async (executor) => {
      executor.agent.launch(run('fatal'));
      const { message } = await executor.agent.reaches('TASK_FAILED');
      assert.match(message ?? '', /^The journal is not writable: free space\. The program exited with status 1/);
    }));

  it('a program without the interposer is refused before it starts', () =>
    withExecutor(
      async (executor) => {
        executor.agent.launch(run('follower'));
        const { message } = await executor.agent.reaches('TASK_FAILED');
        assert.match(
          message ?? '',
          /libgaia-interpose\.so does not exist on this host: build it there with "npm run build"/,
        );
      },
      { GAIA_NATIVE_DIRECTORY: '/nonexistent' },
    ));

  it('refuses an image by CRIU before anything else', () =>
    withExecutor(async (executor) => {
      executor.agent.launch(run('normal', { replica: { ...replica, snapshot: { provider: 'criu' } } }));
      const { message } = await executor.agent.reaches('TASK_FAILED');
      assert.match(message ?? '', /snapshot has provider criu, and .*\. Use provider hook or replay\./);
      assert.equal(existsSync(workplace(executor)), false);
      assert.equal(await executor.ended(), 0);
    }));

  it('refuses a trace level that would write other lines into the configuration', () =>
    withExecutor(async (executor) => {
      executor.agent.launch(run('follower', { env: { GAIA_TRACE: '1\nsecret=0' } }));
      const { message } = await executor.agent.reaches('TASK_FAILED');
      assert.match(message ?? '', /GAIA_TRACE is "1\\nsecret=0"; it must be 0, 1 or 2/);
    }));

  it('is cheap when nothing happens', () =>
    withExecutor(async (executor) => {
      executor.agent.launch(run('follower'));
      await executor.agent.reaches('TASK_RUNNING');
      const cpuTicks = () => {
        const fields = readFileSync(`/proc/${executor.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
        return Number(fields[11]) + Number(fields[12]);
      };
      await new Promise((resolve) => setTimeout(resolve, 500));
      const before = cpuTicks();
      await new Promise((resolve) => setTimeout(resolve, 3000));
      const percent = (cpuTicks() - before) / 3;
      assert.ok(percent < 2, `${percent} % of a core`);
    }));
});
