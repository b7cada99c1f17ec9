/** A replicated guest as the scheduler sees it: roles in the log, how each member stands, who ends because it counts no more. */
import type { ExecutorOrder, GuestGroup, GuestReport } from '../../../executor/assignment.js';

type Standing = NonNullable<GuestReport['standing']>;

export class FakeGuest {
  epoch = 0;
  primary = 0;
  backup = 0;
  /** Seeds never end. */
  stuck = false;
  /** The first guest does not start, and offers are not heard. */
  dead = false;
  readonly standings = new Map<number, Standing>();
  /** Members whose executors have to end. */
  useless: number[] = [];
  /** The primary that an operator wants to end. */
  handedOver = 0;
  /** Seen by the primary; orders that it gets are lost when it is deaf. */
  synced = 0;
  deaf = false;
  /** Members that read no further in the log, and what they say therefore. */
  readonly behind = new Map<number, GuestReport>();

  start(member: number, { witness, firstPrimary }: GuestGroup, join: boolean): void {
    if (this.epoch === 0) Object.assign(this, { epoch: 1, primary: firstPrimary });
    if (!witness) this.standings.set(member, !join && member === firstPrimary ? 'alone' : 'awaiting');
  }

  end(member: number): void {
    this.standings.delete(member);
  }

  /** What the log says when this member leads; returns who is to lead in its place. */
  led(leader: number, works: (member: number) => boolean): number {
    if (leader === this.backup) this.takeOver(leader);
    if (leader !== this.primary) return [this.primary, this.backup].find((one) => one !== 0 && works(one)) ?? leader;
    if (this.backup !== 0 && !works(this.backup)) this.strike();
    return leader;
  }

  /** At the primary; returns who is to lead then. */
  order(order: ExecutorOrder): number {
    if (this.dead || this.deaf) return 0;
    const standing = this.standings.get(this.primary);
    if (order.type === 'syncGuest' && standing === 'covered') this.synced = order.request;
    if (order.type === 'offerBackup' && standing === 'alone' && this.standings.get(order.member) === 'awaiting') {
      Object.assign(this, { epoch: this.epoch + 1, backup: order.member });
      this.standings.set(this.primary, 'seeding');
    }
    if (order.type !== 'failOver' || standing !== 'covered' || this.backup !== order.toMember) return 0;
    this.handedOver = this.primary;
    return order.toMember;
  }

  /** A seed ends between two reports. */
  advance(): void {
    if (this.standings.get(this.primary) !== 'seeding' || this.stuck) return;
    this.standings.set(this.primary, 'covered');
    this.standings.set(this.backup, 'backup');
  }

  report(member: number): GuestReport | undefined {
    const old = this.behind.get(member);
    if (old) return old;
    const standing = this.standings.get(member);
    if (standing === undefined || (this.dead && standing === 'alone')) return undefined;
    const { epoch, primary, backup } = this;
    return {
      standing,
      relayPort: standing === 'awaiting' ? 7000 + member : 0,
      epoch,
      primary,
      backup,
      synced: member === primary ? this.synced : 0,
    };
  }

  private takeOver(leader: number): void {
    const hasState = this.standings.get(leader) === 'backup';
    this.useless.push(...(hasState ? [this.primary] : [this.primary, leader]));
    Object.assign(this, { epoch: this.epoch + 1, primary: leader, backup: 0 });
    if (hasState) this.standings.set(leader, 'alone');
  }

  private strike(): void {
    this.useless.push(this.backup);
    Object.assign(this, { epoch: this.epoch + 1, backup: 0 });
    this.standings.set(this.primary, 'alone');
  }
}
