import assert from 'node:assert/strict';
import { appsToLookAt, putToRest, unchangedLooksMax } from '../../framework/scheduler/awake.js';
import { type Context, emptyMemory } from '../../framework/scheduler/context.js';
import type {
  AppRecord,
  DeploymentRecord,
  GroupRecord,
  ReservationRecord,
  TaskRecord,
} from '../../framework/scheduler/records.js';
import { State } from '../../framework/scheduler/state.js';
import { appSpec, replicatedSpec } from './model/world.js';

const app = (id: string): AppRecord => {
  const spec = appSpec(id, { instances: 1 });
  const nothing = { versions: [], deleting: false, lastTaskFailure: null, backoff: null, avoid: {}, group: null };
  return { id, spec, active: spec, ...nothing };
};

/** All of them wait for a task. */
function waiting(count: number): Context {
  const stored = Array.from({ length: count }, (_, index): [string, AppRecord] => [
    `app:/a${index}`,
    app(`/a${index}`),
  ]);
  const context = { state: new State(stored), memory: emptyMemory() } as Context;
  appsToLookAt(context, true);
  return context;
}

const ids = (apps: AppRecord[]) => apps.map(({ id }) => id);

describe('the apps that a step looks at', () => {
  it('are those that have changed, and with time others that are awake', () => {
    const context = waiting(3);
    assert.deepEqual(appsToLookAt(context, false), []);
    context.state.apps.put('/a1', app('/a1'));
    assert.deepEqual(ids(appsToLookAt(context, false)), ['/a1']);
    context.state.apps.put('/a2', app('/a2'));
    assert.deepEqual(ids(appsToLookAt(context, true)), ['/a2', '/a0', '/a1']);
    putToRest(context, [app('/a0')]);
    assert.deepEqual(ids(appsToLookAt(context, true)).sort(), ['/a0', '/a1', '/a2'], 'what waits does not rest');
  });

  it('are a bounded number of those that wait, in turn', function () {
    this.timeout(30_000);
    const context = waiting(unchangedLooksMax + 10);
    const [first, second] = [appsToLookAt(context, true), appsToLookAt(context, true)];
    assert.equal(first.length, unchangedLooksMax);
    assert.equal(new Set(ids([...first, ...second])).size, unchangedLooksMax + 10);
    assert.equal(ids(second)[0], `/a${unchangedLooksMax}`, 'the longest unseen comes first');
  });

  it('are none that are gone, whatever is said of them later', () => {
    const context = waiting(2);
    const { state } = context;
    state.apps.put('/a0', app('/a0'));
    state.apps.remove('/a0');
    state.tasks.put('t', task());
    state.reservations.put('r', { id: 'r', appId: '/a0' } as ReservationRecord);
    state.deployments.put('d', { affectedApps: ['/a0'] } as DeploymentRecord);
    assert.deepEqual([...state.awake.ids], ['/a1']);
    assert.deepEqual([...state.awake.takeChanged()], []);
  });
});

const id = '/a0';
const task = (change: object = {}, key = 't') =>
  ({
    id: key,
    appId: id,
    agent: { id: 'S1' },
    state: 'TASK_RUNNING',
    seen: true,
    stopping: null,
    inactive: false,
    replica: null,
    ...change,
  }) as TaskRecord;

/** Whether an app rests that was looked at without a change. */
function rests(record: AppRecord, tasks: TaskRecord[], handOver = false): boolean {
  const stored = tasks.map((one): [string, object] => [`task:${one.id}`, one]);
  const context = { state: new State([[`app:${id}`, record], ...stored]), memory: emptyMemory() } as Context;
  if (handOver) context.memory.handOvers.set(id, { member: 2, untilMs: 1 });
  putToRest(context, appsToLookAt(context, true));
  return !context.state.awake.ids.has(id);
}

describe('an app rests that has all it wants, and', () => {
  const backoff = { delaySeconds: 1, untilMs: 1 };
  const checked = appSpec(id, { instances: 1, healthChecks: [{ protocol: 'TCP', portIndex: 0 }] } as object);
  const restless: [string, Partial<AppRecord>, object[]][] = [
    ['one that lacks a task', {}, []],
    ['one with a task too many', {}, [{}, {}]],
    ['one whose task Mesos has not told of', {}, [{ seen: false }]],
    ['one whose task is out of reach', {}, [{ state: 'TASK_UNREACHABLE' }]],
    ['one whose task is to end', {}, [{ stopping: 'its app is scaled' }]],
    ['one whose task counts no more', {}, [{ inactive: true }]],
    ['one that is deleted', { deleting: true }, [{}]],
    ['one that was held back', { backoff }, [{}]],
    ['one that has made room', { preemptedBy: '/other' }, [{}]],
    ['one with health checks', { spec: checked }, [{}]],
  ];

  it('nothing more is wanted of it', () => assert.ok(rests(app(id), [task()])));

  it('nothing is asked of its tasks, and what was is forgotten', () => {
    const context = { state: new State([['task:t', task()]]), memory: emptyMemory() } as Context;
    context.memory.orders.set('t', new Map()).set('other', new Map());
    context.state.apps.put(id, app(id));
    appsToLookAt(context, true);
    putToRest(context, [app(id)]);
    assert.deepEqual([...context.memory.orders.keys()], ['other']);
  });

  for (const [name, change, tasks] of restless)
    it(`not ${name}`, () =>
      assert.ok(
        !rests(
          { ...app(id), ...change },
          tasks.map((one, at) => task(one, `t${at}`)),
        ),
      ));
});

describe('a group rests that is whole, and', () => {
  const spec = replicatedSpec(id, { instances: 3 });
  const configuration = [1, 2, 3].map((member) => ({ member, slot: member - 1 }));
  const peers = configuration.map(({ member }) => ({ member, connected: true, appliedIndex: 9 }));
  const whole = {
    ...{ generation: 1, founded: true, everLed: true, configuration, configurationIndex: 0, toldState: 'whole' },
    ...{ slots: [0, 1, 2], leader: { member: 1, term: 1 }, ghosts: [], away: [], moving: null },
  };
  const report = {
    role: 'leader',
    member: 1,
    term: 1,
    committedIndex: 9,
    configurationIndex: 0,
    configuration,
    peers,
    divergence: null,
  };
  const members = (first: object) =>
    configuration.map((self) => {
      const replica = { generation: 1, self, retiring: null, leaving: false, counted: true, report };
      return task({ replica: self.member === 1 ? { ...replica, ...first } : replica }, `t${self.member}`);
    });
  const group = (change: object, first: object = {}, handOver = false) =>
    rests(
      { ...app(id), spec, active: spec, group: { ...whole, ...change } as unknown as GroupRecord },
      members(first),
      handOver,
    );

  it('nothing more is wanted of it', () => assert.ok(group({})));

  const lagging = peers.map((peer) => ({ ...peer, connected: peer.member !== 3 }));
  const restless: [string, object, object][] = [
    ['one with a member on its way', { moving: { slot: 0 } }, {}],
    ['one with a member that may return', { away: [{ replica: { self: { member: 9 } } }] }, {}],
    ['one that may have let in a joiner that has ended', { ghosts: [{ member: 9, sinceMs: 0 }] }, {}],
    ['one whose story does not say that it is whole', { toldState: 'degraded' }, {}],
    ['one with a member that does not count yet', { configuration: configuration.slice(0, 2) }, {}],
    ['one with a member that is to leave', {}, { leaving: true }],
    ['one with a member that is followed', {}, { retiring: 'its agent is drained' }],
    ['one with a member that lags', {}, { report: { ...report, peers: lagging } }],
    ['one with a member whose output differs', {}, { report: { ...report, divergence: { index: 5 } } }],
    ['one with a slot more than it wants', { slots: [0, 1, 2, 3] }, {}],
  ];
  for (const [name, change, first] of restless) it(`not ${name}`, () => assert.ok(!group(change, first)));

  it('not one whose leader is asked to hand over', () => assert.ok(!group({}, {}, true)));
});
