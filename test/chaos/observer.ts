/** Looks at processes and at what the scheduler says of them, all the time, and has the invariants judge it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { groups, plainApps } from './apps.js';
import { Invariants, type SeenReport } from './invariants.js';
import type { Arena } from './strikes/arena.js';
import { TaskInvariants, type ToldApp } from './task-invariants.js';

const everyMs = 500;
const answerMaxMs = 1000;

interface ToldTask {
  replica: { report: SeenReport | null } | null;
}

export class Observer {
  readonly #replicas = new Invariants();
  readonly #tasks = new TaskInvariants();
  readonly #seen = new Set<string>();
  looks = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(private readonly arena: Arena) {
    this.#done = this.#run();
  }

  get violations(): { atMs: number; text: string }[] {
    return [...this.#replicas.violations, ...this.#tasks.violations].sort((one, other) => one.atMs - other.atMs);
  }

  /** Plain apps no task of which was ever seen as a process: nothing could be said of them. */
  get unseen(): string[] {
    return plainApps.flatMap(({ id }) => (this.#seen.has(id) ? [] : `no task of ${id}`));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    for (; !this.#stopped; await sleep(everyMs)) {
      const reports = (await Promise.all(groups.map(({ id }) => this.#reports(id)))).flat();
      const { struckMs, distrusted } = this.arena;
      const replicas = this.arena.replicas();
      this.#replicas.observe({ atMs: performance.now(), replicas, reports, struckMs, distrusted });
      const apps = (await Promise.all(plainApps.map(({ id }) => this.#told<ToldApp>(id)))).flatMap((app) => app ?? []);
      const processes = this.arena.cluster.tasks();
      for (const { app, volume } of processes) if (app !== '/chaos/kept' || volume !== null) this.#seen.add(app);
      this.#tasks.observe({ atMs: performance.now(), processes, apps });
      this.looks += 1;
    }
  }

  async #reports(id: string): Promise<SeenReport[]> {
    const app = await this.#told<{ tasks: ToldTask[] }>(id);
    return app?.tasks.flatMap(({ replica }) => replica?.report ?? []) ?? [];
  }

  /** Null while nobody answers. */
  async #told<App>(id: string): Promise<App | null> {
    try {
      const url = `${this.arena.cluster.api.apiUrl}/v2/apps${id}`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(answerMaxMs) });
      return answer.ok ? ((await answer.json()) as { app: App }).app : null;
    } catch {
      return null;
    }
  }
}
