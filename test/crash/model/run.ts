/** One run of the model: a life of the framework, beside what users were promised, and whatever happens to both. */
import assert from 'node:assert/strict';
import type { AppSpec } from '../../../framework/app.js';
import type { SchedulerCallBody } from '../../../framework/mesos-http-client/index.js';
import type { Command } from '../../../framework/service.js';
import { mayOvertake } from '../../framework/model/losses.js';
import type { Fate } from '../../framework/model/world.js';
import { randomFrom } from '../../random.js';
import { Life } from '../life.js';
import { keep, ledger, specOf, vip, web } from './acts.js';
import { Guards } from './guards.js';

const agents = 8;
const agentsDrainedMax = 2;
const vainSeconds = 15;

export class Run {
  readonly life = new Life(agents, randomFrom(1));
  readonly guards = new Guards(this.life);
  /** What a deployment would be taken back to, by its id; null: the app was not there. */
  readonly #before = new Map<string, Map<string, AppSpec | null>>();
  /** Of the next calls. */
  #fates: Fate[] = [];

  constructor() {
    const { world } = this.life;
    world.fateOf = ({ type }: SchedulerCallBody) => this.#fateOf(type);
    this.put([specOf(ledger)]);
    this.put([specOf(web)]);
    this.put([specOf(keep)]);
  }

  /** A call that takes offers is never lost without its sender's knowing. */
  #fateOf(type: SchedulerCallBody['type']): Fate {
    const fate = this.#fates.shift() ?? 'taken';
    return fate === 'swallowed' && (type === 'ACCEPT' || type === 'DECLINE') ? 'lost' : fate;
  }

  loseNextCall(pick: number): void {
    const fates = ['swallowed', 'lost', 'unanswered'] as const;
    this.#fates = [...Array<Fate>(pick % 3).fill('taken'), fates[pick % fates.length] as Fate];
  }

  /** Offers and rescinds keep their order; updates and messages overtake. */
  readonly place = (pick: number): number => {
    const { events } = this.life.world.mesos;
    const index = pick % Math.max(1, Math.min(6, events.length));
    return mayOvertake(events[index]) ? index : 0;
  };

  put(specs: AppSpec[]): void {
    this.#deploying(
      specs.map(({ id }) => id),
      () => this.life.put(specs, { force: true }),
    );
  }

  /** What has been asked for in vain would become what it is. */
  restart(appId: string): void {
    if (this.life.isOpen(appId)) return;
    this.#deploying([appId], () =>
      this.life.ask(() => ({ type: 'restartApp', appId, version: this.life.version(), force: true })),
    );
  }

  deleteTree(groupId: string, removedApps: string[]): void {
    const none = { specs: [], groups: [], removedGroups: [] };
    const command = (): Command => {
      const version = this.life.version();
      return { type: 'changeTree', groupId, version, ...none, removedApps, force: true, dryRun: false };
    };
    this.life.takeBack(new Map(removedApps.map((id) => [id, null])), command);
  }

  /** What can come up no more, so that a life can go on without end. */
  forget(): void {
    const running = this.#deployments();
    for (const id of this.#before.keys()) if (!running.includes(id)) this.#before.delete(id);
    this.life.forget();
  }

  /** Remembers what the new deployment would be taken back to. One that was asked for twice goes back to what the first had made. */
  #deploying(ids: string[], change: () => void): void {
    const before = new Map(ids.map((id) => [id, this.life.wanted.get(id) ?? null]));
    const isOpen = ids.some((id) => this.life.isOpen(id));
    const known = new Set(this.#deployments());
    const { crashes } = this.life.world;
    change();
    if (isOpen || this.life.world.crashes > crashes) return;
    for (const id of this.#deployments()) if (!known.has(id)) this.#before.set(id, before);
  }

  #deployments = () => this.life.world.view().deployments.map(({ id }) => id);

  /** POST: only what is not there. */
  create(spec: AppSpec): void {
    if (this.life.wanted.has(spec.id)) this.#createAgain(spec);
    else this.put([spec]);
  }

  #createAgain(spec: AppSpec): void {
    const version = this.life.version();
    const command: Command = { type: 'putApps', specs: [{ ...spec, version }], create: true, force: true };
    const result = this.life.world.command(command);
    assert.ok(!result || (!result.ok && result.reason === 'exists'), `${spec.id} is made twice`);
  }

  /** A lock of a deployment that runs refuses it, and nothing changes. */
  putUnforced(spec: AppSpec): void {
    if (this.#isLocked(spec.id)) this.#putLocked(spec);
    else this.put([spec]);
  }

  /** Drains and rebalances lock nothing. */
  #isLocked = (id: string): boolean =>
    this.life.world
      .view()
      .deployments.filter(({ steps }) =>
        steps.some(({ actions }) => actions.some(({ action }) => action !== 'MoveTask')),
      )
      .some(({ affectedApps }) => affectedApps.includes(id));

  #putLocked(spec: AppSpec): void {
    const specs = [{ ...spec, version: this.life.version() }];
    const result = this.life.world.command({ type: 'putApps', specs, create: false, force: false });
    assert.ok(!result || (!result.ok && result.reason === 'locked'), `${spec.id} is changed in spite of a lock`);
  }

  putInVain(spec: AppSpec): void {
    if (!this.#isLocked(spec.id)) this.life.putInVain(spec, vainSeconds);
  }

  /** One of the deployments that run is taken back. */
  rollBack(pick: number): void {
    const running = this.#deployments().filter((id) => this.#before.has(id));
    const deploymentId = running[pick % Math.max(1, running.length)];
    const before = this.#before.get(deploymentId ?? '');
    if (!deploymentId || !before) return;
    this.life.takeBack(before, () =>
      this.#deployments().includes(deploymentId) ? { type: 'cancelDeployment', deploymentId, force: false } : null,
    );
  }

  endDrains(): void {
    const end = (deploymentId: string) =>
      this.life.world.command({ type: 'cancelDeployment', deploymentId, force: false });
    for (const { id } of this.life.world.view().drains) assert.notEqual(end(id)?.ok, false);
  }

  /** To any agent, whether it gains or not, and whether there is room. */
  rebalance(pick: number): void {
    const { world } = this.life;
    const tasks = world.mesos.living();
    const named = (id: string) => ({ agentId: id, hostname: `box${id.slice(1)}` });
    const moves = [pick, pick + 1].flatMap((index) => {
      const task = tasks[index % Math.max(1, tasks.length)];
      const to = named(`S${1 + (index % agents)}`);
      return task ? [{ group: task.assignment.appId, from: named(task.agentId), to, sentence: 'it gains' }] : [];
    });
    if (moves.length > 0) world.command({ type: 'rebalance', moves, gainMin: 0 });
  }

  startAs(role: string): void {
    this.life.world.role = role;
    this.life.world.crash();
  }

  /** One at a time: a majority that burns is more than anybody promises to bear. */
  burn(agentId: string): void {
    const { mesos } = this.life.world;
    if ([...mesos.agents.values()].some(({ lost }) => lost)) return;
    mesos.lose(agentId);
    mesos.addAgent();
  }

  check(pick: number): void {
    this.life.check();
    if (pick % 8 === 0) this.guards.checkPreviews();
  }

  /** Everything works again, and exactly what users were promised comes to run. */
  heal(): void {
    const { world } = this.life;
    world.crashNext = null;
    world.crashesBefore.clear();
    this.#fates = [];
    this.startAs('gaia');
    this.mend();
  }

  /** Operators clear up, with the framework that there is. */
  mend(): void {
    const { life } = this;
    const { world } = life;
    for (const agent of [...world.mesos.agents.values()]) {
      delete agent.unavailability;
      if (agent.lost) world.mesos.markGone(agent.id);
    }
    this.put([specOf(vip, { instances: 0 })]);
    if (world.view().drains.length > agentsDrainedMax) this.endDrains();
    life.rest(({ apps }) => {
      for (const { spec, group, deleting } of apps) if (group?.state === 'lost' && !deleting) this.restart(spec.id);
    });
  }
}
