import assert from 'node:assert/strict';
import { listed, stateOf } from '../../../framework/web/model/app-list.js';
import { clock, count, duration, megabytes, nanoseconds, short } from '../../../framework/web/model/format.js';
import { pathOf, type Route, readRoute } from '../../../framework/web/model/route.js';
import type { GroupState } from '../../../framework/web/model/rows.js';
import { app } from './rows.js';

const group = (state: GroupState) => ({ state, leader: null });

describe('web: words', () => {
  it('what is not known is no number', () => {
    assert.deepEqual([megabytes(null), nanoseconds(null), count(null, 'app')], ['unknown', 'unknown', 'unknown apps']);
  });

  it('amounts have the unit that people read', () => {
    assert.deepEqual([megabytes(512), megabytes(1536), megabytes(3 * 2 ** 20)], ['512 MB', '1.5 GB', '3 TB']);
    assert.deepEqual([nanoseconds(950), nanoseconds(31_240), nanoseconds(2.5e6)], ['950 ns', '31.2 µs', '2.5 ms']);
    assert.deepEqual(
      [short(0.12345), short(1234.5), count(1, 'app'), count(2, 'app')],
      ['0.123', '1,235', '1 app', '2 apps'],
    );
    assert.deepEqual(
      [duration(-5), duration(12_400), duration(200_000), duration(9e6)],
      ['0 s', '12 s', '3 min', '2 h'],
    );
  });

  it('another day is named, today is not', () => {
    const noon = new Date(2026, 4, 3, 12, 0, 0, 7);
    assert.equal(clock(noon.toISOString(), noon.getTime()), '12:00:00.007');
    assert.equal(clock(noon.toISOString(), noon.getTime() + 86_400_000), '2026-05-03 12:00:00.007');
    assert.equal(clock('never', 0), 'never');
  });

  it('the state of an app is that of its group, if it has one', () => {
    const words = (['forming', 'whole', 'degraded', 'noQuorum', 'lost'] as const).map(
      (state) => stateOf(app('/a', { group: group(state) })).tone,
    );
    assert.deepEqual(words, ['busy', 'good', 'busy', 'bad', 'bad']);
    assert.equal(stateOf(app('/a', { group: group('whole'), diverged: true })).word, 'diverged');
    assert.equal(stateOf(app('/a', { tasksRunning: 0 })).word, 'incomplete');
    assert.equal(stateOf(app('/a', { instances: 0, tasksRunning: 0 })).word, 'suspended');
    assert.equal(stateOf(app('/a', { tasksUnhealthy: 1 })).tone, 'bad');
  });

  it('the worst apps come first, and a search is for all of its words', () => {
    const apps = [app('/b/one'), app('/a/two'), app('/c/lost', { group: group('lost') })];
    assert.deepEqual(
      listed(apps, '').map(({ id }) => id),
      ['/c/lost', '/a/two', '/b/one'],
    );
    assert.deepEqual(
      listed(apps, ' TWO running').map(({ id }) => id),
      ['/a/two'],
    );
    assert.deepEqual(listed(apps, 'two lost'), []);
  });

  it('a path says the same page as the page that made it', () => {
    const routes: Route[] = [
      { page: 'apps' },
      { page: 'map' },
      { page: 'app', appId: '/bank/ledger', tab: 'replicas' },
      { page: 'app', appId: '/bank/100%', tab: 'logs' },
      { page: 'edit', appId: null },
      { page: 'edit', appId: '/a/b' },
    ];
    for (const route of routes) {
      const [path = '', query = ''] = pathOf(route).split('?');
      assert.deepEqual(readRoute(path, query), route);
    }
    assert.equal(readRoute('/ui/elsewhere', ''), null);
    assert.equal(readRoute('/ui/map/more', ''), null);
    assert.equal(readRoute('/ui/apps/%E0', ''), null);
  });
});
