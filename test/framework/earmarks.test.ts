/** Big apps among small ones that come and go. GAIA_SEED and GAIA_RUNS choose the runs. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { put, settled } from './model/running.js';
import { appSpec, replicatedSpec, World } from './model/world.js';

const seed = Number(process.env.GAIA_SEED ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env.GAIA_RUNS ?? 10);
const lifeSecondsMax = 60;
/**
 * One life until those that have waited longer have room, one until all has ended where room is kept; and the time that an agent's offer may be
 * filtered, and that a small app takes to start.
 */
const boundSeconds = 2 * lifeSecondsMax + 30;

/** A full cluster of agents with four cpus each: as soon as there is room, there is a small app for it. */
class Crowd {
  readonly world: World;
  private readonly endsMs = new Map<string, number>();
  private born = 0;
  private started = 0;

  constructor(
    agents: number,
    private readonly lives: readonly number[],
    private readonly most = agents * 5,
  ) {
    this.world = new World(agents);
    this.world.connect();
    this.pass(lifeSecondsMax);
  }

  pass(seconds: number): void {
    for (let i = 0; i < seconds; i++) this.second();
  }

  /** Passes time until `done`. @returns the seconds it took, or `atMost` */
  secondsUntil(done: () => boolean, atMost: number): number {
    let seconds = 0;
    while (!done() && seconds < atMost) {
      this.second();
      seconds += 1;
    }
    return seconds;
  }

  private second(): void {
    const { world } = this;
    for (let i = 0; i < 3 && this.endsMs.size < this.most; i++) this.arrive();
    for (const [id, endMs] of this.endsMs) if (endMs <= world.now) this.leave(id);
    for (const task of world.mesos.tasks.values()) world.mesos.progress(task);
    for (const task of world.mesos.tasks.values()) this.noteStart(task.assignment.appId);
    world.mesos.reports(() => true);
    world.deliverAll();
    world.tick(1000);
    world.deliverAll();
  }

  private arrive(): void {
    const id = `/small/${++this.born}`;
    this.endsMs.set(id, Number.POSITIVE_INFINITY);
    this.world.command(put(appSpec(id, { cpus: 1, instances: 1 })));
  }

  private noteStart(id: string): void {
    if (this.endsMs.get(id) !== Number.POSITIVE_INFINITY) return;
    const life = this.lives[this.started++ % this.lives.length] as number;
    this.endsMs.set(id, this.world.now + life * 1000);
  }

  private leave(id: string): void {
    this.endsMs.delete(id);
    this.world.command({ type: 'deleteApp', appId: id, force: true });
  }

  isPlaced(id: string, instances: number): boolean {
    return this.world.mesos.living(id).length === instances;
  }

  queued(id: string) {
    return this.world.view().queue.find(({ appId }) => appId === id);
  }
}

const lives = fc.array(fc.integer({ min: 10, max: lifeSecondsMax }), { minLength: 5, maxLength: 30 });
const big = (id: string) => replicatedSpec(id, { cpus: 3 });

describe('scheduler: earmarks', function () {
  this.timeout(120_000);

  it(`a big group among small apps waits for those before it and for no more lives than one (seed ${seed}, ${numRuns} runs)`, () => {
    const property = fc.property(lives, (list) => {
      const crowd = new Crowd(4, list);
      crowd.world.command(put(big('/big')));
      assert.ok(crowd.secondsUntil(() => crowd.isPlaced('/big', 3), boundSeconds) < boundSeconds);
    });
    fc.assert(property, { seed, numRuns, endOnFailure: true });
  });

  it(`two that need the same agents have them one after the other (seed ${seed}, ${numRuns} runs)`, () => {
    const property = fc.property(lives, (list) => {
      const crowd = new Crowd(4, list);
      crowd.world.command(put(big('/a')));
      crowd.world.command(put(big('/b')));
      assert.ok(crowd.secondsUntil(() => crowd.isPlaced('/a', 3), boundSeconds) < boundSeconds);
      crowd.world.command({ type: 'deleteApp', appId: '/a', force: true });
      assert.ok(crowd.secondsUntil(() => crowd.isPlaced('/b', 3), boundSeconds) < boundSeconds);
    });
    fc.assert(property, { seed, numRuns, endOnFailure: true });
  });

  it('a plain app waits for room for one of its tasks', () => {
    const crowd = new Crowd(4, [60, 50, 40]);
    crowd.world.command(put(appSpec('/plain', { cpus: 4, instances: 1 })));
    assert.ok(crowd.secondsUntil(() => crowd.isPlaced('/plain', 1), boundSeconds) < boundSeconds);
  });

  it('says in the queue for whom room is kept, on which agents, and what that means for others', () => {
    const crowd = new Crowd(4, [60]);
    crowd.world.command(put(big('/big')));
    crowd.pass(5);
    const earmark = crowd.queued('/big')?.earmark;
    assert.equal(earmark?.agents.length, 3);
    assert.ok(earmark.agents.every(({ hostname, replicas }) => hostname.startsWith('box') && replicas === 1));
    assert.equal(Date.parse(earmark.until) - Date.parse(earmark.since), 300_000);
    crowd.secondsUntil(() => crowd.world.view().queue.some(({ sentence }) => sentence?.includes('/big')), 30);
    const other = crowd.world.view().queue.find(({ sentence }) => sentence?.includes('/big'));
    assert.match(other?.sentence ?? '', /; room is kept for \/big on box\d, box\d, box\d$/);
    const told = other?.refusals.filter(({ sentence }) => /; what \/big needs there is kept for it$/.test(sentence));
    assert.deepEqual(
      told?.map(({ agentId }) => agentId),
      earmark.agents.map(({ agentId }) => agentId).sort(),
    );
  });

  it('gives younger apps what is beside it', () => {
    const world = new World(3);
    world.connect();
    world.command(put(appSpec('/there', { cpus: 2.5, instances: 1 })));
    world.until(settled);
    world.command(put(big('/big')));
    world.tick(500);
    world.command(put(appSpec('/beside', { cpus: 1, instances: 2 })));
    world.command(put(appSpec('/more', { cpus: 1, instances: 1 })));
    for (let i = 0; i < 20; i++) {
      world.tick(500);
      world.deliverAll();
    }
    assert.deepEqual(
      ['/beside', '/more', '/big'].map((id) => world.mesos.living(id).length),
      [2, 0, 0],
    );
    world.command({ type: 'deleteApp', appId: '/there', force: false });
    world.until(() => world.mesos.living('/big').length === 3 && world.mesos.living('/more').length === 1);
  });

  it('what takes the place of something that ran may have it', () => {
    const world = new World(3);
    world.connect();
    world.command(put(appSpec('/there', { cpus: 2, instances: 3, backoffSeconds: 1 })));
    world.until(settled);
    world.command(put(big('/big')));
    world.tick(500);
    world.deliverAll();
    const [task] = world.mesos.living('/there');
    assert.ok(task);
    world.mesos.end(task, 'TASK_FAILED');
    world.until(() => world.mesos.living('/there').length === 3, 60);
    assert.equal(world.view().queue[0]?.appId, '/big');
  });

  it('keeps it while another framework has the rest, and lets offers go from time to time', () => {
    const world = new World(3);
    world.connect();
    world.command(put(appSpec('/known', { instances: 1 })));
    world.until(settled);
    const third = world.mesos.agents.get('S3');
    assert.ok(third);
    third.takenUntilMs = world.mesos.nowMs + 60_000;
    world.command(put(big('/big')));
    world.tick(1000);
    world.deliverAll();
    world.command(put(appSpec('/small', { cpus: 1, instances: 2 })));
    const held = new Set<number>();
    for (let i = 0; i < 55; i++) {
      world.tick(1000);
      world.deliverAll();
      held.add(world.view().offers.held);
    }
    assert.ok(held.has(0) && held.has(2), `offers held: ${[...held]}`);
    assert.deepEqual([world.mesos.living('/small').length, world.mesos.living('/big').length], [1, 0]);
    world.until(() => world.mesos.living('/big').length === 3, 20);
  });

  it('holds what is offered of its agents longer than other offers, while tasks are to end there', () => {
    const world = new World(4);
    world.connect();
    world.command(put(appSpec('/there', { cpus: 2, instances: 4 })));
    world.until(settled);
    world.command(put(big('/big')));
    for (let i = 0; i < 6; i++) {
      world.tick(1000);
      world.deliverAll();
    }
    assert.equal(world.view().queue[0]?.earmark?.agents.length, 3);
    assert.equal(world.view().offers.held, 3);
  });

  it('an earmark ends, and the next one waits for others; agents where nothing ended come last', () => {
    const world = new World(4);
    world.connect();
    // Each agent has two of its four cpus left, and only those of the last agent ever end.
    world.command(
      put(
        appSpec('/there', {
          cpus: 2,
          instances: 4,
          constraints: [{ field: 'hostname', operator: 'UNIQUE', value: null }],
        }),
      ),
    );
    world.until(settled);
    world.command(put(appSpec('/large', { cpus: 4, instances: 1 })));
    world.command(put(appSpec('/other', { cpus: 3, instances: 1 })));
    const holder = () => world.view().queue.filter(({ earmark }) => earmark !== null);
    const seen: string[] = [];
    for (let i = 0; i < 2400; i++) {
      const [item] = holder();
      assert.ok(holder().length <= 1);
      const earmark = item ? `${item.appId} ${item.earmark?.agents.map(({ agentId }) => agentId)}` : '';
      if (earmark && earmark !== seen.at(-1)) seen.push(earmark);
      world.tick(500);
      world.deliverAll();
    }
    assert.deepEqual(
      seen.map((earmark) => earmark.split(' ')[0]),
      ['/large', '/other', '/large'],
    );
    assert.notEqual(seen[0], seen[2]);
  });

  it('an app that fits on no agent keeps nothing', () => {
    const world = new World(3);
    world.connect();
    world.command(put(replicatedSpec('/never', { cpus: 1000 })));
    for (let i = 0; i < 20; i++) {
      world.tick(500);
      world.deliverAll();
    }
    assert.equal(world.view().queue[0]?.earmark, null);
    world.command(put(replicatedSpec('/small')));
    world.until((view) => view.apps.some(({ spec, group }) => spec.id === '/small' && group?.state === 'whole'), 30);
  });
});
