/** What users have been promised, beside what lives at the master and what is in the store. */
import assert from 'node:assert/strict';
import type { AppRecord, DeploymentRecord, TaskRecord } from '../../../framework/scheduler/records.js';
import type { FaultyMaster } from './master.js';

/** Of an app: how many, and which configuration. */
export interface Wanted {
  instances: number;
  mark: string;
}

export class Reference {
  /** What users were told they would have, by app. */
  readonly wanted = new Map<string, Wanted>();
  /** Asked for, and not answered: these may be there, or what was before; null: it may be gone. */
  readonly asked = new Map<string, (Wanted | null)[]>();
  readonly #master: FaultyMaster;
  readonly #launched = new Set<string>();
  /** By app; one that is made again after its deletion begins again. */
  readonly #members = new Map<string, Set<number>>();
  /** By app: so many tasks may live, of those that were ever asked for and have not gone since. */
  readonly #most = new Map<string, number>();
  /** The first promise that was broken. */
  #broken: Error | null = null;

  constructor(master: FaultyMaster) {
    this.#master = master;
    master.mesos.onLaunch = (info, { appId, replica }) => {
      try {
        this.#checkLaunch(info.task_id.value, appId, replica?.self ?? null);
      } catch (error) {
        this.#broken ??= error as Error;
      }
    };
  }

  ask(appId: string, wanted: Wanted | null): void {
    this.asked.set(appId, [...(this.asked.get(appId) ?? []), wanted]);
    this.#most.set(appId, Math.max(this.#most.get(appId) ?? 0, wanted?.instances ?? 0));
  }

  answered(appId: string, wanted: Wanted | null): void {
    this.asked.delete(appId);
    if (wanted) this.wanted.set(appId, wanted);
    else {
      this.wanted.delete(appId);
      this.#members.delete(appId);
    }
  }

  /** @throws the promise that was broken first, whoever noticed it */
  requireUnbroken(): void {
    if (this.#broken) throw this.#broken;
  }

  /** No id and no member number twice, nothing that nobody wants, and nobody else lives in its slot, even on its way out. */
  #checkLaunch(id: string, appId: string, self: { slot: number; member: number } | null): void {
    assert.ok(!this.#launched.has(id), `task ${id} is launched twice`);
    this.#launched.add(id);
    assert.ok(this.wanted.has(appId) || this.asked.has(appId), `task ${id} is of an app that nobody wants`);
    if (self === null) return;
    const members = this.#members.get(appId) ?? new Set();
    this.#members.set(appId, members);
    assert.ok(!members.has(self.member), `${appId}: member ${self.member} is used twice`);
    members.add(self.member);
    const others = this.#master.mesos
      .living(appId)
      .filter(({ assignment }) => assignment.replica?.self.slot === self.slot);
    const text = others.map(({ info }) => info.task_id.value).join(', ');
    assert.deepEqual(others, [], `${id} is launched in slot ${self.slot} where ${text} lives`);
  }

  /** After a kill, when nobody acts: everything that lives is known, and what was answered is there. Tells whether a deployment was under way. */
  checkStored(entries: [key: string, value: object][]): { deploying: boolean } {
    this.requireUnbroken();
    const stored = new Map(entries);
    const records = this.#master.mesos.living().map(({ info, assignment }) => {
      const id = info.task_id.value;
      const record = stored.get(`task:${id}`) as TaskRecord | undefined;
      assert.ok(record, `task ${id} of ${assignment.appId} lives and is not in the store`);
      return record;
    });
    for (const [appId, wanted] of this.wanted) {
      const app = stored.get(`app:${appId}`) as AppRecord | undefined;
      this.#checkApp(appId, wanted, app ?? null);
      if (app) this.#checkCapacity(app, records);
    }
    const deployments = entries.flatMap(([key, value]) => (key.startsWith('deployment:') ? [value] : []));
    return { deploying: (deployments as DeploymentRecord[]).length > 0 };
  }

  #checkApp(appId: string, { instances, mark }: Wanted, app: AppRecord | null): void {
    if (this.asked.has(appId)) return;
    assert.ok(app && !app.deleting, `${appId} is lost`);
    const found = { instances: app.spec.instances, mark: markOf(app.spec.env) };
    assert.deepEqual(found, { instances, mark }, `${appId} is not what was asked for`);
  }

  /** Plain apps here may have none over their number; those that leave count no more. */
  #checkCapacity(app: AppRecord, living: TaskRecord[]): void {
    if (app.spec.replication) return;
    const meant = living.filter(({ appId, stopping }) => appId === app.id && !stopping).length;
    const most = this.#most.get(app.id) ?? 0;
    assert.ok(meant <= most, `${meant} tasks of ${app.id} live, where ${most} may`);
    const possible = [this.wanted.get(app.id), ...(this.asked.get(app.id) ?? [])].map((one) => one?.instances ?? 0);
    this.#most.set(app.id, Math.max(meant, ...possible));
  }

  /** Everything that is wanted runs, once, as it is wanted, and nothing else does; null: it is so. */
  missing(): string | null {
    const living = this.#master.mesos.living();
    for (const { assignment } of living)
      if (!this.wanted.has(assignment.appId)) return `a task of ${assignment.appId} lives, which nobody wants`;
    for (const [appId, { instances, mark }] of this.wanted) {
      const own = living.filter(({ assignment }) => assignment.appId === appId);
      const current = own.filter(({ assignment }) => markOf(assignment.env) === mark);
      const run = current.filter(({ state }) => state === 'TASK_RUNNING');
      if (own.length !== instances || run.length !== instances)
        return `${appId}: ${own.length} tasks live, ${run.length} of them run as wanted, ${instances} are wanted`;
    }
    return null;
  }
}

/** What tells configurations of an app apart. */
export const markName = 'MARK';
const markOf = (env: AppRecord['spec']['env'] | Record<string, string>): string => String(env[markName] ?? '');
