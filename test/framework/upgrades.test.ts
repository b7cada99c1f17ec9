import assert from 'node:assert/strict';
import { majorityOf } from '../../placement/index.js';
import { put, running, settled } from './model/running.js';
import { replicatedSpec, type World } from './model/world.js';
import { accept, ledger, reject, web } from './spec/bodies.js';

const strategy = (replicasMissingMax: number) => ({
  minimumHealthCapacity: 1,
  maximumOverCapacity: 1,
  replicasMissingMax,
});

/** Upgrades a group and gives the fewest and the most members of its configuration on the way, and the steps of the world's time. */
function upgraded(instances: number, replicasMissingMax: number): { fewest: number; most: number; ms: number } {
  const change = { instances, upgradeStrategy: strategy(replicasMissingMax) };
  const world = running(change, 9);
  const counts: number[] = [];
  const from = world.now;
  world.mesos.onKill = (task) => {
    const members = configuration(world);
    assert.equal(members.includes(task.assignment.replica?.self.member ?? 0), false, 'killed while it counted');
  };
  world.command(put(replicatedSpec('/demo/ledger', { ...change, env: { A: '1' } })));
  world.until((view) => {
    counts.push(configuration(world).length);
    return settled(view);
  });
  const old = world.app('/demo/ledger').tasks.filter(({ replica }) => (replica?.member ?? 0) <= instances);
  assert.deepEqual(old, []);
  return { fewest: Math.min(...counts), most: Math.max(...counts), ms: world.now - from };
}

const configuration = (world: World) =>
  world.mesos.groups.get('/demo/ledger@1')?.configuration.map(({ member }) => member) ?? [];

describe('scheduler: upgrades of groups', () => {
  it('have a spare replica join first where none may be missing', () => {
    const { fewest, most } = upgraded(3, 0);
    assert.deepEqual([fewest, most], [3, 4]);
  });

  it('have one missing, or more, as is allowed, and never less than a majority', () => {
    const one = upgraded(5, 1);
    const two = upgraded(5, 2);
    assert.deepEqual([one.fewest, one.most], [4, 5]);
    assert.deepEqual([two.fewest, two.most], [majorityOf(5), 5]);
  });
});

describe('spec: replicasMissingMax', () => {
  it('stands alone, and is for replicated programs that can spare so many', () => {
    const one = { upgradeStrategy: { replicasMissingMax: 1 } };
    assert.deepEqual(accept({ ...ledger, ...one }).upgradeStrategy, strategy(1));
    const words = (json: object) => reject(json).body.details[0]?.errors[0] ?? '';
    assert.match(words({ ...web, ...one }), /for replicated programs only/);
    assert.match(words({ ...ledger, upgradeStrategy: { replicasMissingMax: 2 } }), /of 3 replicas 1 may be missing/);
    assert.match(words({ ...ledger, instances: 2, ...one }), /of 2 replicas 0 may be missing/);
    const nine = { ...ledger, instances: 9, upgradeStrategy: { replicasMissingMax: 0 } };
    assert.match(words(nine), /no place for a spare replica/);
  });
});
