import assert from 'node:assert/strict';
import type { AppRecord, TaskRecord } from '../../framework/scheduler/records.js';
import { sharedMembers } from '../../framework/scheduler/sharing.js';
import { State } from '../../framework/scheduler/state.js';
import { appSpec } from './model/world.js';

const agent = { id: 'S1', hostname: 'box1', host: '10.0.0.1', region: null, zone: 'a', attributes: {} };
const task = (id: string, change: object = {}) =>
  ({ id, appId: '/web', version: 'v1', agent, placement: null, replica: null, ...change }) as TaskRecord;

/** As they come back from the store, each with all its own. */
const read = (records: Record<string, object>) => Object.entries(JSON.parse(JSON.stringify(records)) as typeof records);

describe('scheduler: records that are read back', () => {
  it('share the agents that are the same, and are what they were', () => {
    const moved = task('t3', { agent: { ...agent, zone: 'b' } });
    const tasks = [task('t1'), task('t2'), moved];
    const state = new State(read(Object.fromEntries(tasks.map((one) => [`task:${one.id}`, one]))));
    assert.deepEqual([...state.tasks.values()], tasks);
    const [first, second, third] = [...state.tasks.values()].map((one) => one.agent);
    assert.equal(first, second);
    assert.equal(third?.zone, 'b');
  });

  it('share the configuration that a group and its members know', () => {
    const report = (host: string) => ({ report: { configuration: [{ slot: 0, member: 1, host }] }, generation: 1 });
    const records = {
      'task:t1': task('t1', { replica: report('10.0.0.1') }),
      'app:/web': {
        ...{ id: '/web', spec: {}, active: {}, versions: [] },
        group: { generation: 1, configuration: report('10.0.0.1').report.configuration },
      },
      'task:t2': task('t2', { replica: report('10.0.0.1') }),
      'task:t3': task('t3', { replica: report('10.0.0.9') }),
    };
    const state = new State(read(records));
    assert.deepEqual(state.tasks.get('t3'), records['task:t3']);
    const known = state.apps.get('/web')?.group?.configuration;
    assert.deepEqual(
      ['t1', 't2', 't3'].map((id) => state.tasks.get(id)?.replica?.report?.configuration === known),
      [true, true, false],
    );
  });

  it('share why their agents were taken', () => {
    const placed = (id: string, value: number) =>
      task(id, { placement: { score: 1, parts: [{ name: 'best fit', value, weight: 1 }], others: [] } });
    const tasks = [placed('t1', 0.5), placed('t2', 0.5), placed('t3', 1)];
    const state = new State(read(Object.fromEntries(tasks.map((one) => [`task:${one.id}`, one]))));
    assert.deepEqual([...state.tasks.values()], tasks);
    const [first, second, third] = [...state.tasks.values()].map(({ placement }) => placement?.parts);
    assert.deepEqual([first === second, first === third], [true, false]);
  });

  it('have one spec for what is wanted and what is worked towards, when they are the same', () => {
    const [spec, other] = [appSpec('/web'), appSpec('/web', { instances: 9 })];
    const apps = [spec, other].map(
      (active, index) => ({ id: `/a${index}`, spec, active, versions: [], group: null }) as unknown as AppRecord,
    );
    const state = new State(read(Object.fromEntries(apps.map((app) => [`app:${app.id}`, app]))));
    assert.deepEqual([...state.apps.values()], apps);
    assert.deepEqual(
      [...state.apps.values()].map(({ spec, active }) => spec === active),
      [true, false],
    );
  });
});

describe('scheduler: what all members report', () => {
  const member = { slot: 0, member: 1, host: '10.0.0.1', consensusPort: 1, servicePort: 2 };
  const known = [member, { ...member, slot: 1, member: 2 }];

  it('is one list', () => assert.equal(sharedMembers(structuredClone(known), known), known));

  for (const [field, value] of Object.entries({ slot: 7, member: 7, host: 'x', consensusPort: 7, servicePort: 7 }))
    it(`unless it says another ${field}`, () => {
      const told = [member, { ...known[1], [field]: value }] as typeof known;
      assert.equal(sharedMembers(told, known), told);
    });

  it('unless somebody is missing', () => {
    assert.deepEqual(sharedMembers([member], known), [member]);
    assert.deepEqual(sharedMembers(known, [member]), known);
  });
});
