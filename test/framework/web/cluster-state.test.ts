import assert from 'node:assert/strict';
import { initialState, reduce } from '../../../framework/web/model/cluster-state.js';
import type { Snapshot, TaskRow } from '../../../framework/web/model/rows.js';
import { agent, app, task } from './rows.js';

const snapshot = (more: Partial<Snapshot> = {}): Snapshot => ({
  at: '2026-01-01T00:00:00.000Z',
  agents: [agent('a1'), agent('a2')],
  apps: [app('/one')],
  tasks: [task('t1', '/one', 'a1')],
  deployments: [],
  queue: [],
  master: { connected: true, address: 'm:5050' },
  version: '1',
  leader: 'f:8080',
  ...more,
});
const begun = (more: Partial<Snapshot> = {}) =>
  reduce(initialState, { type: 'snapshot', nowMs: 1000, snapshot: snapshot(more) });
const at = '2026-01-01T00:00:01.000Z';
const ids = (tasks: readonly TaskRow[] | undefined) => tasks?.map(({ id }) => id);

describe('web: state of the cluster', () => {
  it('a snapshot replaces everything that was known', () => {
    const again = reduce(begun(), { type: 'snapshot', nowMs: 2000, snapshot: snapshot({ agents: [agent('a3')] }) });
    assert.deepEqual([...again.agents.keys()], ['a3']);
    assert.deepEqual(again.connection, { state: 'live', heardAtMs: 2000, reason: null });
  });

  it('changes add, replace and remove rows, in their order', () => {
    const moved = { ...task('t1', '/one', 'a2') };
    const state = reduce(begun(), {
      type: 'changes',
      nowMs: 2000,
      changes: [
        { at, tasks: [moved, task('t2', '/one', 'a1')] },
        { at, tasksGone: ['t2'], agentsGone: ['a1'] },
      ],
    });
    assert.deepEqual(ids(state.tasksOfAgent.get('a2')), ['t1']);
    assert.equal(state.tasksOfAgent.get('a1'), undefined);
    assert.deepEqual(ids(state.tasksOfApp.get('/one')), ['t1']);
    assert.deepEqual([...state.agents.keys()], ['a2']);
  });

  it('what has not changed stays the same value, so that nobody draws it anew', () => {
    const before = begun();
    const after = reduce(before, { type: 'changes', nowMs: 2000, changes: [{ at, queue: [] }] });
    assert.equal(after.tasks, before.tasks);
    assert.equal(after.tasksOfAgent, before.tasksOfAgent);
    assert.equal(after.apps, before.apps);
    assert.equal(after.agents, before.agents);
  });

  it('a lost connection keeps what was known, and of when it is', () => {
    const state = reduce(begun(), { type: 'lost', reason: 'gone' });
    assert.deepEqual(state.connection, { state: 'lost', heardAtMs: 1000, reason: 'gone' });
    assert.equal(state.apps.size, 1);
    assert.equal(reduce(state, { type: 'alive', nowMs: 3000 }).connection.state, 'live');
  });

  it('before anything was heard it is not lost, but connecting', () => {
    assert.equal(reduce(initialState, { type: 'lost', reason: 'refused' }).connection.state, 'connecting');
  });

  it('who signs out leaves nothing behind', () => {
    assert.equal(reduce(begun(), { type: 'signedOut' }), initialState);
  });
});
