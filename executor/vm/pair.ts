/**
 * What the control plane of one member with a guest does: `step(event, nowMs) -> actions`. Pure. Between `gaia-vm`, which says what the
 * log decided and what the relay does, and the guest's own QEMU (colo.ts).
 *
 *     a backup:   listens, is ready, has the state, and goes on alone when the log makes it primary
 *     a primary:  alone --offer--> dials, names the backup, seeds it, and is covered after a round; without it alone again;
 *                 when an operator wants its backup to be primary, it hands leadership over after one more round, and ends
 *
 * The backup is named before its seed begins: from then on output waits for a round, so that none of it leaves that the seed does not
 * have. A backup that was lost is struck from the log first; only then does the primary's guest go on without it. Rounds are begun by
 * `gaia-vm`, but for the first one, which ends the seed, and those that operators want.
 */
import isEqual from 'lodash/isEqual.js';
import type { GuestOrder, GuestReport, RoundReport } from '../assignment.js';
import type { ColoEvent, ColoPhase } from './colo.js';
import type { ColoNews } from './colo-loop.js';
import type { GuestStatus, PlaneLine, RelayStatus } from './plane-lines.js';
import { Wishes } from './wishes.js';

/** A backup that waits for the state of a guest, and where its end of the relay listens. */
export type Offer = Omit<Extract<GuestOrder, { type: 'offerBackup' }>, 'type'>;

export type PairEvent =
  | { type: 'plane'; line: PlaneLine }
  | { type: 'colo'; news: ColoNews }
  /** An offer is ignored unless this guest is alone, what operators want when there is no backup; so they are to be told again. */
  | GuestOrder
  | { type: 'time' };

/** `covered`: a backup is there that would go on. */
export type Standing = GuestReport['standing'];

export type PairAction =
  /** A line for gaia-vm. */
  | { type: 'order'; line: string }
  | { type: 'colo'; event: ColoEvent }
  /** It has changed. That of a backup with a port is to be offered to the primary. */
  | { type: 'guest'; guest: GuestReport }
  | { type: 'backupLost'; member: number; reason: string }
  | { type: 'notFailedOver'; reason: string }
  | { type: 'round'; round: RoundReport }
  /** Whether QEMU's main loop gives way to the guest's processors. */
  | { type: 'giveWay'; gives: boolean }
  /** This guest counts no more, and must end. `asked`: an operator wants it so. */
  | { type: 'useless'; reason: string; asked: boolean };

/** What had no effect is ordered again. */
const repeatMs = 500;
/** Longer than `gaia-vm` takes to tell of a round that it has been given. */
const givenLimitMs = 5000;

export class Pair {
  private guest: GuestStatus | null = null;
  private relay: RelayStatus = { end: null, port: 0, why: '' };
  private relayEndedMs = 0;
  private phase: ColoPhase;
  private told: GuestReport | null = null;
  private offer: Offer | null = null;
  /** Why the offered backup is given up. */
  private lost: string | null = null;
  /** In which phase QEMU was told so. */
  private lostToldIn: ColoPhase | null = null;
  private dialed = false;
  /** A round has ended. */
  private covered = false;
  private givesWay = false;
  /** The log has had this member as primary, as backup. */
  private wasPrimary = false;
  private wasBackup = false;
  private over = false;
  private readonly wishes = new Wishes();
  private readonly orderedMs = new Map<string, number>();
  private nowMs = 0;
  private actions: PairAction[] = [];

  /** `self`: member number. `migration`: where QEMU is told to migrate to. `hasDisk`: the guest's, of which a seed does not bring all. */
  constructor(
    private readonly self: number,
    start: 'alone' | 'awaiting',
    private readonly migration: string,
    private readonly hasDisk = false,
  ) {
    this.phase = start;
  }

  /** `nowMs` never goes back. */
  step(event: PairEvent, nowMs: number): PairAction[] {
    this.actions = [];
    if (this.over) return [];
    this.nowMs = nowMs;
    if (event.type === 'plane') this.onPlane(event.line);
    if (event.type === 'colo') this.onColo(event.news);
    if (event.type === 'offerBackup') this.onOffer(event);
    if (event.type === 'syncGuest') this.wishes.wantRound(event.request);
    if (event.type === 'failOver') this.onFailOver(event.toMember);
    if (this.guest !== null && !this.over) this.attend(this.guest);
    if (this.guest !== null && !this.over) this.tellGuest(this.guest);
    return this.actions;
  }

  private onPlane(line: PlaneLine): void {
    if (line.type === 'guest') this.guest = line.guest;
    if (line.type === 'round') this.onRound(line.round);
    if (line.type === 'relay') this.onRelay(line.relay);
    if (line.type === 'refused') this.onRefused(line.order, line.message);
    if (line.type === 'fatal') this.end(`gaia-vm ended: ${line.message}`);
  }

  private onRound(round: RoundReport): void {
    this.actions.push({ type: 'round', round });
    if (this.offer === null || this.lost !== null) return;
    this.covered = true;
    this.giveWay(round.sleeps);
    this.wishes.roundEnded(round.trigger, this.nowMs);
  }

  private onRelay(relay: RelayStatus): void {
    this.relay = relay;
    if (relay.end !== null) return;
    this.relayEndedMs = this.nowMs;
    const reason = `the relay has ended: ${relay.why}`;
    if (this.phase === 'awaiting') this.end(reason);
    else this.lose(reason);
  }

  /** Other orders are repeated as long as they are needed. */
  private onRefused(order: string, message: string): void {
    const reason = `gaia-vm refused "${order}": ${message}`;
    if (order === 'listen') this.end(reason);
    if (order.startsWith('dial ')) this.lose(reason);
  }

  private onColo(news: ColoNews): void {
    if (news.type === 'severed') this.lose('the stream between the two QEMUs broke');
    if (news.type === 'deaf' && this.standing === 'covered') this.end('its QEMU does not answer; its backup goes on');
    if (news.type !== 'entered') return;
    this.phase = news.phase;
    if (news.phase === 'primary') this.actions.push({ type: 'order', line: 'round seed' });
    if (news.phase === 'backup' && !this.hasDisk) this.actions.push({ type: 'order', line: 'seeded' });
    if (news.phase === 'useless') this.end(news.reason ?? 'QEMU has no whole guest');
    if (news.phase === 'alone' && news.reason !== null) this.lose(news.reason);
  }

  private onOffer(offer: Offer): void {
    const alone = this.guest?.primary === this.self && this.guest.backup === 0 && this.phase === 'alone';
    if (!alone || this.offer !== null || this.relay.end !== null) return;
    this.offer = offer;
    this.lost = this.lostToldIn = null;
    this.relay = { end: null, port: 0, why: '' };
    this.dialed = this.covered = false;
  }

  private onFailOver(member: number): void {
    if (this.standing === 'covered' && this.offer?.member === member) this.wishes.wantHeir(member);
  }

  private lose(reason: string): void {
    if (this.offer === null) return;
    this.lost ??= reason;
    this.giveWay(false);
  }

  /**
   * While the backup's guest sleeps, what the guest says waits for a round. Sooner taken by its card it costs more: of a memcached each answer in a
   * segment and an interrupt of its own. A thread that a seed begins has the main loop's priority, so it is the usual one then.
   */
  private giveWay(gives: boolean): void {
    if (gives === this.givesWay) return;
    this.givesWay = gives;
    this.actions.push({ type: 'giveWay', gives });
  }

  private end(reason: string, asked = false): void {
    this.over = true;
    this.actions.push({ type: 'useless', reason, asked });
  }

  private attend(guest: GuestStatus): void {
    // A cut that the log brought after its session had ended would keep inputs back for ever.
    if (guest.cut !== 0 && this.relay.end === null) this.order(`abandoned ${guest.cut}`);
    if (guest.primary === this.self) this.lead(guest);
    else this.follow(guest);
  }

  private follow(guest: GuestStatus): void {
    const struck = this.wasBackup && guest.backup !== this.self;
    this.wasBackup ||= guest.backup === this.self;
    if (this.wasPrimary)
      this.end(`the log has made member ${guest.primary} the primary`, this.wishes.wasHandedTo(guest.primary));
    else if (struck)
      this.end(
        `the primary goes on without this backup${this.relay.why && `; the relay has ended: ${this.relay.why}`}`,
      );
    else if (this.isForsaken(guest))
      this.end("the primary was lost before a round had given this backup its guest's disk");
  }

  /** The log makes no member the primary that has not all of the guest, and one whose relay has ended gets no more of it. */
  private isForsaken(guest: GuestStatus): boolean {
    const lacks = this.hasDisk && this.phase === 'backup' && guest.round === 0 && this.relay.end === null;
    return lacks && this.nowMs - this.relayEndedMs >= givenLimitMs;
  }

  private lead(guest: GuestStatus): void {
    this.wasPrimary = true;
    if (this.offer === null || this.lost !== null) this.goOnAlone(guest);
    else if (this.phase === 'alone') this.approach(guest, this.offer);
    else if (this.covered) this.attendWishes();
  }

  private attendWishes(): void {
    const heir = this.wishes.handOverTo;
    if (this.wishes.givesUp(this.nowMs))
      this.actions.push({ type: 'notFailedOver', reason: `member ${heir} did not take over` });
    else if (heir !== 0) this.order(`transfer ${heir}`);
    else {
      const trigger = this.wishes.takeTrigger();
      if (trigger !== null) this.actions.push({ type: 'order', line: `round ${trigger}` });
    }
  }

  private approach(guest: GuestStatus, { member, host, port }: Offer): void {
    if (!this.dialed) this.actions.push({ type: 'order', line: `dial ${member} ${host} ${port}` });
    this.dialed = true;
    if (this.relay.end === null) return;
    if (guest.backup !== member) this.order(`backup ${member}`);
    else this.actions.push({ type: 'colo', event: { type: 'seed', uri: this.migration } });
  }

  /** Also what a backup does that has become the primary. */
  private goOnAlone(guest: GuestStatus): void {
    this.wishes.forget();
    if (this.relay.end !== null) this.order('part');
    if (guest.backup !== 0) this.order('backup 0');
    else if (this.phase !== 'alone') this.tellLost();
    else if (this.relay.end === null) this.forgetOffer();
  }

  private forgetOffer(): void {
    if (this.offer === null) return;
    const relay = this.relay.why;
    const reason = this.lost?.includes(relay) ? this.lost : `${this.lost}; the relay then ended ${relay}`;
    this.actions.push({ type: 'backupLost', member: this.offer.member, reason });
    this.offer = null;
  }

  private tellLost(): void {
    if (this.lostToldIn === this.phase) return;
    this.lostToldIn = this.phase;
    this.actions.push({ type: 'colo', event: { type: 'partnerLost' } });
  }

  /** At once, and again while it has no effect. */
  private order(line: string): void {
    const last = this.orderedMs.get(line);
    if (last !== undefined && this.nowMs - last < repeatMs) return;
    for (const [other, sinceMs] of this.orderedMs) if (this.nowMs - sinceMs >= repeatMs) this.orderedMs.delete(other);
    this.orderedMs.set(line, this.nowMs);
    this.actions.push({ type: 'order', line });
  }

  private tellGuest({ epoch, primary, backup }: GuestStatus): void {
    const { standing, relay, wishes } = this;
    const relayPort = standing === 'awaiting' && relay.end === 'backup' ? relay.port : 0;
    const guest = { standing, relayPort, epoch, primary, backup, synced: wishes.synced };
    if (isEqual(guest, this.told)) return;
    this.told = guest;
    this.actions.push({ type: 'guest', guest });
  }

  private get standing(): Standing {
    const { phase } = this;
    if (phase === 'awaiting' || phase === 'backup') return phase;
    if (phase === 'alone' || this.offer === null || this.lost !== null) return 'alone';
    return this.covered ? 'covered' : 'seeding';
  }
}
