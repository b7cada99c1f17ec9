/** How QEMU's main loop, which has a guest's devices, stands against the guest's own processors where processors are scarce. */
import { getPriority, setPriority } from 'node:os';

/**
 * Steps of nice(1): a fifth of what a thread of the usual priority gets where all want more. Four were worth half as much, ten little more; but what
 * others of its cgroup leave to the main loop bounds the guest, too.
 */
const steps = 7;

/** On Linux the number of a process names its first thread alone, which is QEMU's main loop. */
export class MainLoop {
  private readonly usual: number | null;

  constructor(private readonly pid: number) {
    this.usual = attempt(() => getPriority(pid));
  }

  /** Or no longer. Nothing changes where this process may not undo it, or QEMU is gone. */
  giveWay(gives: boolean): void {
    const { pid, usual } = this;
    if (usual === null) return;
    attempt(() => {
      if (gives) setPriority(pid, Math.max(-20, usual - 1)); // who may do this may come back, too
      setPriority(pid, gives ? Math.min(19, usual + steps) : usual);
    });
  }
}

function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}
