/** The executor's process at an agent that says what none may: its program goes on, and nothing of it grows or lies elsewhere. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Executor, FakeAgent } from './fake-agent.js';
import { assignment, encode, eventually, hasEnded, replica } from './fixtures.js';
import { withExecutor } from './with-executor.js';

const taskId = assignment().taskId;
const launchOf = (task: unknown) => ({ type: 'LAUNCH', launch: { task } });
const killOf = (id: unknown, more: object = {}) => ({ type: 'KILL', kill: { task_id: { value: id }, ...more } });
const messageOf = (data: unknown) => ({ type: 'MESSAGE', message: { data } });

/** None of them is to have an effect; the last are of the right form. */
const strange: unknown[] = [
  ...[{ type: 'LAUNCH' }, launchOf(null), launchOf({ task_id: { value: 7 } }), launchOf([])],
  ...['', '.', '..', '../../etc/passwd', 'a\\b', 'a\nb', 'x'.repeat(256)].map((value) =>
    launchOf({ task_id: { value } }),
  ),
  { type: 'LAUNCH_GROUP', launch_group: { task_group: { tasks: [null] } } },
  ...[{ type: 'KILL' }, killOf(null), killOf({ value: taskId })],
  ...['soon', null, {}].map((nanoseconds) => killOf(taskId, { kill_policy: { grace_period: { nanoseconds } } })),
  ...[{ type: 'ACKNOWLEDGED' }, { type: 'ACKNOWLEDGED', acknowledged: { task_id: { value: taskId } } }],
  ...[
    { type: 'MESSAGE' },
    messageOf(7),
    messageOf('%%%'),
    messageOf(encode([])),
    messageOf(encode({ type: 'toString' })),
  ],
  ...[{ type: '__proto__' }, { type: 'toString', toString: 1 }, { type: 'NEVER_HEARD_OF', more: 'x'.repeat(1e6) }],
  killOf('of.somebody.else'),
  { type: 'ACKNOWLEDGED', acknowledged: { task_id: { value: taskId }, uuid: 'AAAAAAAAAAAAAAAAAAAAAA==' } },
];
const polluting =
  '{"type":"KILL","__proto__":{"polluted":1},"kill":{"__proto__":{"task_id":{"value":"demo_ledger.1"}}}}';

/** The process of a program that lasts. */
async function running({ agent, sandbox }: Executor, shell = 'exec sleep 60'): Promise<number> {
  agent.launch(assignment({ command: { shell: `echo $$ >pid; ${shell}` }, killGraceMs: 1000 }));
  await agent.reaches('TASK_RUNNING');
  return eventually('the program', () => Number(readFileSync(join(sandbox, 'pid'), 'utf8')));
}

async function endsAsUsual(executor: Executor, pid: number): Promise<void> {
  assert.equal(hasEnded(pid), false);
  executor.agent.kill(taskId);
  await executor.agent.reaches('TASK_KILLED');
  assert.equal(await executor.ended(), 0);
  assert.equal(executor.output('stderr'), '');
}

const sayRaw = (agent: FakeAgent, text: string) => agent.write(`${Buffer.byteLength(text)}\n${text}`);

/** The most that the process has had in memory. */
const peakMib = (pid: number) => Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** What lies below a directory, but for one folder of it. */
function below(directory: string, but: string): string[] {
  const names = readdirSync(directory).filter((name) => name !== but);
  return names.flatMap((name) => {
    const path = join(directory, name);
    return statSync(path).isDirectory() ? [path, ...below(path, but)] : [path];
  });
}

describe('executor at a hostile agent', function () {
  this.timeout(60_000);

  it('leaves out what is none of the events of an agent, and says so in some lines', () =>
    withExecutor(async (executor) => {
      const { agent } = executor;
      const pid = await running(executor);
      for (let times = 0; times < 100; times += 1) for (const event of strange) agent.sayAny(event);
      sayRaw(agent, polluting);
      await endsAsUsual(executor, pid);
      assert.deepEqual(agent.states, ['TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING', 'TASK_KILLED']);
      assert.equal(agent.subscriptions.length, 1);
      const log = executor.output('executor.log');
      assert.match(
        log,
        /LAUNCH: launch\.task\.task_id\.value is \\"\.\.\/\.\.\/etc\/passwd\\", which no id of Mesos may be/,
      );
      for (const words of ['left out an event', 'ignored KILL', 'dropped an order'])
        assert.equal(log.split(words).length - 1, 20, `${words}: ${log}`);
      assert.ok(log.length < 20_000, `${log.length} bytes`);
    }));

  it('gives up a stream that is none, subscribes again, and has its program go on', () =>
    withExecutor(async (executor) => {
      const { agent } = executor;
      const pid = await running(executor);
      const deep = `{"type":"NEW","more":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
      const twice = JSON.stringify({ type: 'SUBSCRIBED', subscribed: { framework_info: {} } });
      for (const bytes of [
        ...[
          '99999999999999999999\n',
          `${2 ** 25}\n`,
          '-1\n',
          '\n',
          'HTTP/1.1 200 OK\r\n',
          '9\nnot json!',
          '4\nnull',
          '2\n{}',
        ],
        ...[deep, twice].map((text) => `${text.length}\n${text}`),
      ]) {
        const before = agent.subscriptions.length;
        agent.write(bytes);
        await eventually(`a subscription after ${bytes.slice(0, 40)}`, () => agent.subscriptions.length > before);
      }
      await endsAsUsual(executor, pid);
    }));

  it('knows nothing of an agent that says nothing of the framework, and asks again', () =>
    withExecutor(async (executor) => {
      const { agent } = executor;
      const pid = await running(executor);
      let asked = 0;
      agent.usurper = (call, response) => {
        if (call.type !== 'SUBSCRIBE' || ++asked > 3) return false;
        const record = JSON.stringify({ type: 'SUBSCRIBED', subscribed: { framework_info: { capabilities: [null] } } });
        response.writeHead(200).write(`${record.length}\n${record}`);
        return true;
      };
      sayRaw(agent, 'null');
      await eventually('a subscription', () => agent.subscriptions.length === 2);
      assert.equal(asked, 4);
      await endsAsUsual(executor, pid);
    }));

  it('takes a stream that comes byte by byte', () =>
    withExecutor(async (executor) => {
      const { agent } = executor;
      const task = { name: 'slow', task_id: { value: taskId }, agent_id: { value: 'S0' }, data: encode(assignment()) };
      const record = JSON.stringify(launchOf(task));
      for (const byte of Buffer.from(`${record.length}\n${record}`)) {
        agent.write(Buffer.of(byte));
        await delay(0);
      }
      await agent.reaches('TASK_RUNNING');
      agent.kill(taskId);
      await agent.reaches('TASK_KILLED');
      assert.equal(await executor.ended(), 0);
    }));

  it('goes nowhere else, and takes no answer without an end', () =>
    withExecutor(
      async (executor) => {
        const { agent } = executor;
        const visited: string[] = [];
        const elsewhere = createServer((request, response) => {
          visited.push(`${request.url} ${request.headers.authorization}`);
          response.end();
        }).listen(0, '127.0.0.1');
        await once(elsewhere, 'listening');
        const location = `//127.0.0.1:${(elsewhere.address() as AddressInfo).port}/api/v1/executor`;
        const sendAway = (response: ServerResponse) => response.writeHead(307, { location }).end();
        const endless = async (response: ServerResponse) => {
          response.writeHead(202);
          while (!response.destroyed) if (!response.write('x'.repeat(65_536))) await delay(1);
        };
        try {
          // Between its two updates at the end there is time for a subscription.
          const pid = await running(executor, "trap '' TERM; while :; do sleep 0.1; done");
          let ended = 0;
          agent.usurper = (call, response) => {
            if (call.type !== 'UPDATE' || ++ended > 2) return false;
            if (ended === 1) sendAway(response);
            else void endless(response);
            return true;
          };
          agent.kill(taskId);
          await eventually('two more subscriptions', () => agent.subscriptions.length === 3);
          const told = agent.subscriptions[2]?.subscribe.unacknowledged_updates.map(({ status }) => status) ?? [];
          let asked = 0;
          agent.usurper = (call, response) => call.type === 'SUBSCRIBE' && ++asked <= 3 && Boolean(sendAway(response));
          sayRaw(agent, 'null');
          await eventually('a subscription', () => agent.subscriptions.length === 4);
          assert.ok(
            told.some(({ state }) => state === 'TASK_KILLED' || state === 'TASK_KILLING'),
            JSON.stringify(told),
          );
          for (const { status } of agent.subscriptions[3]?.subscribe.unacknowledged_updates ?? [])
            agent.acknowledge(status);
          assert.equal(await executor.ended(), 0);
          assert.equal(hasEnded(pid), true);
          assert.deepEqual(visited, []);
        } finally {
          elsewhere.close();
        }
      },
      { MESOS_EXECUTOR_AUTHENTICATION_TOKEN: 'token-of-the-executor' },
    ));

  it('keeps its memory within bounds when it is launched again and again, and nothing is acknowledged', () =>
    withExecutor(async (executor) => {
      const { agent } = executor;
      const pid = await running(executor);
      agent.acknowledges = false;
      const data = 'A'.repeat(2 ** 20);
      for (let number = 0; number < 240; number += 1) {
        agent.sayAny(launchOf({ name: 'more', task_id: { value: `more.${number}` }, agent_id: { value: 'S0' }, data }));
        if (number % 10 === 9) await eventually('room in the stream', () => agent.backlogBytes < 2 ** 20);
      }
      agent.kill(taskId);
      await agent.reaches('TASK_KILLED');
      assert.equal(hasEnded(pid), true);
      const peak = peakMib(executor.pid);
      assert.ok(peak < 300, `${peak} MiB`);
      for (const status of agent.updates) agent.acknowledge(status);
      assert.equal(await executor.ended(), 0);
      assert.match(executor.output('executor.log'), /has more than 67108864 characters/);
    }));

  it('makes nothing outside of its sandbox, however its task calls group and files', async () => {
    const disk = { ...replica, durability: 'disk' as const };
    const hook = { provider: 'hook' as const, send: 'SAVE', expect: '+OK', file: '../../../escaped', logBytes: 1 };
    for (const [change, words] of [
      [{ group: '..' }, /replica\.group is "\.\."; it must be the id of an app/],
      [
        { dataDirectory: '../data' },
        /replica\.dataDirectory is "\.\.\/data"; it must be the name of a file or a folder/,
      ],
      [{ snapshot: hook }, /replica\.snapshot\.file is "\.\.\/\.\.\/\.\.\/escaped"; it must be the name of a file/],
    ] as const) {
      await withExecutor(async (executor) => {
        const directory = dirname(executor.sandbox);
        mkdirSync(join(directory, 'data', '0-1'), { recursive: true });
        const before = below(directory, 'sandbox');
        const data = { dataDirectory: join(directory, 'data', 'of-members') };
        executor.agent.launch(assignment({ replica: { ...disk, ...data, ...change } }));
        const { message } = await executor.agent.reaches('TASK_FAILED');
        assert.match(message ?? '', words);
        assert.equal(await executor.ended(), 0);
        assert.deepEqual(below(directory, 'sandbox'), before);
      });
    }
  });
});
