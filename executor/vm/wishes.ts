/** What operators want of the primary of a pair: a round now, or that its backup becomes the primary. Pure. */

/** From the order to hand over; then the pair goes on as it was. */
export const handOverLimitMs = 5000;

interface Heir {
  member: number;
  /** A round that began after the wish has ended, at `sinceMs`. */
  ready: boolean;
  sinceMs: number;
}

export class Wishes {
  /** The newest request for a round that one has answered; 0: none. */
  synced = 0;
  private wanted = 0;
  private heir: Heir | null = null;
  /** Who was told to take over; the stream to it may end before the log says that it has. */
  private handedTo = 0;
  /** What the round that was ordered is for. */
  private ordered: { trigger: string; request: number; heir: Heir | null } | null = null;

  /** The same request again changes nothing. */
  wantRound(request: number): void {
    this.wanted = request;
  }

  wantHeir(member: number): void {
    this.heir ??= { member, ready: false, sinceMs: 0 };
  }

  /** What a round is to begin for; told once, until that has ended. */
  takeTrigger(): 'operator' | 'failover' | null {
    const { trigger } = this;
    if (trigger === null || this.ordered !== null) return null;
    this.ordered = { trigger, request: this.wanted, heir: this.heir };
    return trigger;
  }

  private get trigger(): 'operator' | 'failover' | null {
    if (this.wanted !== this.synced) return 'operator';
    return this.heir !== null && !this.heir.ready ? 'failover' : null;
  }

  /** Who is to take over now; 0: nobody. Rounds wait until that is done or given up. */
  get handOverTo(): number {
    return this.heir?.ready && this.trigger === null ? this.heir.member : 0;
  }

  /** Has it become the primary because an operator wanted it? */
  wasHandedTo(member: number): boolean {
    return this.handedTo === member;
  }

  roundEnded(trigger: string, nowMs: number): void {
    if (this.ordered?.trigger !== trigger) return;
    this.synced = this.ordered.request;
    const { heir } = this.ordered;
    this.ordered = null;
    if (heir === null) return;
    Object.assign(heir, { ready: true, sinceMs: nowMs });
    this.handedTo = heir.member;
  }

  /** True once when the heir has not taken over in time. */
  givesUp(nowMs: number): boolean {
    if (this.handOverTo === 0 || nowMs - (this.heir as Heir).sinceMs <= handOverLimitMs) return false;
    this.heir = null;
    this.handedTo = 0;
    return true;
  }

  /** Without a backup none of it can be done. */
  forget(): void {
    this.wanted = this.synced;
    this.heir = this.ordered = null;
  }
}
