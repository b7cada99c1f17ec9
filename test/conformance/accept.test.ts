import assert from 'node:assert/strict';
import type { Offer, Resource, TaskInfo } from '../../framework/mesos-http-client/types.js';
import { commandTask, frameworkInfo, RawScheduler, ROLE } from './scheduler.js';
import { startTarget, type Target } from './target.js';
import { until } from './wait.js';

describe('conformance: ACCEPT that fails', () => {
  let target: Target;
  let scheduler: RawScheduler;
  let first: Offer;
  let second: Offer;
  before(async () => {
    target = await startTarget();
  });
  after(() => target.stop());
  beforeEach(async () => {
    scheduler = await RawScheduler.subscribe(target.masterUrl, frameworkInfo());
    [first, second] = (await scheduler.nextOffers(0, 2)) as [Offer, Offer];
  });
  afterEach(() => scheduler.teardown());

  const accept = (ids: string[], tasks: TaskInfo[]) =>
    scheduler.call({
      type: 'ACCEPT',
      accept: {
        offer_ids: ids.map((value) => ({ value })),
        operations: [{ type: 'LAUNCH', launch: { task_infos: tasks } }],
        filters: { refuse_seconds: 0 },
      },
    });

  const invalid: [string, (a: string, b: string) => string[], RegExp][] = [
    [
      'an unknown offer beside a valid one',
      (a) => [a, 'nope-O99'],
      /^Task launched with invalid offers: Offer nope-O99 is no longer valid$/,
    ],
    ['an offer twice', (a) => [a, a], /^Task launched with invalid offers: Duplicate offer .* in offer list$/],
    [
      'offers of two agents',
      (a, b) => [a, b],
      /invalid offers: Aggregated offers must belong to one single agent\. Offer .* uses agent .* and agent/,
    ],
    ['no offers', () => [], /^Task launched with invalid offers: No offers specified$/],
  ];
  for (const [what, ids, message] of invalid) {
    it(`${what}: TASK_DROPPED / REASON_INVALID_OFFERS, and valid offers are used up`, async () => {
      const given = ids(first.id.value, second.id.value);
      await accept(given, [commandTask(first, 'x', 'true')]);
      const dropped = await scheduler.reached('x', 'TASK_DROPPED');
      assert.equal(dropped.reason, 'REASON_INVALID_OFFERS');
      assert.equal(dropped.source, 'SOURCE_MASTER');
      assert.equal(dropped.uuid, undefined);
      assert.match(dropped.message ?? '', message);
      if (!given.includes(first.id.value)) return;
      await accept([first.id.value], [commandTask(first, 'again', 'true')]);
      const again = await scheduler.reached('again', 'TASK_DROPPED');
      assert.equal(again.message, `Task launched with invalid offers: Offer ${first.id.value} is no longer valid`);
      await scheduler.nextOffers(2);
    });
  }

  const scalar = (name: string, value: number): Resource => ({
    name,
    type: 'SCALAR',
    scalar: { value },
    allocation_info: { role: ROLE },
  });
  const tasks: [string, (offer: Offer) => Partial<TaskInfo>, RegExp][] = [
    [
      'too much',
      () => ({ resources: [scalar('cpus', 400), scalar('mem', 32)] }),
      /^Total resources cpus\(allocated: conformance\):400; mem\(allocated: conformance\):32 required by task and its executor is more than available /,
    ],
    [
      'ports that are not offered',
      () => ({
        resources: [
          scalar('cpus', 0.1),
          { name: 'ports', type: 'RANGES', ranges: { range: [{ begin: 1, end: 2 }] }, allocation_info: { role: ROLE } },
        ],
      }),
      /^Total resources .*ports\(allocated: conformance\):\[1-2\] required by task/,
    ],
    ['no resources', () => ({ resources: [] }), /^Task uses no resources$/],
    [
      'hardly any cpus',
      () => ({ resources: [scalar('cpus', 1e-9), scalar('mem', 32)] }),
      /^Resource 'cpus\(allocated: conformance\):0' is invalid: Invalid scalar resource: value <= 0$/,
    ],
    [
      'another agent',
      () => ({ agent_id: { value: 'other-S1' } }),
      /^Task uses invalid agent other-S1 while agent .* is expected$/,
    ],
    [
      'a limit below its request',
      () => ({ limits: { cpus: { value: 0.01 } } }),
      /^(Agent is not capable of handling task resource limits|The cpu limit must be greater than or equal to the cpu request)$/,
    ],
    ['a slash in the id', () => ({ name: 'bad', task_id: { value: 'b/13' } }), /^'b\/13' contains invalid characters$/],
    ['an empty id', () => ({ task_id: { value: '' } }), /^ID must not be empty$/],
  ];
  for (const [what, changes, message] of tasks) {
    it(`a task with ${what}: TASK_ERROR / REASON_TASK_INVALID`, async () => {
      const task = { ...commandTask(first, 'bad', 'true'), ...changes(first) };
      await accept([first.id.value], [task]);
      const error = await scheduler.reached(task.task_id.value, 'TASK_ERROR');
      assert.equal(error.reason, 'REASON_TASK_INVALID');
      assert.equal(error.uuid, undefined);
      assert.match(error.message ?? '', message);
    });
  }

  it('a task with zero cpus runs', async () => {
    scheduler.acknowledgeAll();
    const resources = [scalar('cpus', 0), scalar('mem', 32)];
    await accept([first.id.value], [commandTask(first, 'idle', 'true', { resources })]);
    await scheduler.reached('idle', 'TASK_FINISHED');
  });

  it('neither command nor executor, or both: TASK_ERROR', async () => {
    const { command: _, ...neither } = commandTask(first, 'neither', '');
    const executor = {
      type: 'CUSTOM' as const,
      executor_id: { value: 'e' },
      framework_id: { value: scheduler.frameworkId },
      command: { value: 'true' },
    };
    await accept([first.id.value], [neither, { ...commandTask(first, 'both', 'true'), executor }]);
    for (const id of ['neither', 'both']) {
      const error = await scheduler.reached(id, 'TASK_ERROR');
      assert.equal(
        error.message,
        'Task should have at least one (but not both) of CommandInfo or ExecutorInfo present',
      );
    }
  });

  it('a duplicate id fails, the first task of that id runs', async () => {
    scheduler.acknowledgeAll();
    await accept([first.id.value], [commandTask(first, 'twin', 'sleep 100'), commandTask(first, 'twin', 'true')]);
    const error = await scheduler.reached('twin', 'TASK_ERROR');
    assert.equal(error.message, 'Task has duplicate ID: twin');
    await scheduler.reached('twin', 'TASK_RUNNING');
  });

  it('allocation_info may be left out; cpus without mem is enough; offers of one agent may be merged', async () => {
    scheduler.acknowledgeAll();
    const bare: Resource[] = [{ name: 'cpus', type: 'SCALAR', scalar: { value: 1 } }];
    await accept([first.id.value], [commandTask(first, 'bare', 'sleep 100', { resources: bare })]);
    await scheduler.reached('bare', 'TASK_RUNNING');
    const again = async () => (await scheduler.nextOffers(2)).find((o) => o.agent_id.value === first.agent_id.value);
    await until('the remainder', async () => (await again()) !== undefined);
    const remainder = (await again()) as Offer;
    await scheduler.call({ type: 'KILL', kill: { task_id: { value: 'bare' } } });
    await scheduler.reached('bare', 'TASK_KILLED');
    const pieces = () => scheduler.offers.filter((o) => o.agent_id.value === first.agent_id.value).slice(1);
    await until('the freed piece', () => pieces().length >= 2);
    const cpus = remainder.resources?.find((r) => r.name === 'cpus');
    const all = (cpus?.type === 'SCALAR' ? cpus.scalar.value : 0) + 1;
    await accept(
      pieces().map((o) => o.id.value),
      [commandTask(first, 'merged', 'true', { resources: [scalar('cpus', all)] })],
    );
    await scheduler.reached('merged', 'TASK_FINISHED');
  });
});
