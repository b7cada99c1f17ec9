/** Between a QEMU and colo.ts: has QEMU do what that says, one command after the other, and tells it what QEMU does. */
import { Colo, type ColoAction, type ColoEvent } from './colo.js';
import { type Qmp, QmpRefusal } from './qmp.js';
import type { QmpEvent } from './qmp-types.js';

/** What is told to whoever decides. `deaf`: QEMU has given no sign of life. */
export type ColoNews = Exclude<ColoAction, { type: 'execute' }> | { type: 'deaf' };

/** QEMU holds its lock while it saves or loads devices. */
const commandTimeoutMs = 60_000;
/** Shorter than a round may last: that a primary's own QEMU hangs is no reason to give its backup up. */
const deafMs = 15_000;

export class ColoLoop {
  private colo: Colo;
  private looks = false;
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly qmp: Qmp,
    private readonly tell: (news: ColoNews) => void,
  ) {
    this.colo = new Colo('alone');
  }

  get phase(): Colo['phase'] {
    return this.colo.phase;
  }

  /** For a QEMU that was started with `-incoming defer`: waits at `uri` for the state of a guest. Resolves when it does, or has refused. */
  listen(uri: string): Promise<void> {
    const { colo, actions } = Colo.listening(uri);
    this.colo = colo;
    this.perform(actions);
    return this.last;
  }

  happened(event: ColoEvent): void {
    this.perform(this.colo.step(event));
  }

  /** To be called from time to time: whether QEMU lives. */
  look(): void {
    if (this.looks) return;
    this.looks = true;
    this.qmp
      .execute('query-status', {}, deafMs)
      .catch(() => this.tell({ type: 'deaf' }))
      .finally(() => {
        this.looks = false;
      });
  }

  /** To be given every event of QEMU. */
  onQmpEvent(event: QmpEvent): void {
    if (event.event === 'MIGRATION') this.happened({ type: 'migration', status: event.data.status });
    if (event.event === 'RESUME') this.happened({ type: 'resumed' });
    if (event.event === 'COLO_EXIT') this.happened({ type: 'coloExited' });
  }

  private perform(actions: ColoAction[]): void {
    for (const action of actions) {
      if (action.type !== 'execute') this.tell(action);
      else this.last = this.last.then(() => this.execute(action));
    }
  }

  /** A connection that is over is told by the end of QEMU. */
  private async execute({ command, takes }: Extract<ColoAction, { type: 'execute' }>): Promise<void> {
    try {
      await this.qmp.execute(command, takes as never, commandTimeoutMs);
    } catch (error) {
      if (error instanceof QmpRefusal) this.happened({ type: 'refused', command, message: error.message });
    }
  }
}
