/** A replicated guest that is an app of a local cluster, as users see it. */
import { readFileSync } from 'node:fs';
import { containerProcesses } from '../../framework/mesos-local/agent/process-tree.js';
import type { GuestView } from '../../framework/service.js';
import { type Replica, type System, until } from '../e2e/system.js';
import { directoryOf } from '../proc.js';
import { patienceMs } from './machine.js';

export type Member = Replica & { guest?: { standing: string | null } };

/** What the API says of a replicated guest; `members` run. */
export interface Told {
  state: string;
  generation: number;
  /** Why the guest is; null: it is not. */
  lost: string | null;
  guest: GuestView;
  members: Member[];
}

export class GuestApp {
  constructor(
    readonly system: System,
    readonly id: string,
  ) {}

  async told(): Promise<Told> {
    const { group, replicas } = await this.system.group(this.id);
    const { state, generation, lost, guest } = group as unknown as Omit<Told, 'members'>;
    return { state, generation, lost, guest, members: replicas.filter((one) => one.state === 'TASK_RUNNING') };
  }

  /** Of three running members, the primary not being `notMember`. */
  covered(notMember = 0): Promise<Told> {
    return until(`${this.id} is covered`, 4 * patienceMs, async () => {
      const now = await this.told();
      if (now.state === 'whole' && now.guest.covered && now.guest.primary !== notMember) return now;
      throw new Error(JSON.stringify([now.state, now.guest, now.members.map(({ slot, guest }) => [slot, guest])]));
    });
  }

  /** As when its machine loses power: the executor, and all that it has started, in one sandbox. */
  lose(member: Member): void {
    for (const one of this.processesOf(member)) process.kill(one, 'SIGKILL');
  }

  /** Loses the primary in the seed of a backup, whose QEMU stands still, so that it does not have the whole of it. Returns who hangs. */
  async loseInSeed(): Promise<number> {
    const awaits = await until('a backup waits for a seed', 4 * patienceMs, async () => {
      const { members } = await this.told();
      return members.find(({ guest }) => guest?.standing === 'awaiting');
    });
    for (const one of this.processesOf(awaits as Member)) if (isQemu(one)) process.kill(one, 'SIGSTOP');
    const seeds = await until('the primary seeds it', patienceMs, async () => {
      const member = primary(await this.told());
      return member?.guest?.standing === 'seeding' ? member : null;
    });
    this.lose(seeds);
    return (awaits as Member).member;
  }

  private processesOf({ pid }: Member): number[] {
    const sandbox = directoryOf(pid as number);
    return containerProcesses(this.system.directory, null).filter((one) => directoryOf(one) === sandbox);
  }
}

const isQemu = (pid: number): boolean =>
  readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('/usr/bin/qemu-system');

export const inSlot = ({ members }: Told, slot: number): Member => members.find((one) => one.slot === slot) as Member;

export const primary = ({ members, guest }: Told): Member =>
  members.find(({ member }) => member === guest.primary) as Member;
