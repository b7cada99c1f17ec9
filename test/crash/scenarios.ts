/** What happens to a framework whose every write and call is a point where it may be killed. */
import type { AppSpec, HealthCheck } from '../../framework/app.js';
import { answered, appSpec, guestSpec, readinessCheck, replicatedSpec } from '../framework/model/world.js';
import type { Life } from './life.js';

export interface Scenario {
  name: string;
  agents: number;
  /** What runs before, undisturbed. */
  before: AppSpec[];
  change: (life: Life) => void;
}

const quick: Partial<AppSpec> = { backoffSeconds: 1, maxLaunchDelaySeconds: 20 };
const ledger = (change: Partial<AppSpec> = {}) => replicatedSpec('/demo/ledger', { ...quick, ...change });
const web = (change: Partial<AppSpec> = {}) => appSpec('/web', { ...quick, instances: 2, ...change });
const guest = (change: Partial<AppSpec> = {}) => guestSpec('/vm', { ...quick, ...change });
const changed = { env: { CHANGED: 'yes' } };

const residency: AppSpec['residency'] = {
  volumes: [{ containerPath: 'data', sizeMb: 100 }],
  taskLostBehavior: 'RELAUNCH_AFTER_TIMEOUT',
  relaunchEscalationTimeoutSeconds: 100,
};
const resident: Partial<AppSpec> = {
  ...quick,
  residency,
  unreachableStrategy: 'disabled',
  upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
};
const keep = (change: Partial<AppSpec> = {}) => appSpec('/keep', { ...resident, instances: 2, ...change });
const vault = (change: Partial<AppSpec> = {}) => {
  const spec = replicatedSpec('/vault', { ...resident, ...change });
  return { ...spec, replication: { ...(spec.replication as object), durability: 'disk' } } as AppSpec;
};

const health: HealthCheck = {
  protocol: 'TCP',
  gracePeriodSeconds: 0,
  intervalSeconds: 5,
  timeoutSeconds: 1,
  maxConsecutiveFailures: 1,
  delaySeconds: 0,
  ignoreHttp1xx: false,
};

/** The agent of one of its tasks. */
const agentOf = (life: Life, appId: string) => life.world.mesos.living(appId)[0]?.agentId ?? 'S1';

function drain(life: Life, appId: string): void {
  const agent = agentOf(life, appId);
  for (const task of life.world.mesos.tasks.values())
    if (task.agentId === agent) life.doomed.add(task.info.task_id.value);
  life.ask(() => ({ type: 'drain', wanted: { agent: [agent] } }));
}

/** A deployment is cancelled, which makes all as it was; a repeated wish finds it gone. */
function rollBack(life: Life, spec: AppSpec): void {
  const before = life.wanted.get(spec.id) as AppSpec;
  life.put([spec]);
  const ids = life.world.view().deployments.map(({ id }) => id);
  life.suffer(6, 0);
  life.takeBack(new Map([[spec.id, before]]), () => {
    const deploymentId = life.world.view().deployments.find(({ id }) => ids.includes(id))?.id;
    return deploymentId === undefined ? null : { type: 'cancelDeployment', deploymentId, force: false };
  });
}

function sicken(life: Life, appId: string): void {
  for (const { info } of life.world.mesos.living(appId).slice(0, 1)) {
    life.sick.add(info.task_id.value);
    life.doomed.add(info.task_id.value);
  }
}

/** For longer than it takes to give up what runs there, and back. */
function loseAgent(life: Life, appId: string): void {
  const agent = agentOf(life, appId);
  life.world.mesos.setUp(agent, false);
  for (let i = 0; i < 8; i++) {
    life.suffer(3, 0.05);
    life.world.tick(60_000);
  }
  life.world.mesos.setUp(agent, true);
}

/** While no framework is there to hear of it: the next one has to ask. */
function loseAgentUnheard(life: Life): void {
  const { world } = life;
  const agent = agentOf(life, '/web');
  world.mesos.disconnect();
  world.mesos.setUp(agent, false);
  world.crash();
  world.until(() => world.mesos.living('/web').filter(({ agentId }) => agentId !== agent).length === 2);
  world.mesos.setUp(agent, true);
}

/** An operator gives the agent up, or its machine burns and nobody says so; another one comes for it. */
function replaceAgent(life: Life, appId: string, isTold: boolean): void {
  const { mesos } = life.world;
  const agent = agentOf(life, appId);
  if (isTold) mesos.markGone(agent);
  else mesos.lose(agent);
  mesos.addAgent();
  life.suffer(6, 0.05);
  if (isTold) return;
  // For longer than it takes to give up what ran there.
  for (let i = 0; i < 8; i++) {
    life.world.tick(60_000);
    life.suffer(2, 0.05);
  }
}

/** Operators give the role less than it uses, then more, and just not enough. */
function changeQuota(life: Life): void {
  life.world.mesos.setQuota(1);
  life.put([web({ instances: 5 })]);
  life.put([ledger(changed)], { doom: true });
  life.suffer(8, 0.05);
  life.world.mesos.setQuota(8);
  life.suffer(8, 0.05);
  life.world.mesos.setQuota(2);
}

/** The framework is started with another role, in which it is not offered what it has reserved, and then as it was. */
function changeRole(life: Life): void {
  const { world } = life;
  const [first] = world.mesos.living('/keep');
  if (first) world.mesos.end(first, 'TASK_FAILED');
  const kept = life.kept();
  for (const role of ['other', 'gaia']) {
    world.role = role;
    world.crash();
    life.put([web({ instances: role === 'gaia' ? 2 : 4 })], { force: true });
    life.suffer(15, 0.05);
    life.expectKept(kept);
  }
}

/** Its tasks run on where nobody reaches them, until the agent is back. */
function deleteUnreachable(life: Life): void {
  const agent = agentOf(life, '/web');
  life.world.mesos.setUp(agent, false);
  life.suffer(3, 0);
  life.delete('/web');
  life.suffer(10, 0);
  life.world.mesos.setUp(agent, true);
}

/** Its majority ends at once; the user gives its state up. */
function beginAgain(life: Life): void {
  life.doom('/demo/ledger');
  for (const task of life.world.mesos.living('/demo/ledger')) life.world.mesos.end(task, 'TASK_FAILED');
  life.suffer(10, 0);
  life.ask(() => ({ type: 'restartApp', appId: '/demo/ledger', version: life.version(), force: true }));
}

function announceMaintenance(life: Life, appId: string): void {
  const agent = life.world.mesos.agents.get(agentOf(life, appId));
  const nanoseconds = (ms: number) => ({ nanoseconds: ms * 1e6 });
  if (agent) agent.unavailability = { start: nanoseconds(life.world.now + 60_000), duration: nanoseconds(3_600_000) };
}

function becomeReady(life: Life): void {
  let cold = 6;
  life.world.onProbe = () => answered(cold-- > 0 ? 503 : 200);
}

/** Tasks end and agents come and go, all at once. */
function storm(life: Life): void {
  for (let i = 0; i < 6; i++) {
    const { mesos } = life.world;
    const living = [...mesos.tasks.values()].filter(({ ended, agentId }) => !ended && mesos.agents.get(agentId)?.up);
    const one = living[Math.floor(life.random() * living.length)];
    if (one && !one.assignment.replica) mesos.end(one, life.random() < 0.5 ? 'TASK_FAILED' : 'TASK_LOST');
    const agent = `S${1 + Math.floor(life.random() * mesos.agents.size)}`;
    mesos.setUp(agent, false);
    life.suffer(2, 0.1);
    mesos.setUp(agent, true);
    life.suffer(2, 0.1);
  }
}

const scenario = (name: string, before: AppSpec[], change: Scenario['change'], agents = 6): Scenario => ({
  name,
  agents,
  before,
  change,
});

export const scenarios: Scenario[] = [
  scenario('create', [], (life) => life.put([ledger(), web()])),
  scenario('scale up', [ledger(), web()], (life) => life.put([ledger({ instances: 5 }), web({ instances: 4 })])),
  scenario('scale down', [ledger({ instances: 5 }), web({ instances: 4 })], (life) =>
    life.put([ledger(), web({ instances: 1 })]),
  ),
  scenario('upgrade', [ledger(), web()], (life) => life.put([ledger(changed), web(changed)], { doom: true })),
  scenario('upgrade by force, twice', [ledger(), web()], (life) => {
    life.put([ledger(changed), web(changed)], { doom: true });
    life.suffer(4, 0);
    life.put([ledger(changed), web(changed)], { force: true });
  }),
  scenario('restart', [ledger()], (life) => {
    life.doom('/demo/ledger');
    life.ask(() => ({ type: 'restartApp', appId: '/demo/ledger', version: life.version(), force: true }));
  }),
  scenario('roll back a group', [ledger()], (life) => rollBack(life, ledger({ ...changed, cpus: 100 }))),
  scenario('roll back', [web({ instances: 3 })], (life) =>
    rollBack(life, web({ ...changed, cpus: 100, instances: 3 })),
  ),
  scenario('deadline', [web()], (life) => life.putInVain(web({ ...changed, cpus: 100 }), 10)),
  scenario('delete', [ledger(), web()], (life) => {
    life.delete('/demo/ledger');
    life.delete('/web');
  }),
  scenario('delete and make again', [ledger(), web()], (life) => {
    life.delete('/demo/ledger');
    life.delete('/web');
    life.suffer(1, 0);
    life.put([ledger(changed), web(changed)], { doom: true, force: true });
  }),
  scenario('dependencies', [], (life) =>
    life.put([web({ dependencies: ['/demo/ledger'] }), ledger({ dependencies: ['/base'] }), appSpec('/base', quick)]),
  ),
  scenario('drain', [ledger(), web()], (life) => drain(life, '/demo/ledger')),
  scenario('drain a guest', [guest()], (life) => drain(life, '/vm')),
  scenario('guest', [], (life) => life.put([guest()])),
  scenario('sick task', [web({ healthChecks: [health] })], (life) => sicken(life, '/web')),
  scenario('sick member', [ledger({ healthChecks: [health] })], (life) => sicken(life, '/demo/ledger')),
  scenario('readiness', [web({ readinessChecks: [readinessCheck] })], (life) => {
    becomeReady(life);
    life.put([web({ ...changed, readinessChecks: [readinessCheck] })], { doom: true });
  }),
  scenario(
    'preemption',
    [appSpec('/low', { ...quick, cpus: 3, instances: 2 })],
    (life) => {
      life.put([appSpec('/vip', { ...quick, cpus: 2, instances: 1, priority: 10 })]);
      life.suffer(20, 0.05);
      life.put([appSpec('/low', { ...quick, cpus: 3, instances: 1 })]);
    },
    2,
  ),
  scenario('volumes', [], (life) => life.put([keep(), vault()])),
  scenario('upgrade with volumes', [keep(), vault()], (life) =>
    life.put([keep(changed), vault(changed)], { doom: true }),
  ),
  scenario('delete volumes', [keep(), vault()], (life) => {
    life.delete('/keep');
    life.delete('/vault');
  }),
  scenario('delete what cannot be reached', [ledger(), web()], deleteUnreachable),
  scenario('lost group', [ledger()], beginAgain),
  scenario('lost agent', [ledger(), web()], (life) => loseAgent(life, '/demo/ledger')),
  scenario('agent lost unheard', [web()], loseAgentUnheard),
  scenario('agent gone', [ledger(), web(), keep()], (life) => replaceAgent(life, '/keep', true)),
  scenario('agent that burns', [ledger(), web(), keep()], (life) => replaceAgent(life, '/keep', false)),
  scenario('quota', [ledger(), web()], changeQuota),
  scenario('role', [web(), keep()], changeRole),
  scenario('maintenance', [ledger(), web()], (life) => announceMaintenance(life, '/demo/ledger')),
  scenario('storm', [web({ instances: 4 }), keep()], storm),
];
