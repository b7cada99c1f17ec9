/** Starts again what has ended and no strike has in hand, as an init system does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../conformance/wait.js';
import type { Kept } from './cluster.js';
import type { Arena } from './strikes/arena.js';

const everyMs = 300;

export class Supervisor {
  #stopped = false;
  readonly #done: Promise<unknown>;

  constructor(
    private readonly arena: Arena,
    private readonly tell: (text: string) => void,
  ) {
    this.#done = Promise.all(arena.cluster.kept.map((kept) => this.#keep(kept)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #keep({ name, pid: pidOf, start }: Kept): Promise<void> {
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
