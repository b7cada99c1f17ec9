/**
 * The scheduler against a tiny Mesos that loses, repeats and reorders, with a framework that crashes at any write of
 * its store. GAIA_SEED and GAIA_RUNS choose the runs.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import lodash from 'lodash';
import type { AppSpec, HealthCheck } from '../../framework/app.js';
import {
  isVolume,
  labelsOf,
  type Resource,
  reservationsOf,
  type TaskInfo,
} from '../../framework/mesos-http-client/index.js';
import type { GroupRecord, ReservationRecord, TaskRecord } from '../../framework/scheduler/records.js';
import type { FrameworkView } from '../../framework/service.js';
import { planDrain, planRebalance } from '../../placement/index.js';
import { majority } from './model/fake-group.js';
import type { FakeTask } from './model/fake-mesos.js';
import { kinds } from './model/faults.js';
import { appSpec, replicatedSpec, World } from './model/world.js';

const seed = Number(process.env.GAIA_SEED ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env.GAIA_RUNS ?? 150);
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
const ledger = '/demo/ledger';
const web = '/web';
/** Whoever it goes to has to give way. */
const vip = '/vip';
const keep = '/keep';
const resident: Partial<AppSpec> = {
  residency: {
    volumes: [{ containerPath: 'data', sizeMb: 100 }],
    taskLostBehavior: 'RELAUNCH_AFTER_TIMEOUT',
    relaunchEscalationTimeoutSeconds: 100,
  },
  unreachableStrategy: 'disabled',
  upgradeStrategy: { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 },
};

/** Tasks with volumes stay where agents are drained. */
const isUnderWay = ({ deployments }: FrameworkView) =>
  deployments
    .flatMap(({ steps }) => steps.flatMap(({ actions }) => actions))
    .some(({ action, app }) => action !== 'MoveTask' || app !== keep);

type Step = [kind: string, pick: number];

class Run {
  readonly world = new World(6);
  readonly members = new Set<string>();
  readonly taskIds = new Set<string>();
  /** Tasks whose health checks fail. */
  readonly sick = new Set<string>();

  constructor() {
    this.world.onProbe = (id) =>
      this.sick.has(id.split(' ')[0] as string)
        ? { type: 'failed', of: 'tcp', cause: 'it is sick' }
        : { type: 'connected' };
    const { mesos } = this.world;
    mesos.onLaunch = (info, { appId, replica }) => {
      assert.ok(!this.taskIds.has(info.task_id.value), `task ${info.task_id.value} launched twice`);
      this.taskIds.add(info.task_id.value);
      if (appId === keep) this.checkResident(info);
      if (!replica) return;
      const member = `${appId} member ${replica.self.member}`;
      assert.ok(!this.members.has(member), `${member} was used twice`);
      this.members.add(member);
    };
    mesos.onKill = (task) => this.checkKill(task);
    mesos.onDestroy = (volume) => this.checkDestroy(volume);
    this.world.connect();
    this.put(replicatedSpec(ledger, quick));
    this.put(appSpec(web, { ...quick, instances: 2 }));
    this.put(appSpec(keep, { ...quick, ...resident, instances: 2 }));
  }

  put(spec: AppSpec): void {
    this.world.command({ type: 'putApps', specs: [{ ...spec, version: this.version() }], create: false, force: true });
  }

  version = () => new Date(this.world.now + this.taskIds.size).toISOString();

  records(): TaskRecord[] {
    return [...this.world.stored].filter(([key]) => key.startsWith('task:')).map(([, text]) => JSON.parse(text));
  }

  reservations(): ReservationRecord[] {
    return [...this.world.stored].filter(([key]) => key.startsWith('reservation:')).map(([, text]) => JSON.parse(text));
  }

  /** Volumes on agents, by instance. */
  volumes(): string[] {
    const { mesos } = this.world;
    const all = [...mesos.agents.keys()]
      .flatMap((id) => mesos.total(id))
      .filter((one) => reservationsOf(one).length > 0);
    return lodash.uniq(all.map((one) => labelsOf(one).gaia_instance_id ?? 'no label'));
  }

  /** Its record is stored before anything is asked of Mesos, and it is alone on its volume. */
  checkResident({ task_id, resources = [] }: TaskInfo): void {
    const record = this.reservations().find(({ id }) => task_id.value.startsWith(`${id}._app.`));
    assert.ok(record && record.releasing === null, `${task_id.value} has no reservation in the store`);
    assert.equal(resources.filter(isVolume).length, 1, 'it is launched on its volume');
    const others = this.world.mesos
      .living(keep)
      .filter(({ info }) => info.task_id.value.startsWith(`${record.id}._app.`));
    assert.deepEqual(others, [], 'nobody else runs on its volume');
  }

  /** Data that is kept is not destroyed, by what the store says. */
  checkDestroy(volume: Resource): void {
    const record = this.reservations().find(({ id }) => id === labelsOf(volume).gaia_instance_id);
    assert.ok(!record || record.releasing !== null, `the volume of ${record?.id} is destroyed while it is kept`);
  }

  group(): GroupRecord | null {
    const text = this.world.stored.get(`app:${ledger}`);
    return text ? JSON.parse(text).group : null;
  }

  /** By what the scheduler can know, a kill never takes the majority from a configuration of the living generation. */
  checkKill(task: FakeTask): void {
    const replica = task.assignment.replica;
    const present = this.group();
    if (!replica || !present || replica.group !== `${ledger}@${present.generation}`) return;
    const group = this.world.mesos.groups.get(replica.group);
    const configuration = group?.configuration ?? [];
    const victim = replica.self.member;
    if (!configuration.some(({ member }) => member === victim)) return;
    const believed = this.records()
      .filter((one) => one.state === 'TASK_RUNNING' && !one.stopping)
      .map((one) => one.replica?.self.member);
    const works = new Set([...(group?.active() ?? []), ...believed]);
    const staying = configuration.filter(({ member }) => member !== victim && works.has(member)).length;
    assert.ok(
      staying >= majority(configuration.length),
      `killing member ${victim} leaves ${staying} of ${configuration.length}: ${this.explain()}`,
    );
  }

  explain(): string {
    const present = this.group();
    const real = this.world.mesos.groups.get(`${ledger}@${present?.generation}`);
    const numbers = (list: { member: number }[] | undefined) => list?.map(({ member }) => member).join(',');
    const records = this.records().flatMap(({ replica, state, stopping }) =>
      replica ? `${replica.self.member} ${state} ${stopping} ${replica.retiring}` : [],
    );
    const story = this.world
      .view()
      .apps.find(({ spec }) => spec.id === ledger)
      ?.story.slice(-15)
      .map(({ text }) => text);
    return JSON.stringify(
      {
        real: numbers(real?.configuration),
        works: real?.active(),
        believed: numbers(present?.configuration),
        records,
        story,
      },
      null,
      1,
    );
  }

  checkSlots(): void {
    const generation = this.group()?.generation;
    const counted = this.records().filter(
      ({ replica, stopping, inactive }) =>
        replica?.generation === generation && !replica?.retiring && !stopping && !inactive,
    );
    const slots = counted.map(({ replica }) => replica?.self.slot);
    assert.equal(new Set(slots).size, slots.length, `two members are counted for one slot: ${slots}`);
  }

  step([kind, pick]: Step): void {
    this.act(kind, pick);
    this.checkSlots();
    if (pick % 8 === 0) this.checkPreviews();
  }

  /** Whatever is known: each replica of an agent leaves it or is said to be stuck, and only whole groups move for a gain. */
  checkPreviews(): void {
    const { cluster } = this.world.scheduler.cluster(this.world.now);
    const here = cluster.groups.flatMap(({ replicas }) => replicas.filter(({ agentId }) => agentId === 'S1'));
    const { steps, stuck } = planDrain(cluster, ['S1']);
    assert.equal(steps.flat().length + stuck.length, here.length);
    assert.ok(steps.flat().every(({ to }) => to.agentId !== 'S1'));
    const degraded = cluster.groups.filter(({ replicated, replicas, size }) => {
      return replicated && replicas.filter(({ runs }) => runs).length < size;
    });
    assert.ok(planRebalance(cluster).moves.every((move) => !degraded.some(({ id }) => id === move.group)));
  }

  act(kind: string, pick: number): void {
    const { world } = this;
    const { mesos } = world;
    const one = <T>(list: T[]): T | undefined => list[pick % Math.max(1, list.length)];
    const living = [...mesos.tasks.values()].filter((task) => !task.ended);
    const agent = `S${1 + (pick % 6)}`;
    switch (kind) {
      case 'deliver':
        for (let i = 0; i <= pick % 4; i++) world.deliver(this.deliverable(pick + i));
        return;
      case 'deliverTogether':
        world.deliverTogether(Array.from({ length: (pick % 4) + 2 }, (_, i) => this.deliverable(pick + i)));
        return;
      case 'duplicate':
        world.duplicate(pick % Math.max(1, mesos.events.length));
        return;
      case 'lose': {
        const event = mesos.events[pick % Math.max(1, mesos.events.length)];
        const lost = event?.type === 'MESSAGE' || (event?.type === 'UPDATE' && event.update.status.uuid !== undefined);
        if (lost) mesos.events.splice(mesos.events.indexOf(event), 1);
        return;
      }
      case 'tick':
        world.tick([100, 500, 3000, 20_000][pick % 4] as number);
        return;
      case 'progress': {
        for (const task of living) if ((pick + task.info.task_id.value.length) % 3 !== 0) mesos.progress(task);
        return;
      }
      case 'fail': {
        const task = one(living);
        if (task && mesos.agents.get(task.agentId)?.up) mesos.end(task, 'TASK_FAILED');
        return;
      }
      case 'sicken': {
        const task = one(living);
        if (task) this.sick.add(task.info.task_id.value);
        return;
      }
      case 'cure':
        this.sick.clear();
        return;
      case 'down':
        mesos.setUp(agent, false);
        return;
      case 'up':
        mesos.setUp(agent, true);
        return;
      case 'reports':
        mesos.reports((index) => (pick >> index) % 2 === 0);
        return;
      case 'crash':
        world.crash();
        return;
      case 'crashAtWrite':
        world.crashNext = pick % 2 === 0 ? 'beforeWrite' : 'afterWrite';
        return;
      case 'reconnect':
        mesos.disconnect();
        world.feed({ type: 'disconnected', now: world.now });
        mesos.subscribe();
        return;
      case 'scale':
        this.put(replicatedSpec(ledger, { ...quick, instances: 1 + (pick % 5) }));
        return;
      case 'scalePlain':
        this.put(appSpec(web, { ...quick, instances: pick % 4 }));
        return;
      case 'change':
        this.put(appSpec(web, { ...quick, instances: 2, env: { A: String(pick) } }));
        return;
      case 'scaleKeep':
        this.put(appSpec(keep, { ...quick, ...resident, instances: pick % 4 }));
        return;
      case 'changeKeep':
        this.put(appSpec(keep, { ...quick, ...resident, instances: 2, env: { A: String(pick) } }));
        return;
      case 'deleteKeep':
        world.command({ type: 'deleteApp', appId: keep, force: true });
        return;
      case 'restart':
        world.command({ type: 'restartApp', appId: ledger, version: this.version(), force: false });
        return;
      case 'drain':
        world.command({ type: 'drain', wanted: { agent: [agent] } });
        return;
      case 'endDrain':
        this.endDrains();
        return;
      case 'vip':
        this.put(appSpec(vip, { ...quick, cpus: 3.8, instances: pick % 5, priority: pick % 3 }));
        return;
      case 'rebalance':
        this.rebalance(pick);
        return;
      case 'kill': {
        const task = one(this.records());
        if (task) world.command({ type: 'killTasks', taskIds: [task.id], scale: pick % 3 === 0, force: false });
        return;
      }
    }
  }

  /** To any agent, whether it gains or not, and whether there is room. */
  rebalance(pick: number): void {
    const tasks = this.records();
    const named = (id: string) => ({ agentId: id, hostname: `box${id.slice(1)}` });
    const moves = [pick, pick + 1].flatMap((index) => {
      const task = tasks[index % Math.max(1, tasks.length)];
      const to = named(`S${1 + (index % 6)}`);
      return task ? [{ group: task.appId, from: named(task.agent.id), to, sentence: 'it gains' }] : [];
    });
    if (moves.length > 0) this.world.command({ type: 'rebalance', moves, gainMin: 0 });
  }

  /** No answer comes from a framework that crashes at the write. */
  endDrains(): void {
    const end = (id: string) => this.world.command({ type: 'cancelDeployment', deploymentId: id, force: false });
    for (const { id } of this.world.view().drains) assert.notEqual(end(id)?.ok, false);
  }

  /** Offers and rescinds keep their order; updates and messages overtake. */
  deliverable(pick: number): number {
    const { events } = this.world.mesos;
    const index = pick % Math.max(1, Math.min(6, events.length));
    const type = events[index]?.type;
    return type === 'UPDATE' || type === 'MESSAGE' ? index : 0;
  }

  /** When everything works again, everything comes to run. */
  heal(): void {
    const { world } = this;
    world.crashNext = null;
    this.sick.clear();
    for (const id of world.mesos.agents.keys()) world.mesos.setUp(id, true);
    world.crash();
    this.put(appSpec(vip, { ...quick, instances: 0 }));
    // Four agents are left for three replicas and a successor.
    if (world.view().drains.length > 2) this.endDrains();
    this.put(replicatedSpec(ledger, { ...quick, instances: 3, env: { healed: '1' } }));
    this.put(appSpec(web, { ...quick, instances: 2 }));
    this.put(appSpec(keep, { ...quick, ...resident, instances: 2, env: { healed: '1' } }));
    world.until((view) => !isUnderWay(view) || view.apps[0]?.group?.state === 'lost');
    if (world.app(ledger).group?.state === 'lost') {
      world.command({ type: 'restartApp', appId: ledger, version: new Date(world.now).toISOString(), force: true });
    }
    world.until((view) => !isUnderWay(view) && view.apps[0]?.group?.state === 'whole');
    world.until(() => world.mesos.living(ledger).length === 3 && world.mesos.living(web).length === 2);
    this.checkSlots();
    const drained = world.view().drains.flatMap(({ agents }) => agents.map(({ agentId }) => agentId));
    const isLeft = ({ ended, agentId, assignment }: FakeTask) =>
      !ended && drained.includes(agentId) && assignment.appId !== keep;
    world.until(() => ![...world.mesos.tasks.values()].some(isLeft));
    const ids = () => this.reservations().map(({ id }) => id);
    world.until(() => world.mesos.living(keep).length === 2 && ids().length === 2 && this.volumes().length === 2);
    assert.deepEqual(this.volumes().sort(), ids().sort());
    world.command({ type: 'deleteApp', appId: keep, force: true });
    world.until(() => this.volumes().length === 0 && this.reservations().length === 0);
  }
}

describe('scheduler under faults', () => {
  it(`keeps its promises and comes to rest (seed ${seed}, ${numRuns} runs)`, function () {
    this.timeout(120_000);
    const steps = fc.array(fc.tuple(kinds, fc.nat(1000)), { minLength: 10, maxLength: 150, size: 'max' });
    fc.assert(
      fc.property(steps, (list) => {
        const run = new Run();
        for (const step of list) run.step(step as Step);
        run.heal();
      }),
      { seed, numRuns, endOnFailure: process.env.GAIA_SHRINK === undefined },
    );
  });
});
