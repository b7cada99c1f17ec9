/** Upgrades of plain apps whose tasks are healthy or not as chance has it: never fewer up by our hand than the strategy says. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { AppSpec, HealthCheck } from '../../framework/app.js';
import type { ProbeOutcome } from '../../framework/probes/types.js';
import { put, settled } from './model/running.js';
import { answered, appSpec, World } from './model/world.js';

const check: HealthCheck = {
  protocol: 'TCP',
  gracePeriodSeconds: 5,
  intervalSeconds: 1,
  timeoutSeconds: 1,
  maxConsecutiveFailures: 3,
  delaySeconds: 0,
  ignoreHttp1xx: false,
};
const refused: ProbeOutcome = { type: 'failed', of: 'tcp', cause: 'connection refused' };

const shape = fc.record({
  instances: fc.integer({ min: 1, max: 5 }),
  minimumHealthCapacity: fc.constantFrom(0, 0.3, 0.5, 0.67, 1),
  maximumOverCapacity: fc.constantFrom(0, 0.3, 0.5, 1),
  /** Of each probe in turn: does it pass? */
  luck: fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }),
});

function spec(of: { instances: number } & AppSpec['upgradeStrategy'], env: Record<string, string>): AppSpec {
  const { instances, minimumHealthCapacity, maximumOverCapacity } = of;
  const upgradeStrategy = { minimumHealthCapacity, maximumOverCapacity };
  return appSpec('/web', { instances, upgradeStrategy, env, healthChecks: [check], cpus: 0.1, backoffSeconds: 0 });
}

describe('upgrades (property)', function () {
  this.timeout(60_000);

  it('stop a task that is up only while enough others are up, launch no more than is allowed, and end', () => {
    fc.assert(
      fc.property(shape, (of) => {
        const world = new World();
        world.connect();
        world.command(put(spec(of, {})));
        world.until(settled);
        const { instances, minimumHealthCapacity, maximumOverCapacity } = of;
        const healthyMin = Math.ceil(instances * minimumHealthCapacity);
        const tasksMax = Math.max(
          Math.trunc(instances * (1 + maximumOverCapacity)),
          healthyMin + (healthyMin >= instances ? 1 : 0),
        );
        world.mesos.onKill = (task) => {
          const { tasks } = world.app('/web');
          const isUp = ({ health, id, state }: (typeof tasks)[number]) =>
            state === 'TASK_RUNNING' && health?.healthy === true && id !== task.info.task_id.value;
          const wasUp = tasks.find(({ id }) => id === task.info.task_id.value)?.health?.healthy === true;
          const up = tasks.filter(isUp).length;
          assert.ok(!wasUp || up >= healthyMin, `${up} of ${instances} are up, at least ${healthyMin} have to be`);
        };
        world.mesos.onLaunch = () => {
          const living = world.mesos.living('/web').length + 1;
          assert.ok(living <= Math.max(tasksMax, instances), `${living} tasks, at most ${tasksMax} may be`);
        };
        let probes = 0;
        world.onProbe = () => (of.luck[probes++] === false ? refused : answered(200));
        world.command(put(spec(of, { A: '1' })));
        world.until(settled);
      }),
      { numRuns: 25 },
    );
  });
});
