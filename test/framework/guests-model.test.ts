/** A replicated guest whose members fail while everything else happens, too. GAIA_SEED and GAIA_RUNS choose the runs. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { TaskRecord } from '../../framework/scheduler/records.js';
import type { AppView } from '../../framework/service.js';
import type { FakeTask } from './model/fake-mesos.js';
import { put, story } from './model/running.js';
import { guestSpec, World } from './model/world.js';

const seed = Number(process.env.GAIA_SEED ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env.GAIA_RUNS ?? 60);
const id = '/demo/guest';

type Step = [kind: string, pick: number];

class Run {
  readonly world = new World(6);
  /** A kill that a user forces, and what an earlier generation leaves behind, may take any member. */
  forced = false;

  constructor() {
    this.world.mesos.onKill = (task) => this.checkKill(task);
    this.world.connect();
    this.world.command(put(guestSpec(id, { backoffSeconds: 0, maxLaunchDelaySeconds: 5 })));
    this.covered();
  }

  records(): TaskRecord[] {
    return [...this.world.stored].filter(([key]) => key.startsWith('task:')).map(([, text]) => JSON.parse(text));
  }

  get group() {
    return this.world.mesos.groups.get(`${id}@${this.world.app(id).group?.generation}`);
  }

  covered(): void {
    this.world.until(({ apps: [app] }) => this.isCovered(app), 400);
  }

  isCovered = (app?: AppView): boolean => app?.group?.state === 'whole' && app.group.guest?.covered === true;

  /** By what the scheduler can know, nobody kills the only guest that clients are answered by: a backup covers it. */
  checkKill({ assignment: { replica } }: FakeTask): void {
    if (this.forced || replica?.group !== this.group?.name) return;
    const reports = this.records().flatMap((one) => one.replica?.report?.guest ?? []);
    const newest = reports.reduce((a, b) => (b.epoch > a.epoch ? b : a), { epoch: 0, primary: 0 });
    if (replica?.self.member !== newest.primary) return;
    const isCovered = ['covered', 'backup'].every((part) => reports.some(({ standing }) => standing === part));
    assert.ok(isCovered, `member ${newest.primary} is killed without cover: ${story(this.world, id)}`);
  }

  act([kind, pick]: Step): void {
    const { world } = this;
    const { mesos } = world;
    const living = mesos.living(id);
    const agent = `S${1 + (pick % 6)}`;
    const acts: Record<string, () => void> = {
      fail: () => {
        const task = living[pick % Math.max(1, living.length)];
        if (task && mesos.agents.get(task.agentId)?.up) mesos.end(task, 'TASK_FAILED');
      },
      down: () => mesos.setUp(agent, false),
      up: () => mesos.setUp(agent, true),
      reports: () => mesos.reports((index) => (pick >> index) % 2 === 0),
      crash: () => world.crash(),
      drain: () => void world.command({ type: 'drain', wanted: { agent: [agent] } }),
      endDrains: () => this.endDrains(),
      kill: () => {
        const task = living[pick % Math.max(1, living.length)];
        const taskIds = [task?.info.task_id.value ?? ''];
        world.command({ type: 'killTasks', taskIds, scale: pick % 3 === 0, force: false });
      },
      restart: () => {
        const version = new Date(world.now + 1).toISOString();
        world.command({ type: 'restartApp', appId: id, version, force: false });
      },
      pass: () => this.pass(1 + (pick % 20)),
      stick: () => {
        if (this.group?.guest) this.group.guest.stuck = pick % 2 === 0;
      },
    };
    acts[kind]?.();
  }

  pass(seconds: number): void {
    const endMs = this.world.now + seconds * 1000;
    this.world.until(() => this.world.now >= endMs, seconds + 1);
  }

  endDrains(): void {
    for (const { id: drain } of this.world.view().drains)
      this.world.command({ type: 'cancelDeployment', deploymentId: drain, force: false });
  }

  /** When everything works again the guest is covered, or lost, and then begins again by force. */
  heal(): void {
    const { world } = this;
    for (const agent of world.mesos.agents.keys()) world.mesos.setUp(agent, true);
    this.endDrains();
    if (this.group?.guest) this.group.guest.stuck = false;
    this.pass(5);
    world.until(({ apps: [app] }) => app?.group?.state === 'lost' || this.isCovered(app), 900);
    if (world.app(id).group?.state === 'lost') {
      this.forced = true;
      const version = new Date(world.now + 1).toISOString();
      world.command({ type: 'restartApp', appId: id, version, force: true });
    }
    this.covered();
    assert.deepEqual(this.slots(), [0, 1, 2]);
  }

  slots(): number[] {
    const running = this.world.app(id).tasks.filter(({ state }) => state === 'TASK_RUNNING');
    return running.flatMap(({ replica }) => replica?.slot ?? []).sort();
  }
}

const kinds = ['fail', 'down', 'up', 'reports', 'crash', 'drain', 'endDrains', 'kill', 'restart', 'pass', 'stick'];

describe('scheduler: a replicated guest under faults', function () {
  this.timeout(120_000);

  it('is not ended by the scheduler, and is covered again when everything works', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom(...kinds, 'pass', 'pass'), fc.nat(1000)), { maxLength: 25 });
    const property = fc.property(steps, (list) => {
      const run = new Run();
      for (const step of list) run.act(step);
      run.heal();
    });
    fc.assert(property, { seed, numRuns });
  });
});
