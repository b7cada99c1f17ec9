/**
 * Trees of apps that change at random, with a framework that crashes at writes of its store: earlier trees stay what they were, no
 * app starts before what it needs, and all comes to rest as it is wanted. GAIA_SEED and GAIA_RUNS choose the runs.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ApiError } from '../../framework/api/errors.js';
import { judgeGroup } from '../../framework/api/group-change.js';
import { type AppTree, treeAt, treeOf } from '../../framework/app-groups.js';
import type { AppView, Command } from '../../framework/service.js';
import { parseGroup } from '../../framework/spec.js';
import { put, settled } from './model/running.js';
import { appSpec, type Crash, World } from './model/world.js';

const seed = Number(process.env.GAIA_SEED ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env.GAIA_RUNS ?? 40);

interface Step {
  kind: 'put' | 'patch' | 'scale' | 'rollBack' | 'remove' | 'cancel' | 'pass';
  group: number;
  apps: number[];
  needs: number;
  pick: number;
  crash: Crash | null;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('put' as const, 'put', 'patch', 'scale', 'rollBack', 'remove', 'cancel', 'pass', 'pass'),
    group: fc.nat(2),
    apps: fc.array(fc.nat(3), { maxLength: 3 }),
    needs: fc.nat(8),
    pick: fc.nat(1000),
    crash: fc.constantFrom(null, null, null, 'beforeWrite' as const, 'afterWrite' as const),
  }),
  { minLength: 3, maxLength: 10 },
);

const groupIds = ['/a', '/a/b', '/c'];

class Run {
  readonly world = new World(4);
  /** What each version was. */
  readonly trees = new Map<string, string>();
  #versions = 0;

  constructor() {
    this.world.connect();
    this.world.mesos.onLaunch = (_info, { appId }) => this.checkLaunch(appId);
  }

  /** An app of a later step has no tasks yet; those that it needs and that change with it have been started. */
  checkLaunch(appId: string): void {
    for (const { steps: all, currentStep } of this.world.view().deployments) {
      const made = all.some(({ actions }) =>
        actions.some(({ action, app }) => action === 'StartApplication' && app === appId),
      );
      const scaled = all.findIndex(({ actions }) =>
        actions.some(({ action, app }) => action === 'ScaleApplication' && app === appId),
      );
      if (made && scaled !== -1)
        assert.ok(scaled < currentStep, `${appId} is launched in step ${currentStep}, not ${scaled + 1}`);
    }
  }

  take(step: Step): void {
    const command = this.commandOf(step);
    if (command === null) {
      this.pass(5);
      return;
    }
    this.world.crashNext = step.crash;
    const result = this.world.command(command);
    if (!result?.ok && this.world.crashNext === null && result) assert.equal(result.reason, 'locked');
    this.world.crashNext = null;
    this.remember();
  }

  pass(rounds: number): void {
    for (let i = 0; i < rounds; i++) {
      for (const task of [...this.world.mesos.tasks.values()]) this.world.mesos.progress(task);
      this.world.deliverAll();
      this.world.tick(500);
    }
  }

  commandOf({ kind, group, apps, needs, pick }: Step): Command | null {
    const view = this.world.view();
    const id = groupIds[group] as string;
    const deployment = view.deployments[pick % 3];
    if (kind === 'pass') return null;
    if (kind === 'cancel')
      return deployment ? { type: 'cancelDeployment', deploymentId: deployment.id, force: pick % 2 === 0 } : null;
    const version = view.treeChanges[pick % 5]?.version ?? 'none';
    const dependencies = groupIds.filter((_, place) => place > group && ((needs >> place) & 1) === 1);
    const listed = [...new Set(apps)].map((n) => ({
      id: `app${n}`,
      cmd: 'exec true',
      cpus: 0.1,
      mem: 8,
      instances: 1 + (pick % 2),
    }));
    const body = {
      put: { apps: listed, dependencies },
      patch: { dependencies },
      scale: { scaleBy: (pick % 3) + 0.5 },
      rollBack: { version },
      remove: { apps: [], groups: [] },
    }[kind];
    const parsed = parseGroup(body, id);
    assert.ok(parsed.ok);
    try {
      return judgeGroup(view, parsed.update, this.version(), { force: pick % 3 === 0, dryRun: false }).command;
    } catch (error) {
      assert.ok(error instanceof ApiError, String(error));
      return null;
    }
  }

  version = () => new Date(this.world.now + ++this.#versions).toISOString();

  /** Every version that is kept is what it was when it was new. */
  remember(): void {
    const view = this.world.view();
    const [newest] = view.treeChanges;
    if (newest && !this.trees.has(newest.version)) this.trees.set(newest.version, textOf(treeOf(view)));
    for (const { version } of view.treeChanges) {
      const known = this.trees.get(version);
      if (known !== undefined) assert.equal(textOf(treeAt(view, version) as AppTree), known, `the tree of ${version}`);
    }
  }

  rest(): void {
    const isWhole = ({ spec, tasks }: AppView) =>
      tasks.length === spec.instances && tasks.every(({ state }) => state === 'TASK_RUNNING');
    this.world.until((view) => settled(view) && view.apps.every(isWhole), 900);
    const tree = treeOf(this.world.view());
    for (const { assignment } of this.world.mesos.living())
      assert.ok(tree.apps.has(assignment.appId), `a task of ${assignment.appId} is left`);
  }
}

const textOf = ({ apps, groups }: AppTree) =>
  [...[...apps.values()].map(({ id, instances }) => [id, instances]), ...groups.values()]
    .map((one) => JSON.stringify(one))
    .sort()
    .join('\n');

describe('trees of apps under crashes', () => {
  it(`keep their history and come to rest (seed ${seed}, ${numRuns} runs)`, () => {
    const property = fc.property(steps, (list) => {
      const run = new Run();
      for (const step of list) run.take(step);
      run.rest();
    });
    fc.assert(property, { seed, numRuns });
  }).timeout(120_000);

  it('are told apart when two changes come with one version, or an older one', () => {
    const world = new World();
    world.connect();
    for (const [place, time] of ['001', '005', '005', '003'].entries()) {
      const spec = { ...appSpec('/a', { instances: place + 1 }), version: `2026-01-01T00:00:00.${time}Z` };
      world.command({ ...put(spec), force: true } as Command);
    }
    const earlier = ['007', '006', '005', '001'].map((time) => treeAt(world.view(), `2026-01-01T00:00:00.${time}Z`));
    assert.deepEqual(
      earlier.map((tree) => tree?.apps.get('/a')?.instances),
      [4, 3, 2, 1],
    );
  });
});
