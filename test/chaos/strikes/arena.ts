/** What nemeses see of the system, and what they have in hand. */
import { groups } from '../apps.js';
import type { Cluster } from '../cluster.js';
import { type GroupState, refusal } from '../gate.js';
import type { OwnCluster } from '../own-cluster.js';
import { nameOf, type ReplicaProcess } from '../replica-processes.js';

/** What a strike does when its time is over. */
export type End = () => void | Promise<void>;

export interface Struck {
  target: string;
  end?: End;
  /** Why nothing came of it, as far as is known. */
  missed?: string;
}

/** Begins a strike on the one that `pick` says. */
export type Begin = (arena: Arena, pick: number) => Promise<Struck> | Struck;

/** There is nothing that can be struck now; the run goes on. */
export class Skipped extends Error {}

/** Nor later: this machine, or this run, has nothing of the kind. */
export class Impossible extends Skipped {}

export class Arena {
  /** Machines and processes that a strike has in hand. */
  readonly #held = new Set<string>();
  /** Processes that strikes have ended, or what ends with those, and when. */
  readonly struckMs = new Map<number, number>();
  /** Members whose disks have failed a synchronisation, by name: the process that was told so. */
  readonly distrusted = new Map<string, number>();

  constructor(readonly cluster: Cluster) {}

  /** @throws Impossible if they are somebody else's */
  get machines(): OwnCluster {
    if (this.cluster.machines === null) throw new Impossible("machines, masters and agents are somebody else's");
    return this.cluster.machines;
  }

  replicas(): ReplicaProcess[] {
    return this.cluster.replicas();
  }

  pick<T>(list: readonly T[], pick: number, what: string): T {
    if (list.length === 0) throw new Skipped(`there is no ${what}`);
    return list[pick % list.length] as T;
  }

  isHeld(name: string): boolean {
    return this.#held.has(name);
  }

  /** No other strike may have it meanwhile. */
  hold(name: string): End {
    if (this.#held.has(name)) throw new Skipped(`${name} is struck already`);
    this.#held.add(name);
    return () => {
      this.#held.delete(name);
    };
  }

  /** While a member may be lost at any moment nobody takes another one out. */
  holdMembers({ group }: { group: string }): End {
    return this.hold(membersOf(group.split('@')[0] as string));
  }

  /** @throws Skipped if a strike may cost the group a member any time now */
  requireSteady(id: string): void {
    if (this.isHeld(membersOf(id))) throw new Skipped(`${id} may lose a member any time now`);
  }

  /** @throws Skipped if a group could not bear that these are lost; `forGood`: with what their disks hold */
  requireLosable(victims: readonly ReplicaProcess[], { forGood = false } = {}): Promise<void> {
    return this.#require(victims, forGood, (id) => this.isHeld(membersOf(id)));
  }

  /**
   * As `holdMembers`, of one that the group can bear to lose.
   *
   * @throws Skipped if it cannot; then nothing is held
   */
  async holdLosable(victim: ReplicaProcess, { forGood = false } = {}): Promise<End> {
    const release = this.holdMembers(victim);
    try {
      await this.#require([victim], forGood, () => false);
      return release;
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** That it ends is a strike's doing, from now on. */
  blame(pid: number): void {
    this.struckMs.set(pid, performance.now());
  }

  kill(pid: number): void {
    this.blame(pid);
    signal(pid, 'SIGKILL');
  }

  /** Nobody knows any more what its disk holds. */
  distrust(member: ReplicaProcess): void {
    this.distrusted.set(nameOf(member), member.pid);
  }

  /** SIGSTOP, until its end. */
  pause(pid: number): End {
    const release = this.hold(`process ${pid}`);
    if (!signal(pid, 'SIGSTOP')) {
      void release();
      throw new Skipped(`process ${pid} has ended`);
    }
    return () => {
      signal(pid, 'SIGCONT');
      return release();
    };
  }

  async #require(victims: readonly ReplicaProcess[], forGood: boolean, isAtRisk: (id: string) => boolean) {
    const states = await this.#groupStates();
    const atRisk = states.map((state) => ({ ...state, isAtRisk: isAtRisk(state.id) }));
    const reason = refusal(victims, atRisk, forGood);
    if (reason !== null) throw new Skipped(reason);
  }

  #groupStates(): Promise<GroupState[]> {
    return Promise.all(
      groups.map(async ({ id, durability }) => ({ id, durability, isWhole: await this.#isWhole(id) })),
    );
  }

  async #isWhole(id: string): Promise<boolean> {
    try {
      const { group, replicas } = await this.cluster.api.group(id);
      const living = this.replicas();
      const lives = ({ slot, member }: { slot: number; member: number }) =>
        living.some((one) => one.group === `${id}@${group.generation}` && one.slot === slot && one.member === member);
      return group.state === 'whole' && replicas.every((one) => lives(one) && one.state === 'TASK_RUNNING');
    } catch {
      return false;
    }
  }
}

const membersOf = (id: string): string => `members of ${id}`;

export const inOrder =
  (...ends: End[]): End =>
  async () => {
    for (const end of ends) await end();
  };

/** False: it had ended. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
