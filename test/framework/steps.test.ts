/** Steps of deployments against a plain reading of what dependencies mean. GAIA_SEED and GAIA_RUNS choose the runs. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { AppGroup, AppSpec } from '../../framework/app.js';
import { stepsOf, type Targets } from '../../framework/scheduler/steps.js';
import { dependencyGraph, isWithin } from '../../framework/spec/dependencies.js';
import { appSpec, World } from './model/world.js';

const seed = Number(process.env.GAIA_SEED ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env.GAIA_RUNS ?? 300);
const groupIds = ['/a', '/a/b', '/c', '/c/d/e'];
const version = '2026-01-01T00:00:00.000Z';
const template = appSpec('/x');

interface Tree {
  apps: AppSpec[];
  groups: AppGroup[];
}

/** Apps and groups need only what has a higher number, so that nothing needs itself. */
const trees: fc.Arbitrary<Tree> = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.infiniteStream(fc.nat(1000)))
  .map(([count, dice]) => {
    const roll = (sides: number) => (dice.next().value as number) % sides;
    const places = Array.from({ length: count }, () => roll(groupIds.length)).sort();
    const ids = places.map((place, index) => `${groupIds[place]}/app${index}`);
    const apps = ids.map((id, index) => {
      const later = ids.slice(index + 1).filter(() => roll(4) === 0);
      return { ...template, id, dependencies: later };
    });
    const groups = groupIds.flatMap((id, place) => {
      const later = groupIds.slice(place + 1).filter((other) => !isWithin(other, id) && roll(3) === 0);
      return later.length > 0 ? [{ id, version, dependencies: later }] : [];
    });
    return { apps, groups };
  });

/** What an app needs directly: what it names, and what the groups above it name; of groups all apps below. */
function needs({ apps, groups }: Tree, app: AppSpec): Set<string> {
  const named = [app, ...groups.filter(({ id }) => isWithin(app.id, id))].flatMap(({ dependencies }) => dependencies);
  const below = apps.filter(({ id }) => named.some((one) => isWithin(id, one)));
  return new Set(below.map(({ id }) => id));
}

function needsInTheEnd(tree: Tree, app: AppSpec): Set<string> {
  const found = new Set<string>();
  const visit = (one: AppSpec) => {
    for (const id of needs(tree, one)) {
      if (found.has(id)) continue;
      found.add(id);
      visit(tree.apps.find((other) => other.id === id) as AppSpec);
    }
  };
  visit(app);
  return found;
}

describe('steps of deployments', () => {
  it(`change each app after those it needs, as early as that allows (seed ${seed}, ${numRuns} runs)`, () => {
    const property = fc.property(trees, fc.nat(), (tree, some) => {
      const changed = tree.apps.filter((_, index) => ((some >> index) & 1) === 1 || index === 0);
      const targets: Targets = new Map(changed.map((app) => [app.id, { before: app, after: app, restarts: true }]));
      const steps = stepsOf(targets, () => dependencyGraph(tree.apps, tree.groups));
      const stepOf = new Map(steps.flatMap(({ actions }, step) => actions.map(({ app }) => [app, step] as const)));
      assert.deepEqual([...stepOf.keys()].sort(), changed.map(({ id }) => id).sort());
      for (const app of changed) {
        const before = [...needsInTheEnd(tree, app)].flatMap((id) => stepOf.get(id) ?? []);
        assert.equal(stepOf.get(app.id), Math.max(-1, ...before) + 1, `${app.id} in ${JSON.stringify(steps)}`);
      }
    });
    fc.assert(property, { seed, numRuns });
  });

  it('remove first, then make what is new, without tasks', () => {
    const [a, b, c] = ['/a', '/b', '/c'].map((id) => ({ ...template, id })) as [AppSpec, AppSpec, AppSpec];
    const targets: Targets = new Map([
      [a.id, { before: null, after: a, restarts: false }],
      [b.id, { before: b, after: null, restarts: false }],
      [c.id, { before: c, after: { ...c, instances: 9 }, restarts: false }],
    ]);
    const steps = stepsOf(targets, () => dependencyGraph([a, c], []));
    assert.deepEqual(
      steps.map(({ actions }) => actions.map(({ action, app }) => `${action} ${app}`)),
      [['StopApplication /b'], ['StartApplication /a'], ['ScaleApplication /a', 'ScaleApplication /c']],
    );
  });

  it('are those of the dry run, also without a group that is removed', () => {
    const world = new World();
    world.connect();
    const [base, site] = [appSpec('/base'), appSpec('/shop/site')];
    const groups = [{ id: '/shop', version, dependencies: ['/base'] }];
    const tree = { type: 'changeTree', groupId: '/', version, force: true, dryRun: false } as const;
    world.command({ ...tree, specs: [base, site], groups, removedApps: [], removedGroups: [] });
    const specs = [base, site].map((spec) => ({ ...spec, instances: 1 }));
    const change = { ...tree, specs, groups: [], removedApps: [], removedGroups: ['/shop'] };
    const dry = world.command({ ...change, dryRun: true });
    world.command(change);
    const [deployment] = world.view().deployments;
    assert.deepEqual(dry?.ok && dry.steps, deployment?.steps);
    assert.equal(deployment?.steps.length, 1);
  });

  it('are found in a moment for ten thousand apps in a chain and a group that needs them all', () => {
    const apps = Array.from({ length: 10_000 }, (_, i) => {
      const dependencies = i === 0 ? [] : [`/chain/app${i - 1}`];
      return { ...template, id: `/chain/app${i}`, dependencies };
    });
    const last = { ...template, id: '/last/app' };
    const groups = [{ id: '/last', version, dependencies: ['/chain'] }];
    const targets: Targets = new Map(
      [...apps, last].map((app) => [app.id, { before: app, after: app, restarts: true }]),
    );
    const steps = stepsOf(targets, () => dependencyGraph([...apps, last], groups));
    assert.deepEqual([steps.length, steps.at(-1)?.actions[0]?.app], [10_001, '/last/app']);
  });
});
