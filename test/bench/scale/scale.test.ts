import assert from 'node:assert/strict';
import { slotsPerStep } from '../../../framework/scheduler/match.js';
import { phasesOf } from './main.js';
import { groups, Simulation } from './simulation.js';

/** Work is counted, not timed: at how many apps the steps look, and for how many of the events there are. */
function looksOf(groups: number): Record<string, { events: number; looks: number }> {
  const simulation = new Simulation(Math.max(60, groups / 2));
  const phases = Object.entries(phasesOf(simulation, groups));
  return Object.fromEntries(
    phases.map(([name, work]) => {
      const [events, looks] = [simulation.events, simulation.looks];
      work();
      return [name, { events: simulation.events - events, looks: simulation.looks - looks }];
    }),
  );
}

describe('the work of the scheduler', () => {
  it('grows with what happens, not with what there is', function () {
    this.timeout(60_000);
    const looks = looksOf(100);
    // A group that has lost a member takes some steps on its own, and waits in few of them; what others lose meanwhile is nothing to it.
    for (const name of ['zoneLost', 'updates', 'reconcile', 'restart'])
      assert.ok(
        (looks[name]?.looks as number) <= 1.5 * (looks[name]?.events as number),
        `${name}: ${JSON.stringify(looks[name])}`,
      );
  });

  it('an update of one group has no other looked at', function () {
    this.timeout(60_000);
    const simulation = new Simulation(100);
    const { register, launch } = phasesOf(simulation, 200);
    register?.();
    launch?.();
    for (let tick = 0; tick < 2; tick += 1) simulation.advance();
    const before = simulation.looks;
    for (let tick = 0; tick < 8; tick += 1) simulation.advance();
    assert.equal(simulation.looks - before, 0, 'a cluster at rest is not looked at');
    simulation.world.update(1);
    for (let tick = 0; tick < 8; tick += 1) simulation.advance();
    assert.equal(simulation.looks - before, 1);
  });

  it('what waits costs a step nothing while nothing is on offer', function () {
    this.timeout(120_000);
    const simulation = new Simulation(4000);
    const { register, launch, zoneLost } = phasesOf(simulation, 2000);
    register?.();
    launch?.();
    const [events, looks] = [simulation.events, simulation.looks];
    zoneLost?.();
    const most = 3 * (simulation.events - events);
    assert.ok(simulation.looks - looks <= most, `${simulation.looks - looks} of ${most}`);
  });

  it('no step places so many that the master would wait for it', function () {
    this.timeout(120_000);
    const simulation = new Simulation(2500);
    phasesOf(simulation, 0).register?.();
    simulation.post(groups(0, 5000));
    const [postedMs, launched] = [simulation.now, [0]];
    while (simulation.world.launched < 15_000) {
      // As long as such a step takes on a slow machine.
      simulation.now += 1000;
      simulation.advance();
      launched.push(simulation.world.launched);
    }
    const most = Math.max(...launched.slice(1).map((count, index) => count - (launched[index] as number)));
    assert.ok(most <= slotsPerStep(2500), `${most} in one step`);
    assert.ok(simulation.now - postedMs < 9000, `offers at hand are kept for the next step: ${launched}`);
  });

  it('why something waits is found out for one after the other where there are very many agents', function () {
    this.timeout(120_000);
    const simulation = new Simulation(2500);
    const { register, launch } = phasesOf(simulation, 1);
    register?.();
    launch?.();
    const postedMs = simulation.now;
    simulation.post(groups(1, 30).map((spec) => ({ ...spec, cpus: 1000 })));
    const explained = () =>
      simulation.scheduler.view(simulation.now).queue.filter(({ sentence }) => sentence?.includes('no agent offers'))
        .length;
    simulation.until('the first', () => explained() > 0);
    const [fromMs, before] = [simulation.now, explained()];
    assert.ok(fromMs - postedMs >= 2000, 'what has just come may find room yet');
    for (let step = 0; step < 20; step += 1) {
      simulation.world.update(1);
      simulation.advance();
      simulation.now = fromMs + 10 * (step + 1);
    }
    const most = 1 + (10 * (simulation.now - fromMs)) / 2500;
    assert.ok(explained() - before <= most && most < 20, `${explained() - before} in ${simulation.now - fromMs} ms`);
    simulation.until('all', () => explained() === 30);
  });

  it('groups that a lost zone has broken are whole again, and rest', function () {
    this.timeout(60_000);
    const simulation = new Simulation(60);
    const { register, launch, zoneLost } = phasesOf(simulation, 50);
    register?.();
    launch?.();
    zoneLost?.();
    for (let tick = 0; tick < 40; tick += 1) simulation.advance();
    const { looks } = simulation;
    for (let tick = 0; tick < 8; tick += 1) simulation.advance();
    assert.equal(simulation.looks, looks);
    const apps = [...simulation.stored].filter(([key]) => key.startsWith('app:'));
    for (const [key, app] of apps)
      assert.equal((app as { group: { toldState: string } }).group.toldState, 'whole', key);
  });
});
