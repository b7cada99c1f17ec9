import assert from 'node:assert/strict';
import { appsToLookAt, putToRest, unchangedLooksMax } from '../../framework/scheduler/awake.js';
import { type Context, emptyMemory } from '../../framework/scheduler/context.js';
import type { AppRecord } from '../../framework/scheduler/records.js';
import { State } from '../../framework/scheduler/state.js';
import { appSpec } from './model/world.js';

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

  it('are a bounded number of those that wait, in turn', () => {
    const context = waiting(unchangedLooksMax + 10);
    const [first, second] = [appsToLookAt(context, true), appsToLookAt(context, true)];
    assert.equal(first.length, unchangedLooksMax);
    assert.equal(new Set(ids([...first, ...second])).size, unchangedLooksMax + 10);
    assert.equal(ids(second)[0], `/a${unchangedLooksMax}`, 'the longest unseen comes first');
  });
});
