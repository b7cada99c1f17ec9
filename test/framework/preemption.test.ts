import assert from 'node:assert/strict';
import type { AppSpec } from '../../framework/app.js';
import { carryOut } from '../../framework/planning.js';
import { preemptionHoldMs } from '../../framework/scheduler/preemptions.js';
import { pass, put, settled, story } from './model/running.js';
import { appSpec, replicatedSpec, World } from './model/world.js';

const low = (change: Partial<AppSpec> = {}) => appSpec('/low', { cpus: 3, instances: 3, ...change });
const vip = (change: Partial<AppSpec> = {}) => appSpec('/vip', { cpus: 2, instances: 1, priority: 10, ...change });

function world(agents: number, ...specs: AppSpec[]): World {
  const made = new World(agents);
  made.connect();
  made.command(put(...specs));
  made.until(settled);
  return made;
}

const living = (made: World, id: string) => made.mesos.living(id);
const sentence = (made: World, id: string) => made.view().queue.find(({ appId }) => appId === id)?.sentence ?? '';

describe('scheduler: priorities', () => {
  it('place the higher one first, then the longest waiting', () => {
    const made = new World(1);
    made.connect();
    for (const agent of made.mesos.agents.values()) made.mesos.setUp(agent.id, false);
    made.command(put(appSpec('/first', { cpus: 3, instances: 1 })));
    pass(made, 2);
    made.command(put(appSpec('/second', { cpus: 3, instances: 1 })));
    pass(made, 2);
    made.command(put(appSpec('/third', { cpus: 3, instances: 1, priority: 1 })));
    pass(made, 2);
    made.mesos.setUp('S1', true);
    made.until(() => made.mesos.tasks.size > 0);
    assert.deepEqual(
      [...made.mesos.tasks.values()].map(({ assignment }) => assignment.appId),
      ['/third'],
    );
  });

  it('are not bound by earmarks of lower ones', () => {
    const made = world(1, low({ instances: 1 }));
    made.command(put(appSpec('/big', { cpus: 4, instances: 1 })));
    made.until((view) => view.queue[0]?.earmark !== null);
    made.command(put(appSpec('/equal', { cpus: 1, instances: 1 })));
    pass(made, 5);
    assert.match(sentence(made, '/equal'), /room is kept for \/big/);
    made.command(put(appSpec('/higher', { cpus: 1, instances: 1, priority: 1 })));
    made.until(() => living(made, '/higher').length === 1, 10);
  });

  it('above 0 make tasks of lower ones leave, which wait and are placed again when there is room', () => {
    const made = world(3, low());
    made.command(put(vip()));
    made.until(() => living(made, '/vip').length === 1);
    made.until((view) => view.deployments.length === 0);
    assert.equal(living(made, '/low').length, 2);
    assert.match(
      story(made, '/vip'),
      /room is made for it, which has priority 10; leaving: task low\.\S+ of \/low on box\d /,
    );
    assert.match(story(made, '/low'), /was stopped: it is preempted by \/vip, which has priority 10/);
    pass(made, 10);
    assert.match(sentence(made, '/low'), /^preempted by \/vip; no agent offers 3 cpus/);
    made.command({ type: 'deleteApp', appId: '/vip', force: false });
    made.until(() => living(made, '/low').length === 3);
    made.until((view) => view.queue.length === 0);
    made.tick(500);
    assert.equal(JSON.parse(made.stored.get('app:/low') as string).preemptedBy, null);
  });

  it('make nobody leave who is as important, nor for one that says nothing', () => {
    for (const [priority, victims] of [
      [0, 0],
      [10, 10],
      [-1, -2],
    ] as const) {
      const made = world(3, low({ priority: victims }));
      made.command(put(vip({ priority })));
      pass(made, 40);
      assert.deepEqual([living(made, '/low').length, living(made, '/vip').length], [3, 0], `${priority} ${victims}`);
    }
  });

  it('never take the majority of a group, whose replica leaves the configuration first', () => {
    const made = world(3, replicatedSpec('/demo/ledger', { cpus: 3 }));
    const group = made.mesos.groups.get('/demo/ledger@1');
    const sizes: number[] = [];
    made.mesos.onKill = () => sizes.push(group?.configuration.length ?? 0);
    made.command(put(vip({ instances: 3, cpus: 3.4 })));
    made.until(() => living(made, '/vip').length === 1);
    pass(made, 200);
    assert.deepEqual([living(made, '/vip').length, living(made, '/demo/ledger').length, sizes[0]], [1, 2, 2]);
    assert.equal(made.app('/demo/ledger').group?.state, 'degraded');
    assert.match(story(made), /is taken out: it is preempted by \/vip/);
  });

  it('keep the room for whom it was made, for a while', () => {
    const made = world(1, low({ instances: 1 }));
    const handle = made.mesos.handle.bind(made.mesos);
    made.mesos.handle = (call) => call.type !== 'KILL' && handle(call);
    made.command(put(vip()));
    made.until(() => /^room is kept for it on box1; 1 of 1 tasks have to leave yet/.test(sentence(made, '/vip')));
    const heldMs = made.now;
    made.command(put(appSpec('/other', { cpus: 0.1, instances: 1 })));
    pass(made, 20);
    const refusal = made.view().queue.find(({ appId }) => appId === '/other')?.refusals[0];
    assert.equal(refusal?.sentence, 'box1: room is made for /vip, which has priority 10');
    made.until(() => living(made, '/other').length === 1);
    assert.ok(made.now - heldMs >= preemptionHoldMs - 500, `${made.now - heldMs}`);
    made.mesos.handle = handle;
    made.until(() => living(made, '/vip').length === 1);
  });

  it('do not make room in vain again and again', () => {
    const made = new World(1);
    for (const agent of made.mesos.agents.values()) agent.role = 'gaia';
    made.connect();
    made.command(put(low({ instances: 1 })));
    made.until(settled);
    let kills = 0;
    made.mesos.onKill = () => kills++;
    made.command(put(vip({ acceptedResourceRoles: ['*'] })));
    pass(made, 1800);
    assert.deepEqual([kills, living(made, '/low').length, living(made, '/vip').length], [1, 1, 0]);
    assert.match(
      story(made, '/vip'),
      /the room made on box1 has not helped it within 5 minutes; for 60 minutes none is made/,
    );
  });

  it('go on with what was begun after a crash at any write', () => {
    for (const when of ['beforeWrite', 'afterWrite'] as const)
      for (let step = 18; step < 32; step++) {
        const made = world(3, low(), replicatedSpec('/demo/ledger', { cpus: 0.5 }));
        made.command(put(vip({ cpus: 3.8 })));
        let steps = 0;
        made.until((view) => {
          steps += 1;
          if (steps === step) made.crashNext = when;
          return steps > step && living(made, '/vip').length === 1 && view.deployments.length === 0;
        });
        const group = made.mesos.groups.get('/demo/ledger@1');
        assert.deepEqual([group?.active().length, living(made, '/demo/ledger').length], [2, 2]);
      }
  });

  it('tell beforehand who would leave', () => {
    const made = world(3, low());
    assert.deepEqual(made.scheduler.preemptionJob(vip({ priority: 0 })), null);
    const job = made.scheduler.preemptionJob(vip());
    assert.ok(job);
    assert.deepEqual(
      carryOut(job).victims.map(({ group, priority }) => [group, priority]),
      [['/low', 0]],
    );
    assert.equal(living(made, '/low').length, 3);
  });
});
