/** A replicated guest on three hosts of a campaign, which is the scheduler: it replaces members and offers backups. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ReplicaReport, Takeover } from '../../../executor/assignment.js';
import { witnessSlot } from '../../../framework/replicated-guest.js';
import { until } from '../../e2e/system.js';
import type { NamespaceHost } from '../../namespaces.js';
import { Hosted, type HostedGuest } from '../hosted.js';
import { patienceMs } from '../machine.js';

const terminal = ['TASK_FINISHED', 'TASK_FAILED', 'TASK_KILLED'];
/** Longer than a round may last before its backup is given up (executor/launch.ts). */
const coverLimitMs = 60_000;
const offerEveryMs = 500;
/** Of the beginning of a log, and of its end. */
const evidenceLines = 12;

export class CampaignGroup {
  readonly members: Hosted[] = [];
  private lastMember = 0;

  private constructor(
    readonly hosts: NamespaceHost[],
    private readonly directory: string,
    private readonly guest: HostedGuest,
    public primarySlot: number,
  ) {}

  static async start(hosts: NamespaceHost[], directory: string, guest: HostedGuest): Promise<CampaignGroup> {
    const group = new CampaignGroup(hosts, directory, guest, 0);
    const addresses = hosts.map((_, slot) => group.addressOf(slot));
    for (const self of addresses)
      group.members.push(
        await group.startMember(
          self,
          addresses.filter((one) => one !== self),
          false,
        ),
      );
    return group;
  }

  get primary(): Hosted {
    return this.members[this.primarySlot] as Hosted;
  }

  get backupSlot(): number {
    return witnessSlot - 1 - this.primarySlot;
  }

  get backup(): Hosted {
    return this.members[this.backupSlot] as Hosted;
  }

  /** Its task has ended, as far as its agent has heard. */
  hasEnded(slot: number): boolean {
    const state = this.members[slot]?.agent.states.at(-1);
    return state !== undefined && terminal.includes(state);
  }

  /** Offers the backup until its seed has begun. */
  async seed(): Promise<void> {
    const { primary, backup } = this;
    let offeredMs = 0;
    const ended = () => this.hasEnded(this.backupSlot);
    await until(`the seed begins; ${this.standings()}`, coverLimitMs, async () => {
      if (ended()) return true;
      if (performance.now() - offeredMs > offerEveryMs) {
        await primary.offer(backup);
        offeredMs = performance.now();
      }
      const standing = primary.guest?.standing;
      return standing === 'seeding' || standing === 'covered';
    });
    if (ended()) throw new Error(`the backup ended before its seed: ${backup.agent.updates.at(-1)?.message}`);
  }

  async cover(): Promise<void> {
    await this.seed();
    await this.primary.stands('covered', coverLimitMs);
  }

  /** How long the primary, which has just become it, took. */
  async takeover(): Promise<Takeover> {
    const told = () => Promise.resolve(this.primary.metrics?.takeover);
    return (await until(`the primary says how it took over; ${this.standings()}`, patienceMs, told)) as Takeover;
  }

  /** The member of the slot is one of the log's. */
  async counts(slot: number): Promise<void> {
    const { member } = (this.members[slot] as Hosted).self;
    await until(`member ${member} counts; ${this.standings()}`, coverLimitMs, async () =>
      this.configuration()?.some((one) => one.member === member),
    );
  }

  /** As the primary has told it last. */
  private configuration(): ReplicaReport['configuration'] | undefined {
    const told = this.primary.agent.updates.findLast(({ data }) => data !== undefined);
    return told && this.primary.agent.report(told).configuration;
  }

  /** The log knows the member no more. */
  async strike(slot: number): Promise<void> {
    const { member } = (this.members[slot] as Hosted).self;
    this.primary.order({ type: 'removeMember', slot, member });
    await until(`member ${member} is removed; ${this.standings()}`, patienceMs, async () =>
      this.configuration()?.every((one) => one.member !== member),
    );
  }

  /** Another member takes the slot of one that was struck; nothing of that is left on its host. */
  async replace(slot: number): Promise<void> {
    const old = this.members[slot] as Hosted;
    await this.hosts[slot]?.clear();
    await old.kill();
    const peers = this.members.filter((one) => one !== old).map(({ self }) => self);
    this.members[slot] = await this.startMember(this.addressOf(slot), peers, true);
  }

  async stop(): Promise<void> {
    for (const host of this.hosts) {
      host.cut(false);
      await host.clear();
    }
    for (const member of this.members) await member.kill();
  }

  standings(): string {
    return this.members
      .map(({ self, guest, agent }) => `${self.member}: ${guest?.standing ?? '-'} ${agent.states.at(-1)}`)
      .join(', ');
  }

  /** What may say why it stands still: the last words of all programs. */
  evidence(): string {
    const parts = this.members.map((member) => {
      const last = member.agent.updates.at(-1);
      const words = ['executor.log', 'stderr'].map((name) => ends(path.join(member.sandbox, name)));
      return [`member ${member.self.member}: ${last?.state} ${last?.message ?? ''}`, ...words].join('\n');
    });
    return [this.standings(), ...parts].join('\n');
  }

  private addressOf(slot: number): Hosted['self'] {
    const member = ++this.lastMember;
    const host = (this.hosts[slot] as NamespaceHost).address;
    // In a namespace of its own every port is free; a former member's may not be yet.
    return { slot, member, host, consensusPort: 10_000 + 10 * member, servicePort: 10_001 + 10 * member };
  }

  private startMember(self: Hosted['self'], peers: Hosted['self'][], join: boolean): Promise<Hosted> {
    const host = this.hosts[self.slot] as NamespaceHost;
    const port = 10_002 + 10 * self.member;
    return Hosted.start({ self, peers, join, port, directory: this.directory, host }, this.guest);
  }
}

function ends(file: string): string {
  try {
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const telling = lines.filter((line) => !line.includes('"msg":"status update"'));
    return [...telling.slice(0, evidenceLines), ...telling.slice(evidenceLines).slice(-evidenceLines)].join('\n');
  } catch {
    return `no ${file}`;
  }
}
