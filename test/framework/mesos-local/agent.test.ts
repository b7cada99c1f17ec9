import assert from 'node:assert/strict';
import type { FrameworkInfo, TaskInfo, TaskStatus } from '../../../framework/mesos-http-client/types.js';
import { Agent } from '../../../framework/mesos-local/agent/agent.js';
import type { AgentAction, AgentCheckpoint } from '../../../framework/mesos-local/agent/state.js';
import { agentSettings } from './settings.js';

const FRAMEWORK: FrameworkInfo = { user: 'u', name: 'n', id: { value: 'f' }, checkpoint: true };
const IDS = { frameworkId: 'f', executorId: 'e' };

const task = (id: string): TaskInfo => ({
  name: id,
  task_id: { value: id },
  agent_id: { value: 'a' },
  resources: [{ name: 'cpus', type: 'SCALAR', scalar: { value: 1 } }],
  executor: { executor_id: { value: 'e' }, command: { value: 'true' } },
});
const update = (taskId: string, uuid: string, state: TaskStatus['state'] = 'TASK_RUNNING') => ({
  type: 'executorUpdate' as const,
  ...IDS,
  status: { task_id: { value: taskId }, state, uuid, source: 'SOURCE_EXECUTOR' as const },
});

function newAgent(checkpoint: AgentCheckpoint | null = null, nowMs = 0): Agent {
  let next = 0;
  const ids = { newStatusUuid: () => `agent-${next++}`, newContainerId: () => `container-${next++}` };
  return new Agent(agentSettings, { hostname: 'h', port: 1 }, checkpoint, ids, nowMs);
}

function registeredAgent(): Agent {
  const agent = newAgent();
  agent.step({ type: 'fromMaster', message: { type: 'registered', agentId: 'a', unknownTasks: [], drain: null } }, 0);
  return agent;
}

const run = (agent: Agent, id: string) =>
  agent.step({ type: 'fromMaster', message: { type: 'runTask', framework: FRAMEWORK, task: task(id) } }, 0);
const subscribe = (agent: Agent, tasks: TaskInfo[] = [], nowMs = 0) =>
  agent.step({ type: 'executorSubscribed', connection: 1, ...IDS, tasks, updates: [] }, nowMs);

const launches = (actions: AgentAction[]) =>
  actions.flatMap((a) => (a.type === 'toExecutor' && a.event.type === 'LAUNCH' ? [a.event.launch.task.name] : []));
const told = (actions: AgentAction[]) =>
  actions.flatMap((a) => (a.type === 'toMaster' && a.message.type === 'status' ? [a.message.status] : []));

describe('mesos-local: agent', () => {
  it('queues tasks until their executor subscribes, starts it once, and delivers in order', () => {
    const agent = registeredAgent();
    const starts = [...run(agent, 't1'), ...run(agent, 't2')].filter(({ type }) => type === 'startContainer');
    assert.equal(starts.length, 1);
    assert.deepEqual(launches(subscribe(agent)), ['t1', 't2']);
    assert.deepEqual(launches(run(agent, 't3')), ['t3']);
  });

  const runGroup = (agent: Agent, ...ids: string[]) =>
    agent.step({ type: 'fromMaster', message: { type: 'runGroup', framework: FRAMEWORK, tasks: ids.map(task) } }, 0);
  const groups = (actions: AgentAction[]) =>
    actions.flatMap((a) =>
      a.type === 'toExecutor' && a.event.type === 'LAUNCH_GROUP'
        ? [a.event.launch_group.task_group.tasks.map(({ name }) => name)]
        : [],
    );

  it('hands each task group over as a whole, to an executor that runs already, too', () => {
    const agent = registeredAgent();
    const starts = runGroup(agent, 'a', 'b').filter(({ type }) => type === 'startContainer');
    assert.equal(starts.length, 1);
    const subscribed = subscribe(agent);
    assert.deepEqual(groups(subscribed), [['a', 'b']]);
    assert.deepEqual(told(subscribed), [], 'none of it is lost');
    assert.deepEqual(groups(runGroup(agent, 'c', 'd')), [['c', 'd']]);
    const later = newAgent(JSON.parse(JSON.stringify(agent.checkpoint())));
    assert.deepEqual(groups(subscribe(later, ['a', 'b', 'c', 'd'].map(task))), [], 'it has them');
  });

  it('a KILL of one task that is not handed over yet ends its whole group, and no other', () => {
    const agent = registeredAgent();
    runGroup(agent, 'a', 'b');
    runGroup(agent, 'c', 'd');
    const kill = { type: 'killTask' as const, frameworkId: 'f', taskId: 'b', killPolicy: null };
    const ends = told(agent.step({ type: 'fromMaster', message: kill }, 0));
    assert.deepEqual(
      ends.map(({ task_id, state }) => [task_id.value, state]),
      [
        ['a', 'TASK_KILLED'],
        ['b', 'TASK_KILLED'],
      ],
    );
    assert.deepEqual(groups(subscribe(agent)), [['c', 'd']]);
  });

  it('finds its executors and unacknowledged updates again by its checkpoint', () => {
    const agent = registeredAgent();
    run(agent, 't1');
    subscribe(agent);
    agent.step(update('t1', 'u1', 'TASK_STARTING'), 0);
    agent.step(update('t1', 'u2'), 0);
    const checkpoint = JSON.parse(JSON.stringify(agent.checkpoint())) as AgentCheckpoint;
    const again = newAgent(checkpoint, 50_000);
    assert.deepEqual(again.step({ type: 'tick' }, 50_000), [], 'it waits for its executors');
    assert.ok(subscribe(again, [], 50_100).some(({ type }) => type === 'connectToMaster'));
    const [register] = again.step({ type: 'masterConnected' }, 50_200);
    assert.ok(register?.type === 'toMaster' && register.message.type === 'register');
    assert.equal(register.message.agentId, 'a');
    assert.deepEqual(
      register.message.tasks.map(({ latestState }) => latestState),
      ['TASK_RUNNING'],
    );
    const message = { type: 'registered' as const, agentId: 'a', unknownTasks: [], drain: null };
    assert.deepEqual(
      told(again.step({ type: 'fromMaster', message }, 50_300)).map(({ uuid }) => uuid),
      ['u1'],
    );
  });

  it('gives up executors that do not come back in time, and says why', () => {
    const agent = registeredAgent();
    run(agent, 't1');
    subscribe(agent);
    agent.step({ type: 'containerStarted', containerId: 'container-0', process: { pid: 1, startTicks: 1 } }, 0);
    const again = newAgent(JSON.parse(JSON.stringify(agent.checkpoint())) as AgentCheckpoint, 0);
    const actions = again.step({ type: 'tick' }, agentSettings.executorReregistrationTimeoutMs);
    assert.ok(actions.some(({ type }) => type === 'killContainer'));
    again.step({ type: 'containerExited', containerId: 'container-0', status: null }, 3000);
    const registered = { type: 'registered' as const, agentId: 'a', unknownTasks: [], drain: null };
    const [status] = told(again.step({ type: 'fromMaster', message: registered }, 3000));
    assert.deepEqual([status?.state, status?.reason], ['TASK_FAILED', 'REASON_EXECUTOR_REREGISTRATION_TIMEOUT']);
  });

  it('reports a task that was handed over and never arrived', () => {
    const agent = registeredAgent();
    run(agent, 't1');
    subscribe(agent);
    const [status] = told(subscribe(agent, []));
    assert.equal(status?.reason, 'REASON_AGENT_RESTARTED');
    const other = registeredAgent();
    run(other, 't1');
    subscribe(other);
    assert.deepEqual(told(subscribe(other, [task('t1')])), [], 'one that the executor holds is not lost');
  });

  it('ends its tasks for a drain, once and within the grace of the operator, and says why, also after a restart', () => {
    const agent = registeredAgent();
    run(agent, 't1');
    subscribe(agent);
    const order = { maxGraceMs: 500, markGone: true };
    const kills = (actions: AgentAction[]) =>
      actions.flatMap((a) => (a.type === 'toExecutor' && a.event.type === 'KILL' ? [a.event.kill] : []));
    const drain = { type: 'fromMaster' as const, message: { type: 'drain' as const, drain: order } };
    const [kill] = kills(agent.step(drain, 0));
    assert.deepEqual(kill, { task_id: { value: 't1' }, kill_policy: { grace_period: { nanoseconds: 5e8 } } });
    assert.deepEqual(kills(agent.step(drain, 0)), [], 'a repeated order');
    const again = newAgent(JSON.parse(JSON.stringify(agent.checkpoint())) as AgentCheckpoint, 0);
    subscribe(again, [task('t1')]);
    again.step(update('t1', 'u1', 'TASK_KILLED'), 0);
    const message = { type: 'registered' as const, agentId: 'a', unknownTasks: [], drain: order };
    const [status] = told(again.step({ type: 'fromMaster', message }, 0));
    assert.deepEqual([status?.state, status?.reason], ['TASK_GONE_BY_OPERATOR', 'REASON_AGENT_DRAINING']);
  });

  it('answers for tasks that only the master knows', () => {
    const agent = newAgent();
    const unknownTasks = [{ frameworkId: 'f', taskId: 'lost', executorId: 'e' }];
    const message = { type: 'registered' as const, agentId: 'a', unknownTasks, drain: null };
    const [status] = told(agent.step({ type: 'fromMaster', message }, 0));
    assert.deepEqual([status?.state, status?.reason], ['TASK_DROPPED', 'REASON_RECONCILIATION']);
    assert.ok(status?.uuid, 'it is to be acknowledged');
  });
});
