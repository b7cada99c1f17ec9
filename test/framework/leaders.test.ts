import assert from 'node:assert/strict';
import { Leaders } from '../../framework/scheduler/leaders.js';

describe('from where groups are led', () => {
  it('is reckoned for those only of which something has changed', () => {
    const led = new Map<string, string | null>([
      ['/a', 'S1'],
      ['/b', 'S1'],
      ['/c', 'S2'],
      ['/d', null],
    ]);
    const leaders = new Leaders();
    const asked: string[] = [];
    const counts = () =>
      Object.fromEntries(
        leaders.byAgent((id) => {
          asked.push(id);
          return led.get(id) ?? null;
        }),
      );
    for (const id of led.keys()) leaders.noteChanged(id);
    assert.deepEqual(counts(), { S1: 2, S2: 1 });
    led.set('/a', 'S3').set('/c', null).set('/b', 'S4');
    for (const id of ['/a', '/c']) leaders.noteChanged(id);
    assert.deepEqual(counts(), { S1: 1, S3: 1 });
    assert.deepEqual(asked, ['/a', '/b', '/c', '/d', '/a', '/c']);
  });

  it('is not asked of apps that are gone', () => {
    const leaders = new Leaders();
    const counts = () => Object.fromEntries(leaders.byAgent((id) => (id === '/later' ? assert.fail(id) : 'S1')));
    leaders.noteChanged('/a');
    assert.deepEqual(counts(), { S1: 1 });
    for (const id of ['/a', '/later']) leaders.noteChanged(id);
    for (const id of ['/a', '/later']) leaders.forget(id);
    assert.deepEqual(counts(), {});
  });
});
