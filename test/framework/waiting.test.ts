/** Many apps wait: what a step costs, and that nobody is forgotten over it. */
import assert from 'node:assert/strict';
import { Inventory } from '../../placement/index.js';
import { put, settled } from './model/running.js';
import { appSpec, World } from './model/world.js';

const agents = 60;
const apps = 200;

/** How often a group is looked for while `act` runs. */
function attemptsDuring(act: () => void): number {
  const { note } = Inventory.prototype;
  let attempts = 0;
  Inventory.prototype.note = function (asked) {
    attempts += 1;
    return note.call(this, asked);
  };
  try {
    act();
  } finally {
    Inventory.prototype.note = note;
  }
  return attempts;
}

/** Apps that ask for more than any agent has. */
function crowded(): World {
  const world = new World(agents);
  world.connect();
  world.command(put(appSpec('/known', { cpus: 0.1, instances: 1 })));
  world.until(settled);
  world.command(put(...Array.from({ length: apps }, (_, i) => appSpec(`/a${i}`, { cpus: 5 + i }))));
  world.tick(500);
  world.deliverAll();
  return world;
}

describe('scheduler: many that wait', () => {
  it('each is looked for once on the same offers, and some are explained at a time', () => {
    const world = crowded();
    const other = world.mesos.living('/known')[0]?.agentId === 'S1' ? 'S2' : 'S1';
    world.mesos.setUp(other, false);
    world.deliverAll();
    const first = attemptsDuring(() => world.tick(250));
    assert.ok(first >= apps && first < apps * 1.5, `${first} attempts`);
    const again = attemptsDuring(() => world.tick(250));
    assert.ok(again < apps * 0.5, `${again} attempts although nothing has changed`);
  });

  it('all are explained in the end', () => {
    const world = crowded();
    for (let i = 0; i < 8; i++) world.tick(150);
    const { queue } = world.view();
    assert.equal(queue.length, apps);
    assert.ok(queue.every(({ sentence }) => sentence?.includes('no agent offers')));
  });

  it('offers are asked for once, and anew by a new subscription', () => {
    const world = new World(2);
    const revives = () => world.calls.filter(({ type }) => type === 'REVIVE').length;
    world.connect();
    world.command(put(appSpec('/large', { cpus: 1000 })));
    for (let i = 0; i < 8; i++) world.tick(500);
    const before = revives();
    for (let i = 0; i < 8; i++) world.tick(500);
    assert.equal(revives(), before);
    world.connect();
    for (let i = 0; i < 8; i++) world.tick(500);
    assert.equal(revives(), before + 1);
  });

  it('is looked for again when its spec asks for less, though the offers are the same', () => {
    const world = crowded();
    world.tick(250);
    const held = world.view().offers.held;
    assert.ok(held > 0);
    world.command({ type: 'putApps', specs: [appSpec('/a7', { cpus: 1 })], create: false, force: true });
    assert.equal(world.mesos.living('/a7').length, 3);
  });

  it('apps that accept other roles share the agents without taking more than there is', () => {
    const world = new World(5);
    world.connect();
    world.command(put(appSpec('/known', { cpus: 0.1, instances: 1 })));
    world.until(settled);
    const roles = [null, ['*'], null, ['*'], null];
    const sharing = roles.map((acceptedResourceRoles, i) =>
      appSpec(`/r${i}`, { cpus: 1.5, instances: 2, acceptedResourceRoles }),
    );
    world.command(put(...sharing));
    for (let i = 0; i < 4; i++) {
      world.tick(500);
      world.deliverAll();
    }
    assert.deepEqual(
      sharing.map(({ id }) => world.mesos.living(id).length),
      [2, 2, 2, 2, 2],
    );
  });
});
