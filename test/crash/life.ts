/**
 * A scheduler's life under faults beside a reference: what users have been promised, and what may live for it. Every promise is
 * checked whenever Mesos launches a task, and after every round.
 */
import assert from 'node:assert/strict';
import lodash from 'lodash';
import type { AppSpec } from '../../framework/app.js';
import { labelsOf, reservationRole, reservationsOf } from '../../framework/mesos-http-client/index.js';
import type { AppRecord, ReservationRecord, TaskRecord } from '../../framework/scheduler/records.js';
import type { Command, Deadline, FrameworkView } from '../../framework/service.js';
import type { FakeTask } from '../framework/model/fake-mesos.js';
import { isLostSilently, isSentAgain, mayOvertake } from '../framework/model/losses.js';
import { answered, World } from '../framework/model/world.js';
import type { Random } from '../random.js';

const askedTimesMax = 8;

export class Life {
  readonly world: World;
  /** What users were told they would have, by app. */
  readonly wanted = new Map<string, AppSpec>();
  /** Asked for, and not answered: these may be there, or what was before. */
  #asked = new Map<string, AppSpec | null>();
  /** Tasks that a change, a drain or a user's kill is to end. */
  readonly doomed = new Set<string>();
  /** Tasks whose checks fail. */
  readonly sick = new Set<string>();
  readonly #launched = new Set<string>();
  /** By app; one that is made again after its deletion begins again. */
  readonly #members = new Map<string, Set<number>>();
  readonly #membersForgotten = new Map<string, number>();
  #versions = 0;
  /** So much of what can be lost, repeated or late is. */
  #faultShare = 0;

  constructor(
    agents: number,
    readonly random: Random,
  ) {
    this.world = new World(agents);
    const { mesos } = this.world;
    mesos.onLaunch = (info, { appId, replica }) =>
      this.checkLaunch(info.task_id.value, appId, replica?.self.member ?? null);
    this.world.fateOf = ({ type }) => {
      if (!this.#chance(this.#faultShare)) return 'taken';
      if (isLostSilently(type)) return 'swallowed';
      return this.#chance(0.5) ? 'lost' : 'unanswered';
    };
    this.world.onProbe = (id) =>
      this.sick.has(id.split(' ')[0] as string) ? { type: 'failed', of: 'http', cause: 'it is sick' } : answered(200);
    this.world.connect();
  }

  /** Asks for these apps until the framework has answered; `doom`: none of the tasks that live now is to stay. */
  put(specs: AppSpec[], { doom = false, force = false } = {}): void {
    if (doom) for (const { id } of specs) this.doom(id);
    this.#askFor(specs, { force });
    for (const spec of specs) this.#answered(spec.id, spec);
  }

  /** Asks for what cannot be had, with a deadline: in the end it is what it was. */
  putInVain(spec: AppSpec, seconds: number): void {
    this.#askFor([spec], { force: false, deadline: { seconds, rollBack: true } });
  }

  /** The lock says to a user who asks again that the change has been accepted. */
  #askFor(specs: AppSpec[], { force, deadline }: { force: boolean; deadline?: Deadline }): void {
    for (const spec of specs) this.#asked.set(spec.id, spec);
    const made = () => specs.map((spec) => ({ ...spec, version: this.version() }));
    const command = (): Command => ({ type: 'putApps', specs: made(), create: false, force });
    this.ask(() => ({ ...command(), ...(deadline && { deadline }) }), ['locked']);
  }

  delete(appId: string): void {
    this.takeBack(new Map([[appId, null]]), () => ({ type: 'deleteApp', appId, force: true }), ['notFound']);
  }

  /** Apps become what they were, or are gone, by this command, repeated until it is answered. */
  takeBack(before: ReadonlyMap<string, AppSpec | null>, command: () => Command | null, welcome: string[] = []): void {
    for (const [id, spec] of before) this.#asked.set(id, spec);
    this.ask(command, welcome);
    for (const [id, spec] of before) this.#answered(id, spec);
  }

  /** What becomes of the app is open. */
  isOpen(appId: string): boolean {
    return this.#asked.has(appId);
  }

  doom(appId: string): void {
    for (const { info } of this.world.mesos.living(appId)) this.doomed.add(info.task_id.value);
  }

  /** A user asks again when the answer was lost with the framework; null: that is not needed any more. */
  ask(command: () => Command | null, welcome: string[] = []): void {
    for (let i = 0; i < askedTimesMax; i++) {
      const asked = command();
      if (asked === null) return;
      const result = this.world.command(asked);
      if (!result) continue;
      assert.ok(result.ok || welcome.includes(result.reason), `${asked.type}: ${JSON.stringify(result)}`);
      return;
    }
    assert.fail(`no answer in ${askedTimesMax} attempts`);
  }

  version = () => new Date(this.world.now + ++this.#versions).toISOString();

  #answered(appId: string, spec: AppSpec | null): void {
    this.#asked.delete(appId);
    if (spec) this.wanted.set(appId, spec);
    else {
      this.wanted.delete(appId);
      this.#members.delete(appId);
      this.#membersForgotten.delete(appId);
      this.#meantLast.delete(appId);
    }
  }

  /** `rounds` in which this share of what can be lost is lost, and as much is repeated or overtaken. */
  suffer(rounds: number, share: number): void {
    this.#faultShare = share;
    for (let i = 0; i < rounds; i++) {
      const { mesos } = this.world;
      for (const task of [...mesos.tasks.values()]) if (!this.#chance(share)) mesos.progress(task);
      mesos.reports(() => !this.#chance(share));
      for (let n = mesos.events.length; n > 0 && mesos.events.length > 0; n--) this.#deliverOne(share);
      this.world.tick(this.#chance(0.1) ? 10_000 : 500);
      this.check();
    }
    this.#faultShare = 0;
  }

  /** Offers and rescinds keep their order. */
  #deliverOne(share: number): void {
    const { events } = this.world.mesos;
    const place = this.#chance(share) ? Math.floor(this.random() * Math.min(6, events.length)) : 0;
    const event = events[place];
    if (isSentAgain(event) && this.#chance(share)) events.splice(place, 1);
    else if (this.#chance(share)) this.world.duplicate(place);
    else this.world.deliver(mayOvertake(event) ? place : 0);
  }

  #chance(share: number): boolean {
    return this.random() < share;
  }

  records<Kept>(table: string): Kept[] {
    const own = [...this.world.stored].filter(([key]) => key.startsWith(`${table}:`));
    return own.map(([, text]) => JSON.parse(text) as Kept);
  }

  /** Stored first; no id and no member number twice; nothing of an app that nobody wants. */
  checkLaunch(id: string, appId: string, member: number | null): void {
    assert.ok(!this.#launched.has(id), `task ${id} is launched twice`);
    this.#launched.add(id);
    assert.ok(this.world.stored.has(`task:${id}`), `task ${id} is launched before it is stored`);
    assert.ok(this.wanted.has(appId) || this.#asked.has(appId), `task ${id} is of an app that nobody wants`);
    if (member === null) return;
    const members = this.#members.get(appId) ?? new Set();
    this.#members.set(appId, members);
    const forgotten = this.#membersForgotten.get(appId) ?? 0;
    assert.ok(member > forgotten && !members.has(member), `${appId}: member ${member} is used twice`);
    members.add(member);
  }

  /** What was of tasks that Mesos has forgotten: the numbers of members only rise. */
  forget(): void {
    const { mesos } = this.world;
    this.world.forget();
    for (const ids of [this.doomed, this.sick, this.#launched])
      for (const id of ids) if (!mesos.tasks.has(id)) ids.delete(id);
    for (const [appId, used] of this.#members) {
      const replicas = [...mesos.tasks.values()].filter(({ assignment }) => assignment.appId === appId);
      const lowest = Math.min(...replicas.map(({ assignment }) => assignment.replica?.self.member ?? 0));
      const forgotten = [...used].filter((member) => member < lowest);
      for (const member of forgotten) used.delete(member);
      this.#membersForgotten.set(appId, Math.max(this.#membersForgotten.get(appId) ?? 0, ...forgotten));
    }
  }

  check(): void {
    this.#checkApps();
    const living = this.world.mesos.living();
    const records = lodash.keyBy(this.records<TaskRecord>('task'), 'id');
    const isMeant = ({ info, assignment }: FakeTask) => {
      const record = records[info.task_id.value];
      // A plain task that could not be reached is forgotten, and killed when it is back.
      if (!record) return assignment.replica !== null;
      return !record.stopping && !record.inactive && !record.replica?.retiring;
    };
    for (const [appId, tasks] of Object.entries(lodash.groupBy(living, ({ assignment }) => assignment.appId)))
      this.#checkTasks(appId, tasks, isMeant);
  }

  /** Whatever has been answered is in the store, as it was asked for. */
  #checkApps(): void {
    for (const [id, { instances, env }] of this.wanted) {
      const text = this.world.stored.get(`app:${id}`);
      assert.ok(text || this.#asked.has(id), `${id} is lost`);
      if (this.#asked.has(id) || !text) continue;
      const { spec, deleting } = JSON.parse(text) as AppRecord;
      assert.ok(!deleting, `${id} is being deleted`);
      assert.deepEqual({ instances: spec.instances, env: spec.env }, { instances, env }, `${id} is not what was asked`);
    }
  }

  /** One live task for a slot or a volume; of a plain app no more than it may have over its capacity. */
  #checkTasks(appId: string, tasks: FakeTask[], isMeant: (task: FakeTask) => boolean): void {
    const meant = tasks.filter(isMeant);
    const slots = meant.flatMap(({ assignment: { replica } }) =>
      replica ? [`${replica.group} slot ${replica.self.slot}`] : [],
    );
    assert.equal(new Set(slots).size, slots.length, `two tasks live for one slot: ${slots}`);
    const volumes = tasks.flatMap(({ info: { resources = [] } }) =>
      lodash.uniq(resources.flatMap((one) => labelsOf(one).gaia_instance_id ?? [])),
    );
    assert.equal(new Set(volumes).size, volumes.length, `two tasks live on one volume: ${volumes}`);
    const known = lodash.compact([this.wanted.get(appId), this.#asked.get(appId)]);
    if (slots.length > 0 || known.length === 0) return;
    const most = Math.max(
      ...known.map(({ instances, upgradeStrategy: { maximumOverCapacity: over } }) =>
        Math.ceil(instances * (1 + over)),
      ),
      this.#meantLast.get(appId) ?? 0,
    );
    assert.ok(meant.length <= most, `${meant.length} tasks of ${appId} live, where ${most} may`);
    this.#meantLast.set(appId, meant.length);
  }

  /** Live tasks of an app that gets smaller. */
  readonly #meantLast = new Map<string, number>();

  /** By the reference: everything that is wanted runs, once, and nothing else does. Null: it is so; else what is not. */
  missing(view: FrameworkView): string | null {
    const open = view.deployments.filter(({ id }) => !view.drains.some((drain) => drain.id === id));
    if (open.length > 0) return 'a deployment has not ended';
    const [kept, recorded] = [this.kept(this.world.role), this.#recorded()];
    if (!lodash.isEqual(kept, recorded)) return `agents keep ${kept}, the store says ${recorded}`;
    const living = this.world.mesos.living();
    const wrong = living.find((task) => this.#isUnwanted(view, task));
    if (wrong) return `${wrong.info.task_id.value} lives on ${wrong.agentId}, where nobody wants it`;
    const incomplete = [...this.wanted.values()].find((spec) => !this.#isWhole(view, spec));
    return incomplete ? `${incomplete.id} is not whole` : null;
  }

  /** What has its data on an agent that is drained stays. */
  #isUnwanted({ drains }: FrameworkView, { info, agentId, assignment: { appId, env } }: FakeTask): boolean {
    const spec = this.wanted.get(appId);
    if (!spec || this.doomed.has(info.task_id.value) || !lodash.isMatch(env, spec.env)) return true;
    return !spec.residency && drains.some(({ agents }) => agents.some((agent) => agent.agentId === agentId));
  }

  #isWhole({ apps }: FrameworkView, { id, instances, env, replication }: AppSpec): boolean {
    const app = apps.find(({ spec }) => spec.id === id);
    const runs = app?.tasks.filter(({ state }) => state === 'TASK_RUNNING') ?? [];
    const isWhole = lodash.isEqual(app?.spec.env, env) && (!replication || app?.group?.state === 'whole');
    return isWhole && runs.length === instances && this.world.mesos.living(id).length === instances;
  }

  /** Instances that agents keep something for, in this role; left out: in any. */
  kept(role?: string): string[] {
    const { mesos } = this.world;
    const all = [...mesos.agents.values()].flatMap(({ id, lost }) => (lost ? [] : mesos.total(id)));
    const reserved = all.filter(
      (one) => reservationsOf(one).length > 0 && (role === undefined || reservationRole(one) === role),
    );
    return lodash.uniq(reserved.map((one) => labelsOf(one).gaia_instance_id ?? 'no label')).sort();
  }

  /** Data that nobody has given up is there. */
  expectKept(instances: string[]): void {
    assert.deepEqual(this.kept(), instances, 'agents do not keep what they kept');
  }

  /** What a lost machine keeps nobody knows, and what was reserved in another role is not offered in this one. */
  #recorded(): string[] {
    const hidden = lodash.difference(this.kept(), this.kept(this.world.role));
    const isShown = ({ id, agent }: ReservationRecord) =>
      !hidden.includes(id) && !this.world.mesos.agents.get(agent.id)?.lost;
    const records = this.records<ReservationRecord>('reservation').filter(isShown);
    return records.map(({ id }) => id).sort();
  }

  /** Nothing fails any more: it comes to rest by itself, or with what users do meanwhile, checked all the way. */
  rest(meanwhile: (view: FrameworkView) => void = () => undefined): void {
    this.sick.clear();
    for (const id of this.world.mesos.agents.keys()) this.world.mesos.setUp(id, true);
    this.world.mesos.setQuota(Number.POSITIVE_INFINITY);
    let missing: string | null = '';
    const isAtRest = (view: FrameworkView) => {
      this.check();
      meanwhile(view);
      missing = this.missing(view);
      return missing === null;
    };
    try {
      this.world.until(isAtRest, 900);
    } catch (error) {
      throw missing ? new Error(`${missing}: ${(error as Error).message}`, { cause: error }) : error;
    }
    this.#asked.clear();
    this.check();
  }
}
