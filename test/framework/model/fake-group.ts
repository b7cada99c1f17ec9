/** Consensus as the scheduler sees it: members, a configuration, a leader, orders. No log, no time. */
import type {
  ExecutorOrder,
  GuestGroup,
  GuestReport,
  MemberAddress,
  ReplicaAssignment,
  ReplicaReport,
} from '../../../executor/assignment.js';
import { quietReport } from '../../quiet-report.js';
import { FakeGuest } from './fake-guest.js';

interface Member {
  assignment: ReplicaAssignment;
  alive: boolean;
  /** Others can reach it. */
  connected: boolean;
}

export const majority = (count: number) => Math.floor(count / 2) + 1;

export class FakeGroup {
  readonly members = new Map<number, Member>();
  configuration: MemberAddress[] = [];
  index = 0;
  term = 0;
  leader = 0;
  /** Members that start and never catch up. */
  readonly stuck = new Set<number>();
  /** Whoever leads has not yet reached a majority of the newest configuration. */
  unsettled = false;
  /** Snapshots on their way, by member. */
  readonly joining = new Map<number, ReplicaReport['joining']>();

  /** Members, and slots whose members all, put out something else than the others. */
  readonly divergent = new Set<number>();
  readonly divergentSlots = new Set<number>();
  /** Members that notice no difference. */
  readonly silent = new Set<number>();

  /** Of a replicated guest; null: of a program. */
  guest: FakeGuest | null = null;

  constructor(readonly name: string) {}

  start(assignment: ReplicaAssignment, guest: GuestGroup | null): void {
    if (guest) {
      this.guest ??= new FakeGuest();
      this.guest.start(assignment.self.member, guest, assignment.join);
    }
    if (!assignment.join && this.configuration.length === 0)
      this.configuration = [assignment.self, ...assignment.peers];
    this.members.set(assignment.self.member, { assignment, alive: true, connected: true });
    this.settle();
  }

  end(member: number): void {
    const found = this.members.get(member);
    if (found) found.alive = false;
    this.guest?.end(member);
    this.settle();
  }

  connect(member: number, connected: boolean): void {
    const found = this.members.get(member);
    if (found) found.connected = connected;
    this.settle();
  }

  order(to: number, order: ExecutorOrder): void {
    if (to !== this.leader) return;
    if (order.type === 'transferLeadership' && this.active().some((member) => member === order.toMember))
      this.lead(order.toMember);
    if (order.type === 'removeMember' && this.configuration.length > 1 && order.member !== this.leader) {
      this.change(this.configuration.filter(({ member }) => member !== order.member));
    }
    const heir = to === this.guest?.primary ? this.guest.order(order) : 0;
    if (heir !== 0) this.lead(heir);
    this.settle();
  }

  /** Members of the configuration that work together. */
  active(): number[] {
    return this.configuration.map(({ member }) => member).filter((member) => this.works(member));
  }

  living(): number[] {
    return this.configuration.map(({ member }) => member).filter((member) => this.members.get(member)?.alive);
  }

  report(member: number): ReplicaReport | null {
    const found = this.members.get(member);
    if (!found?.alive) return null;
    const self = found.assignment.self;
    const counts = this.configuration.some((address) => address.member === member);
    return {
      group: this.name,
      pid: 1,
      slot: self.slot,
      member,
      role: member === this.leader ? this.leaderRole() : counts ? 'follower' : 'learner',
      term: this.term,
      leader: found.connected ? this.leader : 0,
      appliedIndex: this.stuck.has(member) ? 0 : this.index,
      committedIndex: this.index,
      lagEntries: 0,
      configurationIndex: found.connected ? this.index : 0,
      configuration: this.configuration,
      peers: this.configuration.map((address) => ({
        member: address.member,
        connected: this.works(address.member),
        transport: 'tcp',
        transportReason: '',
        appliedIndex: this.index,
      })),
      ...quietReport(),
      divergence: this.divergence(member),
      joining: this.joining.get(member) ?? null,
      metrics: null,
      ...(this.guest?.report(member) && { guest: this.guest.report(member) as GuestReport }),
    };
  }

  private divergence(member: number): ReplicaReport['divergence'] {
    const isStrange = (address: MemberAddress) =>
      this.divergent.has(address.member) || this.divergentSlots.has(address.slot);
    const own = this.configuration.find((address) => address.member === member);
    if (!own || this.silent.has(member)) return null;
    const other = this.configuration.find((address) => isStrange(address) !== isStrange(own));
    return other ? { index: 7, otherMember: other.member } : null;
  }

  /** Members that have ended and do not count. True: there are no others. */
  forgetEnded(): boolean {
    for (const [number, { alive }] of this.members) {
      if (alive || this.configuration.some(({ member }) => member === number)) continue;
      this.members.delete(number);
      this.removed.delete(number);
    }
    return [...this.members.values()].every(({ alive }) => !alive);
  }

  private leaderRole() {
    return this.unsettled ? 'candidate' : 'leader';
  }

  private works(member: number): boolean {
    const found = this.members.get(member);
    return found?.alive === true && found.connected;
  }

  /** Elects where a majority works together, and lets joiners in. */
  private settle(): void {
    const quorum = () => this.active().length >= majority(this.configuration.length);
    if (!quorum()) this.leader = 0;
    if (!this.active().includes(this.leader)) this.leader = 0;
    if (this.leader === 0 && quorum()) this.lead(Math.min(...this.active()));
    if (this.leader === 0) return;
    const better = this.guest?.led(this.leader, (member) => this.works(member)) ?? this.leader;
    if (better !== this.leader && this.active().includes(better)) {
      this.lead(better);
      this.guest?.led(better, (member) => this.works(member));
    }
    for (const [number, { assignment }] of this.members) {
      const known = this.configuration.some(({ member }) => member === number);
      if (!known && !this.stuck.has(number) && this.works(number) && assignment.join && !this.removed.has(number))
        this.change([...this.configuration, assignment.self]);
    }
  }

  private readonly removed = new Set<number>();

  private lead(member: number): void {
    this.leader = member;
    this.term += 1;
    if (this.index === 0) this.index = 1;
  }

  private change(configuration: MemberAddress[]): void {
    for (const { member } of this.configuration)
      if (!configuration.some((address) => address.member === member)) this.removed.add(member);
    this.configuration = configuration;
    this.index += 1;
    this.term += 1;
  }
}

/** By their names. */
export class FakeGroups extends Map<string, FakeGroup> {
  readonly #secrets = new Map<string, string>();

  /** Another one of the same name, of an app that was deleted and made again, has another secret. */
  of({ group: name, secretHex }: ReplicaAssignment): FakeGroup {
    const first = this.#secrets.get(name) ?? secretHex;
    this.#secrets.set(name, first);
    const key = first === secretHex ? name : `${name} ${secretHex}`;
    const group = this.get(key) ?? new FakeGroup(name);
    this.set(key, group);
    return group;
  }

  forgetEnded(): void {
    for (const [key, group] of this) if (group.forgetEnded()) this.delete(key);
  }
}

/** The consensus core refuses to. */
export const joinsNobody = ({ join, peers }: ReplicaAssignment): boolean => join && peers.length === 0;
