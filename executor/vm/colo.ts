/**
 * One QEMU's part of a replicated guest, by QEMU's own checkpoints (COLO): `step(event) -> actions`. Pure. Who is primary and whether a
 * partner is lost, others decide: the log. What a round moves, and when it is committed, the relay in the stream knows.
 *
 *     alone --seed--> seeding --> primary --partnerLost--> parting --> alone
 *     awaiting ---------------> backup  --partnerLost--> parting --> alone
 *
 * A backup that never had the whole state is `useless`. When the stream breaks, QEMU waits to be told what that means: `severed`.
 */
import type { MigrationStatus, QmpCommand, QmpCommands } from './qmp-types.js';

export type ColoPhase =
  /** The guest is here only. */
  | 'alone'
  /** The guest runs, and its whole state is on its way to a backup. */
  | 'seeding'
  | 'awaiting'
  | 'primary'
  | 'backup'
  /** Told to go on alone, and not yet there. */
  | 'parting'
  | 'useless';

export type ColoEvent =
  /** Where the backup, or the relay in front of it, listens. */
  | { type: 'seed'; uri: string }
  | { type: 'partnerLost' }
  /** QEMU's events. */
  | { type: 'migration'; status: MigrationStatus }
  | { type: 'resumed' }
  | { type: 'coloExited' }
  /** QEMU refused a command. */
  | { type: 'refused'; command: QmpCommand; message: string };

type Execute = {
  [Name in QmpCommand]: { type: 'execute'; command: Name; takes: QmpCommands[Name]['takes'] };
}[QmpCommand];

export type ColoAction =
  | Execute
  /** `reason`: why it is not what was wanted. */
  | { type: 'entered'; phase: ColoPhase; reason: string | null }
  /** The stream to the partner broke; the guest may stand still until `partnerLost`. */
  | { type: 'severed' };

/** So soon after a round QEMU asks for the next one. Its guest runs meanwhile, until gaia-vm begins that. */
const checkpointDelayMs = 4;
/** Of announcements when a backup goes on: the guest, which has better to do then, would send ARP and IPv6 for each, and no switch needs them. */
const announceRounds = 0;
/** Bytes a second; QEMU's own default would slow a seed down. */
const bandwidthMax = 2 ** 40;

export class Colo {
  phase: ColoPhase;
  private severed = false;
  /** Of parting: QEMU has left COLO, and its guest runs. */
  private left = false;
  private runs = false;
  private actions: ColoAction[] = [];

  /** `awaiting`: QEMU was started with `-incoming defer`. */
  constructor(phase: 'alone' | 'awaiting') {
    this.phase = phase;
  }

  /** What a backup does first: listens at `uri`. */
  static listening(uri: string): { colo: Colo; actions: ColoAction[] } {
    const colo = new Colo('awaiting');
    colo.prepare();
    colo.execute('migrate-set-parameters', { 'announce-rounds': announceRounds });
    colo.execute('migrate-incoming', { uri });
    return { colo, actions: colo.actions };
  }

  step(event: ColoEvent): ColoAction[] {
    this.actions = [];
    (this.on[event.type] as (event: ColoEvent) => void)(event);
    return this.actions;
  }

  private readonly on: { [Type in ColoEvent['type']]: (event: Extract<ColoEvent, { type: Type }>) => void } = {
    seed: ({ uri }) => this.seed(uri),
    partnerLost: () => this.onPartnerLost(),
    migration: ({ status }) => this.onMigration(status),
    resumed: () => this.onResumed(),
    coloExited: () => this.onExited(),
    refused: ({ command, message }) => this.onRefused(command, message),
  };

  private seed(uri: string): void {
    if (this.phase !== 'alone') return;
    this.prepare();
    this.execute('migrate-set-parameters', { 'x-checkpoint-delay': checkpointDelayMs, 'max-bandwidth': bandwidthMax });
    this.execute('migrate', { uri });
    this.enter('seeding');
  }

  private prepare(): void {
    const capabilities = ['x-colo', 'events'].map((capability) => ({ capability, state: true }));
    this.execute('migrate-set-capabilities', { capabilities });
  }

  private onPartnerLost(): void {
    if (this.phase === 'seeding') this.execute('migrate_cancel', {});
    if (this.phase === 'awaiting') this.enter('useless', 'its partner was lost before the whole state was here');
    if (this.phase !== 'primary' && this.phase !== 'backup') return;
    this.left = this.runs = false;
    this.execute('x-colo-lost-heartbeat', {});
    this.enter('parting');
  }

  private onMigration(status: MigrationStatus): void {
    const ended = status === 'failed' || status === 'cancelled';
    if (this.phase === 'seeding' && ended) this.enter('alone', `seeding a backup ended with "${status}"`);
    if (this.phase === 'awaiting' && (ended || status === 'completed'))
      this.enter('useless', `the state's migration ended with "${status}"`);
    if (status === 'colo') this.onPaired();
    if (this.phase === 'parting' && status === 'completed') this.left = true;
    this.partIfDone();
  }

  /** The primary's guest stands still until its backup has started. */
  private onPaired(): void {
    if (this.phase === 'awaiting') this.enter('backup');
    if (this.phase === 'seeding') this.enter('primary');
  }

  private onResumed(): void {
    this.runs = true;
    this.partIfDone();
  }

  private onExited(): void {
    if (this.severed || (this.phase !== 'primary' && this.phase !== 'backup')) return;
    this.severed = true;
    this.actions.push({ type: 'severed' });
  }

  private partIfDone(): void {
    if (this.phase !== 'parting' || !this.left || !this.runs) return;
    this.severed = false;
    this.enter('alone');
  }

  private onRefused(command: QmpCommand, message: string): void {
    if (this.phase === 'seeding') this.enter('alone', message);
    else if (this.phase === 'awaiting') this.enter('useless', message);
    else if (this.phase === 'parting') this.enter('useless', `${command} was to let it go on alone: ${message}`);
  }

  private execute<Name extends QmpCommand>(command: Name, takes: QmpCommands[Name]['takes']): void {
    this.actions.push({ type: 'execute', command, takes } as Execute);
  }

  private enter(phase: ColoPhase, reason: string | null = null): void {
    this.phase = phase;
    this.actions.push({ type: 'entered', phase, reason });
  }
}
