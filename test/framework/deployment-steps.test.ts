import assert from 'node:assert/strict';
import { type Context, emptyMemory } from '../../framework/scheduler/context.js';
import { advanceDeployments } from '../../framework/scheduler/deployments.js';
import type { AppRecord, TaskRecord } from '../../framework/scheduler/records.js';
import { State } from '../../framework/scheduler/state.js';
import { appSpec } from './model/world.js';

const count = 100;
const ids = Array.from({ length: count }, (_, place) => `/a${place}`);

/** A deployment of many apps with one task each. */
class Rollout {
  readonly context: Context;
  /** Of records, by the scheduler. */
  reads = 0;

  constructor() {
    const actions = ids.map((app) => ({ action: 'ScaleApplication', app }));
    const deployment = {
      id: 'd',
      version: 'v',
      affectedApps: ids,
      steps: [{ actions }],
      currentStep: 1,
      entered: true,
    };
    const state = new State([...ids.map(app), ['deployment:d', { ...deployment, originals: {}, startedAt: 'now' }]]);
    this.context = { now: 0, state, memory: emptyMemory(), options: {}, actions: [] } as unknown as Context;
    const get = state.apps.get.bind(state.apps);
    state.apps.get = (id) => {
      this.reads += 1;
      return get(id);
    };
  }

  runs(id: string, state: TaskRecord['state'] = 'TASK_RUNNING'): void {
    const task = { id, appId: id, agent: {}, state, replica: null, stopping: null, inactive: false };
    this.context.state.tasks.put(id, task as TaskRecord);
  }

  /** @returns whether it is over, and how many apps have been looked at */
  advance(): [isDone: boolean, looks: number] {
    this.reads = 0;
    advanceDeployments(this.context);
    return [this.context.state.deployments.size === 0, this.reads];
  }
}

function app(id: string): [string, object] {
  const spec = appSpec(id, { instances: 1 });
  const record: Partial<AppRecord> = { id, spec, active: spec, versions: [], group: null };
  return [`app:${id}`, record];
}

describe('scheduler: a step of a deployment of many apps', () => {
  it('looks at each app about once while they come up one after the other', () => {
    const rollout = new Rollout();
    let looks = 0;
    for (const id of ids) {
      const [isDone, looked] = rollout.advance();
      assert.ok(!isDone, `before ${id}`);
      looks += looked;
      rollout.runs(id);
    }
    assert.ok(looks < 4 * count, `${looks} looks`);
    assert.equal(rollout.advance()[0], true);
  });

  it('is not done while an app that was done before is not', () => {
    const rollout = new Rollout();
    for (const id of ids.slice(0, -1)) rollout.runs(id);
    assert.equal(rollout.advance()[0], false);
    rollout.runs('/a0', 'TASK_STAGING');
    rollout.runs(ids.at(-1) as string);
    assert.equal(rollout.advance()[0], false);
    rollout.runs('/a0');
    assert.equal(rollout.advance()[0], true);
  });
});
