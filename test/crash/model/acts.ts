/** What happens in a run of the model: users, operators, Mesos, the machines, and the framework's own end. */
import type { AppSpec, HealthCheck } from '../../../framework/app.js';
import type { Command, CommandResult } from '../../../framework/service.js';
import { isSentAgain } from '../../framework/model/losses.js';
import { appSpec, replicatedSpec } from '../../framework/model/world.js';
import type { Run } from './run.js';

export interface Act {
  weight: number;
  /** Left out: always. */
  possible?: (wanted: ReadonlyMap<string, AppSpec>) => boolean;
  /** `pick` decides whatever is open. */
  carryOut: (run: Run, pick: number) => void;
}

const health: HealthCheck = {
  protocol: 'TCP',
  gracePeriodSeconds: 0,
  intervalSeconds: 10,
  timeoutSeconds: 1,
  maxConsecutiveFailures: 1,
  delaySeconds: 0,
  ignoreHttp1xx: false,
};
const quick: Partial<AppSpec> = { backoffSeconds: 1, maxLaunchDelaySeconds: 20, healthChecks: [health] };
const resident: Partial<AppSpec> = {
  residency: {
    volumes: [{ containerPath: 'data', sizeMb: 100 }],
    taskLostBehavior: 'RELAUNCH_AFTER_TIMEOUT',
    relaunchEscalationTimeoutSeconds: 100,
  },
  unreachableStrategy: 'disabled',
  upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
};
export const [ledger, web, keep, vip] = ['/demo/ledger', '/web', '/keep', '/vip'] as const;
const [db, api] = ['/shop/db', '/shop/api'] as const;
const users = [ledger, web, keep] as const;
const specs: Record<string, (change: Partial<AppSpec>) => AppSpec> = {
  [ledger]: (change) => replicatedSpec(ledger, { ...quick, ...change }),
  [web]: (change) => appSpec(web, { ...quick, instances: 2, ...change }),
  [keep]: (change) => appSpec(keep, { ...quick, ...resident, instances: 2, ...change }),
  // Whoever it goes to has to give way.
  [vip]: (change) => appSpec(vip, { ...quick, cpus: 3.8, ...change }),
  [db]: (change) => appSpec(db, { ...quick, instances: 1, ...change }),
  [api]: (change) => appSpec(api, { ...quick, instances: 2, dependencies: [db], ...change }),
};
export const specOf = (id: string, change: Partial<AppSpec> = {}): AppSpec =>
  (specs[id] as (change: Partial<AppSpec>) => AppSpec)(change);

const one = <T>(list: readonly T[], pick: number): T | undefined => list[pick % Math.max(1, list.length)];
const userApp = (pick: number) => one(users, pick) as string;
const counts: Record<string, number[]> = { [ledger]: [1, 2, 3, 4, 5], [web]: [0, 1, 2, 3], [keep]: [0, 1, 2, 3] };
const countOf = (id: string, pick: number) => one(counts[id] ?? [1, 2], pick >> 4) as number;
const agentOf = (pick: number, { life }: Run) => one([...life.world.mesos.agents.keys()], pick) as string;
const livingOf = ({ life }: Run) => life.world.mesos.living();

/** An app as it is wanted, with this changed. */
const changed = (run: Run, id: string, change: Partial<AppSpec>): AppSpec => ({
  ...(run.life.wanted.get(id) ?? specOf(id)),
  ...change,
});

const usersActs: Record<string, Act> = {
  upgrade: {
    weight: 3,
    carryOut: (run, pick) => {
      const id = userApp(pick);
      run.put([changed(run, id, { env: { A: String(pick) } })]);
    },
  },
  scale: {
    weight: 3,
    carryOut: (run, pick) => {
      const id = userApp(pick);
      run.put([changed(run, id, { instances: countOf(id, pick) })]);
    },
  },
  putGroup: {
    weight: 2,
    carryOut: (run, pick) =>
      run.put([db, api].map((id) => changed(run, id, { instances: countOf(id, pick), env: { A: String(pick % 5) } }))),
  },
  deleteGroup: {
    weight: 1,
    possible: (wanted) => wanted.has(db),
    carryOut: (run) => run.deleteTree('/shop', [db, api]),
  },
  delete: {
    weight: 1,
    carryOut: (run, pick) => {
      const id = userApp(pick);
      if (run.life.wanted.has(id)) run.life.delete(id);
    },
  },
  create: { weight: 1, carryOut: (run, pick) => run.create(specOf(userApp(pick))) },
  putUnforced: {
    weight: 2,
    carryOut: (run, pick) => run.putUnforced(changed(run, userApp(pick), { env: { A: String(pick) } })),
  },
  putInVain: {
    weight: 1,
    possible: (wanted) => (wanted.get(web)?.instances ?? 0) > 0,
    carryOut: (run, pick) => run.putInVain(changed(run, web, { cpus: 100, env: { A: `vain ${pick}` } })),
  },
  vip: {
    weight: 2,
    carryOut: (run, pick) => run.put([specOf(vip, { instances: pick % 5, priority: pick % 3 })]),
  },
  restart: {
    weight: 2,
    carryOut: (run, pick) => {
      const appId = userApp(pick);
      if (run.life.wanted.has(appId)) run.restart(appId);
    },
  },
  rollBack: { weight: 2, carryOut: (run, pick) => run.rollBack(pick) },
  kill: {
    weight: 2,
    carryOut: ({ life }, pick) => {
      const task = one([...life.world.mesos.tasks.keys()], pick);
      if (task) life.world.command({ type: 'killTasks', taskIds: [task], scale: false, force: false });
    },
  },
};

/** No answer comes from a framework that crashes at the write. */
const tell = ({ life }: Run, command: Command): CommandResult | undefined => life.world.command(command);

const operatorsActs: Record<string, Act> = {
  drain: {
    weight: 2,
    carryOut: (run, pick) => void tell(run, { type: 'drain', wanted: { agent: [agentOf(pick, run)] } }),
  },
  endDrains: { weight: 1, carryOut: (run) => run.endDrains() },
  rebalance: { weight: 1, carryOut: (run, pick) => run.rebalance(pick) },
  maintenance: {
    weight: 1,
    carryOut: (run, pick) => {
      const { mesos, now } = run.life.world;
      const agent = mesos.agents.get(agentOf(pick, run));
      const start = { nanoseconds: (now + 60_000) * 1e6 };
      if (agent?.unavailability) delete agent.unavailability;
      else if (agent) agent.unavailability = { start, duration: { nanoseconds: 600_000 * 1e6 } };
    },
  },
  quota: { weight: 1, carryOut: ({ life }, pick) => life.world.mesos.setQuota(one([4, 8, 16, 1000], pick) as number) },
  role: { weight: 1, carryOut: (run, pick) => run.startAs(pick % 2 === 0 ? 'other' : 'gaia') },
  gone: {
    weight: 1,
    carryOut: (run, pick) => {
      run.life.world.mesos.markGone(agentOf(pick, run));
      run.life.world.mesos.addAgent();
    },
  },
};

const mesosActs: Record<string, Act> = {
  deliver: {
    weight: 20,
    carryOut: ({ life, place }, pick) => {
      for (let i = 0; i <= pick % 4; i++) life.world.deliver(place(pick + i));
    },
  },
  deliverTogether: {
    weight: 10,
    carryOut: ({ life, place }, pick) =>
      life.world.deliverTogether(Array.from({ length: (pick % 4) + 2 }, (_, i) => place(pick + i))),
  },
  duplicate: {
    weight: 3,
    carryOut: ({ life: { world } }, pick) => world.duplicate(pick % Math.max(1, world.mesos.events.length)),
  },
  lose: {
    weight: 3,
    carryOut: ({ life }, pick) => {
      const { events } = life.world.mesos;
      const event = events[pick % Math.max(1, events.length)];
      if (event && isSentAgain(event)) events.splice(events.indexOf(event), 1);
    },
  },
  loseCall: { weight: 3, carryOut: (run, pick) => run.loseNextCall(pick) },
  tick: { weight: 20, carryOut: ({ life }, pick) => life.world.tick(one([100, 500, 3000, 20_000], pick) as number) },
  progress: {
    weight: 15,
    carryOut: (run, pick) => {
      for (const task of livingOf(run))
        if ((pick + task.info.task_id.value.length) % 3 !== 0) run.life.world.mesos.progress(task);
    },
  },
  reports: { weight: 10, carryOut: ({ life }, pick) => life.world.mesos.reports((at) => (pick >> at) % 2 === 0) },
  rescind: { weight: 2, carryOut: ({ life }) => life.world.mesos.rescindAll() },
  reconnect: {
    weight: 1,
    carryOut: ({ life: { world } }) => {
      world.mesos.disconnect();
      world.feed({ type: 'disconnected', now: world.now });
      world.mesos.subscribe();
    },
  },
};

const machinesActs: Record<string, Act> = {
  fail: {
    weight: 4,
    carryOut: (run, pick) => {
      const { mesos } = run.life.world;
      const task = one(livingOf(run), pick);
      if (task && mesos.agents.get(task.agentId)?.up) mesos.end(task, 'TASK_FAILED');
    },
  },
  sicken: {
    weight: 3,
    carryOut: (run, pick) => {
      const task = one(livingOf(run), pick);
      if (task) run.life.sick.add(task.info.task_id.value);
    },
  },
  cure: { weight: 1, carryOut: ({ life }) => life.sick.clear() },
  down: { weight: 2, carryOut: (run, pick) => run.life.world.mesos.setUp(agentOf(pick, run), false) },
  up: { weight: 3, carryOut: (run, pick) => run.life.world.mesos.setUp(agentOf(pick, run), true) },
  burn: { weight: 1, carryOut: (run, pick) => run.burn(agentOf(pick, run)) },
  crash: { weight: 2, carryOut: ({ life }) => life.world.crash() },
  crashAtWrite: {
    weight: 2,
    carryOut: ({ life }, pick) => {
      life.world.crashNext = pick % 2 === 0 ? 'beforeWrite' : 'afterWrite';
    },
  },
  /** Before one of its next actions. */
  crashSoon: {
    weight: 4,
    carryOut: ({ life: { world } }, pick) => void world.crashesBefore.add(world.performed + (pick % 12)),
  },
};

export const acts: Record<string, Act> = { ...usersActs, ...operatorsActs, ...mesosActs, ...machinesActs };
