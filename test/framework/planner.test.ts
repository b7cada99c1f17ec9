import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { NoPlan, Planner } from '../../framework/planner.js';
import { carryOut, type PlanJob } from '../../framework/planning.js';
import { agent, group } from '../placement/build.js';
import { replica, running } from '../placement/clusters.js';

/** `count` agents that are full of replicas of priority 0, and a group that wants some of them. */
function crowded(count: number): PlanJob {
  const agents = Array.from({ length: count }, (_, i) => agent(`a${i}`, { cpus: 0.5, zone: `z${i % 3}` }));
  const groups = agents.map((one, i) =>
    running({ id: `/low-${i}`, replicated: false, size: 4, replicas: [0, 1, 2, 3].map((slot) => replica(slot, one)) }),
  );
  const demand = { cpus: 2, mem: 128, disk: 0, gpus: 0, ports: [0] };
  return { type: 'preemption', cluster: { agents, groups }, parts: [group({ demand, spread: ['zone'] })], priority: 1 };
}

describe('planner', () => {
  let planner: Planner;
  afterEach(() => planner.close());

  it('plans beside the thread that asks, the same as there', async () => {
    planner = new Planner();
    const job = crowded(1000);
    let ticks = 0;
    const watch = setInterval(() => ticks++, 1);
    const plan = await planner.plan(job);
    clearInterval(watch);
    assert.ok(ticks > 5, `this thread did ${ticks} other things meanwhile`);
    assert.deepEqual(plan, carryOut(job));
  });

  it('makes plans one after another, and refuses when too many wait', async () => {
    planner = new Planner();
    const plans = Array.from({ length: 20 }, () => planner.plan(crowded(20)));
    const outcomes = await Promise.allSettled(plans);
    const refused = outcomes.filter((one) => one.status === 'rejected');
    assert.deepEqual([refused.length, outcomes.length], [4, 20]);
    assert.ok(refused.every(({ reason }) => reason instanceof NoPlan && /16 plans/.test(reason.message)));
    assert.ok(await planner.plan(crowded(20)));
  });

  it('gives up what takes too long, and goes on with the next', async () => {
    planner = new Planner({ timeoutMs: 1500 });
    const asked = crowded(1000) as Extract<PlanJob, { type: 'preemption' }>;
    // Seated one after another, which takes half a minute.
    const slots = Array.from({ length: 300 }, (_, slot) => slot);
    const long = planner.plan({
      ...asked,
      parts: asked.parts.map((part) => ({ ...part, slots, distinctAgents: false })),
    });
    const short = planner.plan(crowded(3));
    await assert.rejects(long, /was not made within 1\.5 s/);
    assert.equal((await short.catch((error) => error)) instanceof Error, false);
  });

  it('tells what was wrong with a job', async () => {
    planner = new Planner();
    const [one] = [agent('a')];
    const twice: PlanJob = { type: 'drain', cluster: { agents: [one, one], groups: [] }, agentIds: [] };
    await assert.rejects(planner.plan(twice), /RangeError/);
  });

  it('leaves nobody waiting when it is closed', async () => {
    planner = new Planner();
    const plans = [planner.plan(crowded(1000)), planner.plan(crowded(3))];
    const all = Promise.allSettled(plans);
    await sleep(20);
    await planner.close();
    assert.deepEqual(
      (await all).map(({ status }) => status),
      ['rejected', 'rejected'],
    );
  });
});
