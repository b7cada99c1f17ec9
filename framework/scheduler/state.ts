/** The durable part of the scheduler's state, and which of it a step has changed. */
import type { Affinity } from '../../placement/types.js';
import type { AffinityRule, AppGroup, TreeChange } from '../app.js';
import { AppKinds, type Kind } from './app-kinds.js';
import { Leaders } from './leaders.js';
import type {
  AppRecord,
  DeploymentRecord,
  DrainRecord,
  FrameworkRecord,
  GuestWishRecord,
  PreemptionRecord,
  RebalanceRecord,
  ReservationRecord,
  StoryRecord,
  TaskRecord,
} from './records.js';
import { Sharing } from './sharing.js';

/** One record of an atomic batch; null removes it. */
export interface Change {
  key: string;
  value: object | null;
}

/** Apps that steps have to look at (`awake.ts`), and those of them with a changed record. */
class Awake {
  /** Those that were looked at longest ago come first. */
  readonly #ids = new Set<string>();
  #changed = new Set<string>();

  get ids(): ReadonlySet<string> {
    return this.#ids;
  }

  wake(appId: string): void {
    this.#ids.add(appId);
    this.#changed.add(appId);
  }

  rest(appId: string): void {
    this.#ids.delete(appId);
  }

  /** There is no such app any more. */
  forget(appId: string): void {
    this.rest(appId);
    this.#changed.delete(appId);
  }

  hasChanged(appId: string): boolean {
    return this.#changed.has(appId);
  }

  /** Those that have changed since the last call. */
  takeChanged(): ReadonlySet<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  /** At most so many others, which then come last. */
  inTurn(others: ReadonlySet<string>, max: number): string[] {
    const next: string[] = [];
    for (const id of this.#ids) {
      if (next.length === max) break;
      if (!others.has(id)) next.push(id);
    }
    for (const id of next) {
      this.#ids.delete(id);
      this.#ids.add(id);
    }
    return next;
  }
}

/** Is told of each record that is set or removed. */
interface Listener<T> {
  changed(record: T): void;
}

/** A map of records that remembers which of them the store does not have yet. */
export class Table<T extends object> {
  #records = new Map<string, T>();
  #dirty = new Set<string>();

  constructor(
    readonly kind: string,
    private readonly listener?: Listener<T>,
  ) {}

  get(id: string): T | undefined {
    return this.#records.get(id);
  }

  values(): IterableIterator<T> {
    return this.#records.values();
  }

  get size(): number {
    return this.#records.size;
  }

  put(id: string, record: T): T {
    this.#dirty.add(id);
    return this.set(id, record);
  }

  /** Replaces a record in memory only, for what a restart may forget. */
  putVolatile(id: string, record: T): T {
    return this.set(id, record);
  }

  remove(id: string): void {
    const record = this.#records.get(id);
    if (!record) return;
    this.#records.delete(id);
    this.#dirty.add(id);
    this.listener?.changed(record);
  }

  load(id: string, record: T): void {
    this.set(id, record);
  }

  /** The only way in. */
  protected set(id: string, record: T): T {
    this.#records.set(id, record);
    this.listener?.changed(record);
    return record;
  }

  drain(): Change[] {
    const changes = [...this.#dirty].map((id) => ({ key: `${this.kind}:${id}`, value: this.#records.get(id) ?? null }));
    this.#dirty.clear();
    return changes;
  }
}

/** Records of apps, also by their app. */
class AppTable<T extends { id: string; appId: string }> extends Table<T> {
  readonly #byApp = new Map<string, Map<string, T>>();
  /** As they are asked for again and again. */
  readonly #lists = new Map<string, readonly T[]>();

  protected override set(id: string, record: T): T {
    const records = this.#byApp.get(record.appId) ?? new Map<string, T>();
    this.#byApp.set(record.appId, records.set(id, record));
    this.#lists.delete(record.appId);
    return super.set(id, record);
  }

  override remove(id: string): void {
    const appId = this.get(id)?.appId ?? '';
    const records = this.#byApp.get(appId);
    records?.delete(id);
    if (records?.size === 0) this.#byApp.delete(appId);
    this.#lists.delete(appId);
    super.remove(id);
  }

  /** The same list until one of them changes. */
  of(appId: string): readonly T[] {
    const known = this.#lists.get(appId);
    if (known) return known;
    const list = [...(this.#byApp.get(appId)?.values() ?? [])];
    if (list.length > 0) this.#lists.set(appId, list);
    return list;
  }
}

/** Deployments, also by the apps that they change. */
class DeploymentTable extends Table<DeploymentRecord> {
  #byApp = new Map<string, Set<string>>();

  protected override set(id: string, record: DeploymentRecord): DeploymentRecord {
    if (this.get(id) === undefined)
      for (const app of record.affectedApps) this.#byApp.set(app, (this.#byApp.get(app) ?? new Set()).add(id));
    return super.set(id, record);
  }

  override remove(id: string): void {
    for (const app of this.get(id)?.affectedApps ?? []) {
      const ids = this.#byApp.get(app);
      ids?.delete(id);
      if (ids?.size === 0) this.#byApp.delete(app);
    }
    super.remove(id);
  }

  of(appId: string): DeploymentRecord[] {
    return [...(this.#byApp.get(appId) ?? [])].flatMap((id) => this.get(id) ?? []);
  }
}

/** Apps, also by those that they have to be apart from, and by their kinds. */
class AppsTable extends Table<AppRecord> {
  #apart = new Map<string, Map<string, Affinity[]>>();
  readonly #kinds = new AppKinds();

  protected override set(id: string, app: AppRecord): AppRecord {
    this.#index(app);
    this.#kinds.note(app);
    return super.set(id, app);
  }

  override remove(id: string): void {
    this.#forgetApart(this.get(id));
    this.#kinds.forget(id);
    super.remove(id);
  }

  /** An app may be given what its owner may take back. */
  get takesRevocable(): boolean {
    return this.#kinds.idsOf('revocable').size > 0;
  }

  of(kind: Kind): AppRecord[] {
    return [...this.#kinds.idsOf(kind)].flatMap((id) => this.get(id) ?? []);
  }

  /** What an app has to be apart from, because the others say so. */
  apartInReturn(id: string): Affinity[] {
    return [...(this.#apart.get(id)?.values() ?? [])].flat();
  }

  #index(app: AppRecord): void {
    const before = this.get(app.id);
    if (before?.active === app.active) return;
    this.#forgetApart(before);
    for (const { app: other, domain } of apartFrom(app)) {
      const apart = this.#apart.get(other) ?? new Map<string, Affinity[]>();
      const mine = apart.get(app.id) ?? [];
      this.#apart.set(other, apart.set(app.id, [...mine, { app: app.id, domain, required: true }]));
    }
  }

  #forgetApart(app: AppRecord | undefined): void {
    for (const { app: other } of apartFrom(app)) {
      const apart = this.#apart.get(other);
      apart?.delete(app?.id ?? '');
      if (apart?.size === 0) this.#apart.delete(other);
    }
  }
}

/** Records of earlier versions have no affinity. */
function apartFrom(app: AppRecord | undefined): AffinityRule[] {
  return (app?.active.affinity ?? []).filter(({ type, required }) => type === 'apart' && required);
}

export class State {
  readonly framework = new Table<FrameworkRecord>('framework');
  readonly awake = new Awake();
  readonly leaders = new Leaders();
  readonly apps = new AppsTable('app', { changed: ({ id }) => this.#noteChanged(id) });
  readonly appGroups = new Table<AppGroup>('appGroup');
  readonly treeChanges = new Table<TreeChange>('treeChange');
  readonly tasks = new AppTable<TaskRecord>('task', { changed: ({ appId }) => this.#noteChanged(appId) });
  readonly reservations = new AppTable<ReservationRecord>('reservation', {
    changed: ({ appId }) => this.#wake(appId),
  });
  readonly deployments = new DeploymentTable('deployment', {
    changed: ({ affectedApps }) => {
      for (const id of affectedApps) this.#wake(id);
    },
  });
  readonly drains = new Table<DrainRecord>('drain');
  readonly rebalances = new Table<RebalanceRecord>('rebalance');
  readonly preemptions = new Table<PreemptionRecord>('preemption');
  readonly guestWishes = new Table<GuestWishRecord>('guestWish');
  readonly stories = new Table<StoryRecord>('story');
  readonly #tables: Table<object>[] = [
    ...[this.framework, this.apps, this.appGroups, this.treeChanges, this.tasks, this.reservations, this.deployments],
    ...[this.drains, this.rebalances, this.preemptions, this.guestWishes, this.stories],
  ];

  /** `entries`: what the store holds, as written by earlier batches. Throws on a key of unknown kind. */
  constructor(entries: Iterable<[key: string, value: object]>) {
    const sharing = new Sharing();
    for (const [key, value] of entries) {
      const kind = key.slice(0, key.indexOf(':'));
      const table = this.#tables.find((candidate) => candidate.kind === kind);
      if (!table)
        throw new Error(
          `the store holds a record of unknown kind: "${key}". It was written by another version of GAIA`,
        );
      table.load(key.slice(kind.length + 1), sharing.record(kind, value));
    }
  }

  /** What is said of apps that are not there, or not yet, is for nobody to remember: names of apps come and go without end. */
  #wake(appId: string): void {
    if (this.apps.get(appId)) this.awake.wake(appId);
  }

  /** Of the app itself, which may be gone by now, or of a task of it. */
  #noteChanged(appId: string): void {
    if (this.apps.get(appId)) {
      this.awake.wake(appId);
      this.leaders.noteChanged(appId);
    } else {
      this.awake.forget(appId);
      this.leaders.forget(appId);
    }
  }

  get frameworkId(): string | null {
    return this.framework.get('id')?.id ?? null;
  }

  tasksOf(appId: string): readonly TaskRecord[] {
    return this.tasks.of(appId);
  }

  /** Those that are kept, without those that are given back. */
  reservationsOf(appId: string): ReservationRecord[] {
    return this.reservations.of(appId).filter(({ releasing }) => releasing === null);
  }

  deploymentsOf(appId: string): DeploymentRecord[] {
    return this.deployments.of(appId);
  }

  /** Everything changed since the last call. */
  drain(): Change[] {
    return this.#tables.flatMap((table) => table.drain());
  }
}
