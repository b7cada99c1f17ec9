/** Between `gaia-vm`, a guest's QEMU and pair.ts: has both do what that says, and tells it what they do. */
import type { GuestOrder } from '../assignment.js';
import { ColoLoop } from './colo-loop.js';
import { Pair, type PairAction, type PairEvent } from './pair.js';
import type { PlaneLine } from './plane-lines.js';
import type { Qmp } from './qmp.js';
import type { QmpEvent } from './qmp-types.js';

/** What is told to whoever hosts the member. */
export type PairNews = Exclude<PairAction, { type: 'order' | 'colo' | 'giveWay' }>;

/** For what is repeated or given up after a while. */
const tickMs = 100;
const lookMs = 2000;

export interface PairPlace {
  /** Member number. */
  self: number;
  /** The socket of `migration_socket` in vm.conf. */
  migrationSocket: string;
  /** Of the guest. */
  hasDisk: boolean;
  /** Has gaia-vm hear a line. */
  order: (line: string) => void;
  /** Has QEMU's main loop give way to the guest's processors, or no longer. */
  giveWay: (gives: boolean) => void;
  tell: (news: PairNews) => void;
}

export class PairLoop {
  private readonly colo: ColoLoop;
  private readonly timers: NodeJS.Timeout[];
  /** The first is under way. */
  private readonly events: PairEvent[] = [];

  private constructor(
    qmp: Qmp,
    private readonly place: PairPlace,
    private readonly pair: Pair,
  ) {
    this.colo = new ColoLoop(qmp, (news) => this.happened({ type: 'colo', news }));
    this.timers = [
      setInterval(() => this.happened({ type: 'time' }), tickMs),
      setInterval(() => this.colo.look(), lookMs),
    ];
    for (const timer of this.timers) timer.unref();
  }

  /** For a guest that runs. */
  static alone(qmp: Qmp, place: PairPlace): PairLoop {
    return new PairLoop(qmp, place, pairOf('alone', place));
  }

  /** For a QEMU that was started with `-incoming defer`. The relay calls QEMU, so QEMU listens first. */
  static async awaiting(qmp: Qmp, place: PairPlace): Promise<PairLoop> {
    const loop = new PairLoop(qmp, place, pairOf('awaiting', place));
    await loop.colo.listen(uriOf(place));
    place.order('listen');
    return loop;
  }

  /** To be given every line of gaia-vm, from its newest `guest` on. */
  onLine(line: PlaneLine): void {
    this.happened({ type: 'plane', line });
  }

  /** To be given every event of QEMU. */
  onQmpEvent(event: QmpEvent): void {
    this.colo.onQmpEvent(event);
  }

  obey(order: GuestOrder): void {
    this.happened(order);
  }

  close(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  /** What happens while actions are performed waits for the rest of them: else it would be told before what led to it. */
  private happened(event: PairEvent): void {
    this.events.push(event);
    if (this.events.length > 1) return;
    for (let next: PairEvent | undefined = event; next !== undefined; next = this.events[0]) {
      for (const action of this.pair.step(next, performance.now())) this.perform(action);
      this.events.shift();
    }
  }

  private perform(action: PairAction): void {
    if (action.type === 'order') this.place.order(action.line);
    else if (action.type === 'colo') this.colo.happened(action.event);
    else if (action.type === 'giveWay') this.place.giveWay(action.gives);
    else this.place.tell(action);
  }
}

const uriOf = ({ migrationSocket }: PairPlace) => `unix:${migrationSocket}`;

const pairOf = (start: 'alone' | 'awaiting', place: PairPlace) =>
  new Pair(place.self, start, uriOf(place), place.hasDisk);
