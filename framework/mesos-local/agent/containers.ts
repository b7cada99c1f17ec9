import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fchownSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { CommandInfo } from '../../mesos-http-client/types.js';
import { commandLine } from '../command-line.js';
import { fetchUri } from './fetcher.js';
import { containerProcesses, identify, isAlive, killContainerProcesses } from './process-tree.js';
import { type Account, accountFor, createSandbox } from './sandbox.js';
import type { ContainerProcess } from './state.js';

const ADOPTED_POLL_MS = 200;

export interface ContainerListener {
  started(containerId: string, process: ContainerProcess): void;
  failed(containerId: string, message: string, dropped: boolean): void;
  exited(containerId: string, status: number | null): void;
}

export interface ContainerOrder {
  containerId: string;
  sandbox: string;
  command: CommandInfo;
  /** Empty: the agent's user. */
  user: string;
  environment: Record<string, string>;
  /** Puts volumes into the sandbox. */
  link(account: Account | null): void;
}

interface Container {
  sandbox: string;
  process: ContainerProcess | null;
}

/** Executors as processes: each leads a session of its own, so that it outlives the agent and can be found again. */
export class Containers {
  readonly #containers = new Map<string, Container>();
  readonly #adopted = new Set<string>();
  /** Whose files are on their way. */
  readonly #fetching = new Map<string, AbortController>();
  readonly #listener: ContainerListener;
  #poll: NodeJS.Timeout | null = null;

  constructor(listener: ContainerListener) {
    this.#listener = listener;
  }

  start(order: ContainerOrder): void {
    const { containerId, sandbox, user } = order;
    let account: Account | null;
    try {
      account = accountFor(user);
      createSandbox(sandbox, account);
    } catch (error) {
      const text = `Failed to create executor directory '${sandbox}': ${(error as Error).message}`;
      this.#listener.failed(containerId, text, true);
      return;
    }
    void this.#launch(order, account);
  }

  async #launch(order: ContainerOrder, account: Account | null): Promise<void> {
    const { containerId } = order;
    try {
      order.link(account);
      await this.#fetch(order, account);
      this.#spawn(order, account);
    } catch (error) {
      const text = `Failed to launch container: ${(error as Error).message}`;
      this.#listener.failed(containerId, text, false);
    }
  }

  /** Waits only if there is something to fetch. @throws Error in Mesos' words, and why */
  async #fetch({ containerId, sandbox, command }: ContainerOrder, account: Account | null): Promise<void> {
    const uris = command.uris ?? [];
    if (uris.length === 0) return;
    const abort = new AbortController();
    this.#fetching.set(containerId, abort);
    try {
      for (const uri of uris) await fetchUri(uri, { sandbox, account, signal: abort.signal });
    } catch (error) {
      throw new Error(`Failed to fetch all URIs for container '${containerId}': ${(error as Error).message}`);
    } finally {
      this.#fetching.delete(containerId);
    }
  }

  #spawn({ containerId, sandbox, command, environment }: ContainerOrder, account: Account | null): void {
    const outputs = ['stdout', 'stderr'].map((name) => openSync(join(sandbox, name), 'a', 0o644));
    if (account) for (const output of outputs) fchownSync(output, account.uid, account.gid);
    const { file, argv } = commandLine(command);
    const child = spawn(file, argv.slice(1), {
      argv0: argv[0] ?? file,
      cwd: sandbox,
      env: environment,
      detached: true,
      stdio: ['ignore', ...(outputs as [number, number])],
      ...account,
    });
    for (const output of outputs) closeSync(output);
    this.#watch(containerId, sandbox, child);
  }

  #watch(containerId: string, sandbox: string, child: ChildProcess): void {
    child.once('error', (error) => {
      if (child.pid !== undefined) return;
      this.#listener.failed(containerId, `Failed to launch container: ${error.message}`, false);
    });
    const { pid } = child;
    if (pid === undefined) return;
    const process = identify(pid) ?? { pid, startTicks: 0 };
    this.#containers.set(containerId, { sandbox, process });
    child.once('exit', (code, signal) => {
      const status = code !== null ? code << 8 : (constants.signals[signal as NodeJS.Signals] ?? 0);
      void this.#finish(containerId, status);
    });
    child.unref();
    this.#listener.started(containerId, process);
  }

  /** The executor has ended; whatever it left behind ends too, so that its ports and files are free. */
  async #finish(containerId: string, status: number | null): Promise<void> {
    const container = this.#containers.get(containerId);
    if (!container) return;
    this.#containers.delete(containerId);
    this.#adopted.delete(containerId);
    await killContainerProcesses(container.sandbox, container.process);
    this.#listener.exited(containerId, status);
  }

  /** Takes over an executor that an earlier life of this agent started. Its end can be seen, its status cannot. */
  adopt(containerId: string, sandbox: string, process: ContainerProcess | null): void {
    this.#containers.set(containerId, { sandbox, process });
    this.#adopted.add(containerId);
    this.#poll ??= setInterval(() => this.#pollAdopted(), ADOPTED_POLL_MS);
  }

  #pollAdopted(): void {
    for (const containerId of [...this.#adopted]) {
      const container = this.#containers.get(containerId);
      if (!container?.process || !isAlive(container.process)) {
        this.#adopted.delete(containerId);
        void this.#finish(containerId, null);
      }
    }
    if (this.#adopted.size > 0 || !this.#poll) return;
    clearInterval(this.#poll);
    this.#poll = null;
  }

  async kill(containerId: string): Promise<void> {
    this.#fetching.get(containerId)?.abort(new Error('the container is destroyed'));
    const container = this.#containers.get(containerId);
    if (container) await killContainerProcesses(container.sandbox, container.process);
  }

  /** Ends all containers and waits for it. */
  async killAll(): Promise<void> {
    const all = [...this.#containers.keys(), ...this.#fetching.keys()];
    await Promise.all(all.map((containerId) => this.kill(containerId)));
  }

  /** Processes of containers nobody knows any more, of sandboxes below `directory`. */
  async killStrangers(directory: string): Promise<void> {
    const known = [...this.#containers.values()].flatMap(({ sandbox, process }) =>
      containerProcesses(sandbox, process),
    );
    const strangers = containerProcesses(directory, null).filter((pid) => !known.includes(pid));
    for (const pid of strangers) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
  }
}
