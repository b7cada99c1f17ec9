import assert from 'node:assert/strict';
import type { Assignment } from '../../executor/assignment.js';
import { tasksOfCall } from '../../framework/call-tasks.js';
import { put, settled } from './model/running.js';
import { appSpec, World } from './model/world.js';

function deployed(world: World, instances: number): string {
  const result = world.command(put(appSpec('/web', { instances })));
  assert.ok(result?.ok && result.deploymentId);
  world.until(settled);
  return result.deploymentId;
}

const linesOf = (world: World, id: string | null) =>
  world.logged.filter(({ fields }) => fields.deploymentId === id).map(({ fields, text }) => ({ ...fields, text }));

describe('scheduler: log', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
    world.connect();
  });

  it('has the id of a deployment in every line, from the change to its end, and names its tasks', () => {
    const id = deployed(world, 2);
    const lines = linesOf(world, id);
    assert.match(lines[0]?.text ?? '', /begins: version/);
    assert.match(lines.at(-1)?.text ?? '', /is done$/);
    const tasks = world.app('/web').tasks.map((task) => task.id);
    for (const [what, count] of [
      [/is placed on/, 1],
      [/runs on/, 1],
    ] as const)
      for (const task of tasks)
        assert.equal(lines.filter(({ taskId, text }) => taskId === task && what.test(text)).length, count, task);
    assert.deepEqual(linesOf(world, null), []);
  });

  it('tells executors the id with their task', () => {
    const id = deployed(world, 1);
    const launch = world.calls.find((call) => tasksOfCall(call).length > 0 && call.type === 'ACCEPT');
    assert.ok(launch?.type === 'ACCEPT');
    const operation = launch.accept.operations?.find(({ type }) => type === 'LAUNCH');
    assert.ok(operation?.type === 'LAUNCH');
    const data = operation.launch.task_infos[0]?.data ?? '';
    const { deploymentId } = JSON.parse(Buffer.from(data, 'base64').toString()) as Assignment;
    assert.equal(deploymentId, id);
  });

  it('says why tasks stop, and for which deployment; what nobody has asked for has none', () => {
    const first = deployed(world, 2);
    const second = deployed(world, 1);
    const stopped = linesOf(world, second).filter(({ text }) => /is to stop:/.test(text));
    assert.equal(stopped.length, 1);
    const ended = linesOf(world, second).find(({ text }) => /was stopped:/.test(text));
    assert.equal(ended?.taskId, stopped[0]?.taskId);
    assert.ok(world.calls.some((call) => call.type === 'KILL' && tasksOfCall(call)[0] === ended?.taskId));
    world.mesos.end([...world.mesos.tasks.values()][0] as never, 'TASK_FAILED');
    world.until(() => linesOf(world, null).length > 0);
    const [unasked] = linesOf(world, null);
    assert.match(unasked?.text ?? '', /has ended/);
    assert.ok(unasked?.taskId && ![first, second].includes(unasked.text));
  });
});
