/** Agents of the embedded Mesos as machines: an agent, with all that it runs, is one. */
import { containerProcesses, killContainerProcesses } from '../../framework/mesos-local/agent/process-tree.js';
import type { LocalCluster } from '../../framework/mesos-local/cluster.js';
import type { Machines } from './platform.js';

export class EmbeddedMachines implements Machines {
  constructor(
    readonly cluster: LocalCluster,
    /** In the order of the cluster's. */
    readonly agents: readonly { hostname: string; attributes: string }[],
  ) {}

  async kill(host: string): Promise<void> {
    const index = this.#indexOf(host);
    // What it runs goes first: nothing is told of it.
    this.cluster.pauseAgent(index);
    await killContainerProcesses(this.#directoryOf(index), null);
    await this.cluster.killAgent(index);
  }

  start(host: string): Promise<void> {
    return this.cluster.restartAgent(this.#indexOf(host));
  }

  /** What stands still says no more than what is cut off. */
  async cutRackOf(host: string): Promise<() => Promise<void>> {
    const rack = this.agents[this.#indexOf(host)]?.attributes;
    const cut = [...this.agents.keys()].filter((index) => this.agents[index]?.attributes === rack);
    for (const index of cut) this.cluster.pauseAgent(index);
    const stopped = cut.flatMap((index) => containerProcesses(this.#directoryOf(index), null));
    for (const pid of stopped) process.kill(pid, 'SIGSTOP');
    return async () => {
      for (const pid of stopped) process.kill(pid, 'SIGCONT');
      for (const index of cut) this.cluster.resumeAgent(index);
    };
  }

  #indexOf(host: string): number {
    return this.agents.findIndex(({ hostname }) => hostname === host);
  }

  #directoryOf(index: number): string {
    return this.cluster.agents[index]?.workDirectory as string;
  }
}
