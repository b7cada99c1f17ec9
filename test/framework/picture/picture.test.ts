/** What those that watch are shown, and that the changes between two pictures make one of the other. */
import assert from 'node:assert/strict';
import { changesBetween, wholeOf } from '../../../framework/picture/changes.js';
import { KeptRows } from '../../../framework/picture/kept-rows.js';
import type { Picture } from '../../../framework/picture/rows.js';
import { put, running, settled } from '../model/running.js';
import { appSpec, type World } from '../model/world.js';

const pictureOf = (world: World) => world.scheduler.picture(world.now);
type Rows = { id: string }[];

/** As a page does it. */
function applied(shown: Record<string, unknown>, changes: Record<string, unknown>): Record<string, unknown> {
  const next: Record<string, unknown> = { ...shown, ...changes };
  for (const table of ['agents', 'apps', 'tasks']) {
    const [changed, gone] = [(changes[table] ?? []) as Rows, (changes[`${table}Gone`] ?? []) as string[]];
    const rows = new Map((shown[table] as Rows).map((row) => [row.id, row]));
    for (const row of changed) rows.set(row.id, row);
    for (const id of gone) rows.delete(id);
    next[table] = [...rows.values()];
    delete next[`${table}Gone`];
  }
  return next;
}

function sorted(whole: Record<string, unknown>): Record<string, unknown> {
  const byId = (table: string) => [...(whole[table] as Rows)].sort((a, b) => a.id.localeCompare(b.id));
  return { ...whole, agents: byId('agents'), apps: byId('apps'), tasks: byId('tasks') };
}

describe('picture of the cluster', () => {
  it('says of apps, tasks and agents what the view says', () => {
    const world = running();
    world.command(put(appSpec('/web', { instances: 2 })));
    world.until(settled);
    const { apps, tasks, agents, master } = pictureOf(world);
    const ledger = world.app('/demo/ledger');
    assert.equal(master.connected, true);
    assert.deepEqual(apps.get('/demo/ledger')?.group, {
      ...{ state: ledger.group?.state, caughtUp: ledger.group?.caughtUp, leader: ledger.group?.leader },
    });
    const web = apps.get('/web');
    assert.deepEqual([web?.instances, web?.tasksRunning, web?.group, web?.waiting], [2, 2, null, 0]);
    for (const task of [...ledger.tasks, ...world.app('/web').tasks]) {
      const { id, appId, agentId, state, startedAt, replica } = task;
      const ofReplica = replica ? { slot: replica.slot, role: replica.report?.role } : {};
      assert.deepEqual(tasks.get(id), { id, appId, agentId, state, startedAt, ...ofReplica });
    }
    for (const { id, total } of world.scheduler.cluster(world.now).cluster.agents) {
      const row = agents.get(id);
      assert.ok(Math.abs((row?.total?.cpus ?? 0) - total.cpus) < 1e-9, id);
      const here = [...tasks.values()].filter(({ agentId }) => agentId === id).length;
      assert.equal((row?.free?.cpus ?? 0) < (row?.total?.cpus ?? 0), here > 0, id);
    }
  });

  it('keeps the rows in which nothing has changed, also where records have', () => {
    const world = running();
    const before = pictureOf(world);
    world.now += 60_000;
    const after = pictureOf(world);
    assert.equal(changesBetween(before, after), null);
    for (const table of ['agents', 'apps', 'tasks'] as const)
      for (const [id, row] of after[table]) assert.equal(row, (before[table] as Map<string, unknown>).get(id), id);
  });

  it('is made whole by its changes, whatever has happened', () => {
    const world = running();
    let before: Picture = pictureOf(world);
    let shown = wholeOf(before);
    let tables = new Set<string>();
    const look = () => {
      const after = pictureOf(world);
      const changes = changesBetween(before, after);
      tables = new Set([...tables, ...Object.keys(changes ?? {})]);
      shown = applied(shown, changes ?? { at: after.at });
      assert.deepEqual(sorted(shown), sorted(wholeOf(after)));
      before = after;
    };
    const settle = () =>
      world.until((one) => {
        look();
        return settled(one);
      });
    world.command(put(appSpec('/web', { instances: 4 }), appSpec('/wide', { instances: 1, cpus: 1000 })));
    look();
    for (let step = 0; step < 20; step += 1) {
      world.tick(500);
      world.deliverAll();
      look();
    }
    assert.deepEqual([before.queue[0]?.appId, before.apps.get('/wide')?.waiting], ['/wide', 1]);
    world.command({ type: 'deleteApp', appId: '/wide', force: true });
    const [task] = world.app('/demo/ledger').tasks;
    world.mesos.end(world.mesos.tasks.get(task?.id ?? '') as never, 'TASK_FAILED');
    settle();
    world.command(put(appSpec('/web', { instances: 1 })));
    settle();
    const [agent] = before.agents.keys();
    world.command({ type: 'drain', wanted: { agent: [agent ?? ''] } });
    look();
    assert.equal(before.agents.get(agent ?? '')?.draining, true);
    for (const part of ['agents', 'apps', 'tasks', 'tasksGone', 'appsGone', 'deployments', 'queue'])
      assert.ok(tables.has(part), `nothing has changed in ${part}: ${[...tables]}`);
  });

  it('makes rows anew only of what is other than before', () => {
    const rows = new KeptRows<{ is: number }>();
    let made = 0;
    const entry = (id: string, of: unknown, is: number) => {
      const make = () => {
        made += 1;
        return { is };
      };
      return { id, of: [of], make };
    };
    const first = rows.renew([entry('a', 1, 1), entry('b', 1, 1)]);
    const second = rows.renew([entry('a', 1, 5), entry('b', 2, 1)]);
    assert.equal(made, 3);
    assert.deepEqual([second.get('a') === first.get('a'), second.get('b') === first.get('b')], [true, true]);
    assert.deepEqual([...rows.renew([entry('b', 3, 2)])], [['b', { is: 2 }]]);
    assert.deepEqual([...rows.renew([entry('a', 1, 9)])], [['a', { is: 9 }]], 'what was gone is not remembered');
  });
});
