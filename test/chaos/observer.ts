/** Looks at processes and at what the scheduler says of them, all the time, and has the invariants judge it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { groups } from './apps.js';
import { Invariants, type SeenReport } from './invariants.js';
import type { Arena } from './strikes/arena.js';

const everyMs = 500;
const answerMaxMs = 1000;

interface ToldTask {
  replica: { report: SeenReport | null } | null;
}

export class Observer {
  readonly invariants = new Invariants();
  looks = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(private readonly arena: Arena) {
    this.#done = this.#run();
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
      this.invariants.observe({ atMs: performance.now(), replicas, reports, struckMs, distrusted });
      this.looks += 1;
    }
  }

  /** None while nobody answers. */
  async #reports(id: string): Promise<SeenReport[]> {
    try {
      const url = `${this.arena.cluster.api.apiUrl}/v2/apps${id}`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(answerMaxMs) });
      if (!answer.ok) return [];
      const { app } = (await answer.json()) as { app: { tasks: ToldTask[] } };
      return app.tasks.flatMap(({ replica }) => replica?.report ?? []);
    } catch {
      return [];
    }
  }
}
