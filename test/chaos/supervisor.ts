/** Starts again what has ended and no strike has in hand, as an init system does: masters and schedulers end when they are fenced off. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../conformance/wait.js';
import type { Arena } from './strikes/arena.js';

const everyMs = 300;

export class Supervisor {
  #stopped = false;
  readonly #done: Promise<unknown>;

  constructor(
    private readonly arena: Arena,
    private readonly tell: (text: string) => void,
  ) {
    const { mesos, schedulers, zooKeeper } = arena.cluster;
    this.#done = Promise.all([
      this.#keep(
        'zookeeper-1',
        () => zooKeeper.pidOf(0),
        () => zooKeeper.run(0),
      ),
      ...mesos.masters.map((_, at) =>
        this.#keep(
          `master-${at + 1}`,
          () => mesos.masters[at]?.pid,
          () => mesos.restartMaster(at),
        ),
      ),
      ...mesos.agents.map((_, at) =>
        this.#keep(
          `agent-${at + 1}`,
          () => mesos.agents[at]?.pid,
          () => mesos.restartAgent(at),
        ),
      ),
      ...schedulers.map((_, at) =>
        this.#keep(
          `scheduler-${at + 1}`,
          () => schedulers[at]?.process.pid,
          () => arena.cluster.startScheduler(at),
        ),
      ),
    ]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #keep(name: string, pidOf: () => number | undefined, start: () => Promise<void> | void): Promise<void> {
    for (; !this.#stopped; await sleep(everyMs)) {
      const pid = pidOf();
      if (this.arena.isHeld(name) || (pid !== undefined && isRunning(pid))) continue;
      try {
        await start();
        this.tell(`${name} is started again`);
      } catch (error) {
        this.tell(`${name} does not start: ${(error as Error).message.split('\n')[0]}`);
      }
    }
  }
}
