/**
 * Replicas with volumes, under a Mesos that loses and delays, with a framework that crashes at any write of its store: in the end
 * agents keep what the group's members have, and nothing of an app that is deleted. GAIA_SEED and GAIA_RUNS choose the runs.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import lodash from 'lodash';
import type { AppSpec } from '../../framework/app.js';
import { isVolume, labelsOf, type Resource, reservationsOf } from '../../framework/mesos-http-client/index.js';
import type { ReservationRecord } from '../../framework/scheduler/records.js';
import { replicatedSpec, World } from './model/world.js';

const seed = Number(process.env.GAIA_SEED ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env.GAIA_RUNS ?? 60);
const id = '/vault';

const vault = (change: Partial<AppSpec>): AppSpec => {
  const spec = replicatedSpec(id);
  return {
    ...spec,
    replication: { ...(spec.replication as NonNullable<AppSpec['replication']>), durability: 'disk' },
    residency: {
      volumes: [{ containerPath: 'data', sizeMb: 100 }],
      taskLostBehavior: 'RELAUNCH_AFTER_TIMEOUT',
      relaunchEscalationTimeoutSeconds: 90,
    },
    unreachableStrategy: 'disabled',
    backoffSeconds: 1,
    maxLaunchDelaySeconds: 20,
    ...change,
  };
};

class Run {
  readonly world = new World(6);
  #versions = 0;

  constructor() {
    const { mesos } = this.world;
    mesos.onDestroy = (volume) => this.checkDestroy(volume);
    mesos.onLaunch = ({ resources = [] }, { replica }) => {
      if (replica) assert.equal(resources.filter(isVolume).length, 1, 'a replica is launched on its volume');
    };
    this.world.connect();
    this.put({ instances: 3 });
  }

  put(change: Partial<AppSpec>): void {
    this.world.command({
      type: 'putApps',
      specs: [{ ...vault(change), version: this.version() }],
      create: false,
      force: true,
    });
  }

  version = () => new Date(this.world.now + ++this.#versions).toISOString();

  records(): ReservationRecord[] {
    return [...this.world.stored].filter(([key]) => key.startsWith('reservation:')).map(([, text]) => JSON.parse(text));
  }

  /** Instances that agents keep something for. */
  kept(): string[] {
    const { mesos } = this.world;
    const all = [...mesos.agents.keys()].flatMap((agentId) => mesos.total(agentId));
    const reserved = all.filter((resource) => reservationsOf(resource).length > 0);
    return lodash.uniq(reserved.map((resource) => labelsOf(resource).gaia_instance_id ?? 'no label')).sort();
  }

  checkDestroy(volume: Resource): void {
    const record = this.records().find((one) => one.id === labelsOf(volume).gaia_instance_id);
    assert.ok(!record || record.releasing !== null, `the volume of ${record?.id} is destroyed while it is kept`);
  }

  act([kind, pick]: [string, number]): void {
    const { world } = this;
    const { mesos } = world;
    const living = mesos.living(id);
    const one = living[pick % Math.max(1, living.length)];
    const agent = `S${1 + (pick % 6)}`;
    const steps: Record<string, () => void> = {
      deliver: () => lodash.times(1 + (pick % 4), () => world.deliver(0)),
      tick: () => world.tick([100, 500, 3000, 20_000][pick % 4] as number),
      progress: () => {
        for (const [i, task] of living.entries()) if ((pick >> i) % 3 !== 0) mesos.progress(task);
      },
      reports: () => mesos.reports((index) => (pick >> index) % 2 === 0),
      fail: () => one && mesos.agents.get(one.agentId)?.up && mesos.end(one, 'TASK_FAILED'),
      down: () => mesos.setUp(agent, false),
      up: () => mesos.setUp(agent, true),
      crash: () => world.crash(),
      crashAtWrite: () => {
        world.crashNext = pick % 2 === 0 ? 'beforeWrite' : 'afterWrite';
      },
      scale: () => this.put({ instances: 1 + (pick % 4) }),
      change: () => this.put({ instances: 3, env: { A: String(pick) } }),
      remove: () => world.command({ type: 'deleteApp', appId: id, force: true }),
    };
    steps[kind]?.();
  }

  heal(): void {
    const { world } = this;
    world.crashNext = null;
    for (const agentId of world.mesos.agents.keys()) world.mesos.setUp(agentId, true);
    world.crash();
    this.put({ instances: 3, env: { healed: '1' } });
    const state = () => world.view().apps[0]?.group?.state;
    world.until((view) => view.deployments.length === 0 || state() === 'lost');
    if (state() === 'lost') world.command({ type: 'restartApp', appId: id, version: this.version(), force: true });
    world.until((view) => view.deployments.length === 0 && state() === 'whole');
    world.until(() => this.records().length === 3 && this.kept().length === 3);
    const ids = this.records()
      .map((one) => one.id)
      .sort();
    assert.deepEqual(this.kept(), ids);
    assert.deepEqual(
      world.view().apps[0]?.reservations.map(({ taskId }) => taskId !== null),
      [true, true, true],
    );
    world.command({ type: 'deleteApp', appId: id, force: true });
    world.until(() => this.records().length === 0 && this.kept().length === 0);
  }
}

const weights = {
  deliver: 30,
  tick: 20,
  progress: 15,
  reports: 12,
  fail: 5,
  down: 2,
  up: 3,
  crash: 2,
  crashAtWrite: 5,
  scale: 1,
  change: 1,
  remove: 1,
};
const kinds = fc.oneof(...Object.entries(weights).map(([kind, weight]) => ({ arbitrary: fc.constant(kind), weight })));

describe('replicas with volumes under faults', () => {
  it(`agents keep what members have, and nothing else (seed ${seed}, ${numRuns} runs)`, function () {
    this.timeout(120_000);
    const steps = fc.array(fc.tuple(kinds, fc.nat(1000)), { minLength: 10, maxLength: 150, size: 'max' });
    const runs = fc.property(steps, (list) => {
      const run = new Run();
      for (const step of list) run.act(step);
      run.heal();
    });
    fc.assert(runs, { seed, numRuns, endOnFailure: process.env.GAIA_SHRINK === undefined });
  });
});
