/** Fail-overs of one replicated guest, one after the other, at random instants under the writes of clients. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { witnessSlot } from '../../../framework/replicated-guest.js';
import { until } from '../../e2e/system.js';
import type { NamespaceHost } from '../../namespaces.js';
import { type Random, randomFrom } from '../../random.js';
import type { Hosted, HostedGuest } from '../hosted.js';
import { redisAt } from '../redis.js';
import { CampaignGroup } from './group.js';
import { judgeCounter, LedgerClient } from './ledger.js';
import { LocalClient } from './local-client.js';
import { type Campaign, countedOf, describeTakeover, type FailOver, type Fault, failOverFaults } from './summary.js';

export interface GuestPlace {
  host: string;
  port: number;
}

export interface FailOverOptions {
  seed: number;
  /** Of losses (countedOf). */
  count: number;
  /** Those that may happen, at least one. */
  faults: Fault[];
  /** Clients of each host. */
  clients: number;
  /** No fail-over begins later. */
  endMs: number;
  guest: HostedGuest;
  /** Where the guest is on the bridge that joins the hosts; null: clients come through the members' doors. */
  onBridge: GuestPlace | null;
  directory: string;
  /** So long the programs of a group that is given up stay, to be looked at. */
  holdMs: number;
  say: (line: string) => void;
}

/** Writes of each client between two steps. */
const writes = 30;
/** Fail-overs begin at most that long after the pair is whole: some rounds. */
const instantMsMax = 1500;
const seedInstantMsMax = 600;
/** Of the seeds of new backups. */
const lostSeedShare = 0.15;
/** Of losses, where those may happen that are not counted, too. */
const otherShare = 0.2;
const progressLimitMs = 45_000;
/** So long a host that is cut off is asked. */
const askMs = 1000;
/** Longer than any bound of the members themselves. */
const endLimitMs = 60_000;
/** What of a host nobody hears a word of. */
const silent: Fault[] = ['power', 'backup', 'witness'];
/** Of clients that come through no member. */
const noSlot = -1;
const troublesMax = 5;

export class FailOverCampaign {
  readonly result: Campaign;
  private readonly random: Random;
  private group!: CampaignGroup;
  private clients: LedgerClient[] = [];
  /** Of connections that are over. */
  private retired: LedgerClient[] = [];
  private groups = 0;
  private keys = 0;
  /** For whoever asks in which of them a campaign stood still. */
  private step = '';

  constructor(
    private readonly hosts: NamespaceHost[],
    private readonly options: FailOverOptions,
  ) {
    const { seed, faults } = options;
    this.random = randomFrom(seed);
    this.result = {
      seed,
      faults,
      failOvers: [],
      acknowledgedWrites: 0,
      lost: [],
      stale: [],
      lostSeeds: 0,
      lostGuests: 0,
      troubles: [],
    };
  }

  /** A group in which a step does not end is given up for another one. */
  async run(): Promise<Campaign> {
    const { result } = this;
    while (this.goesOn()) {
      try {
        await this.begin();
        let lives = true;
        while (lives && this.goesOn()) lives = await this.turn();
        if (lives) await this.judge(true);
      } catch (error) {
        const what = `${this.step}: ${(error as Error).message}`;
        const evidence = this.group?.evidence() ?? '';
        result.troubles.push({ number: result.failOvers.length + 1, what, evidence });
        this.options.say(`trouble: ${what}\n${evidence}`);
        if (this.options.holdMs > 0) await this.hold();
      }
      await this.give();
    }
    return result;
  }

  private async hold(): Promise<void> {
    const { directory, holdMs, say } = this.options;
    say(`held for ${holdMs / 60_000} minutes: what works in ${directory}/${this.groups}`);
    await delay(holdMs);
  }

  private goesOn(): boolean {
    const { failOvers, lostGuests, troubles } = this.result;
    const { count, faults, endMs } = this.options;
    const counted = countedOf(faults);
    const done = failOvers.filter(({ fault }) => counted.includes(fault)).length;
    const lost = counted.includes('seed') ? lostGuests : 0;
    return done + lost < count && troubles.length < troublesMax && performance.now() < endMs;
  }

  private async begin(): Promise<void> {
    this.step = 'a new group';
    const directory = path.join(this.options.directory, `${++this.groups}`);
    mkdirSync(directory);
    this.group = await CampaignGroup.start(this.hosts, directory, this.options.guest);
    for (const slot of this.bridge === null ? this.hosts.keys() : [noSlot]) await this.openClients(slot);
    await this.group.cover();
  }

  private async give(): Promise<void> {
    for (const client of this.clients) client.drop();
    this.result.acknowledgedWrites += [...this.clients, ...this.retired].reduce(
      (sum, one) => sum + one.acknowledged,
      0,
    );
    this.clients = [];
    this.retired = [];
    await this.group.stop();
  }

  private async openClients(slot: number): Promise<void> {
    const { host, port } = this.placeOf(slot);
    for (let number = 0; number < this.options.clients; number++)
      this.clients.push(await LedgerClient.open(slot, `counter:${++this.keys}`, host, port));
  }

  private get bridge(): GuestPlace | null {
    return this.options.onBridge;
  }

  /** Where clients of the slot find the guest. */
  private placeOf(slot: number): GuestPlace {
    if (this.bridge !== null) return this.bridge;
    const { port } = this.group.members[slot] as Hosted;
    return { host: (this.hosts[slot] as NamespaceHost).address, port };
  }

  private retire(lost: (client: LedgerClient) => boolean): void {
    for (const client of this.clients.filter(lost)) {
      client.drop();
      this.retired.push(client);
    }
    this.clients = this.clients.filter((client) => !lost(client));
  }

  /** Each client that is not broken has more writes acknowledged. */
  private async more(): Promise<void> {
    const goals = this.clients.map((client) => [client, client.acknowledged + writes] as const);
    const late = () => goals.filter(([client, goal]) => client.broken === null && client.acknowledged < goal);
    await until('writes are acknowledged', progressLimitMs, async () => late().length === 0).catch((error) => {
      const clients = late().map(
        ([client, goal]) => `${client.key} of slot ${client.slot} lacks ${goal - client.acknowledged}`,
      );
      throw new Error(`${error.message}; ${clients.join(', ')}; ${this.group.standings()}`);
    });
  }

  /** From a whole pair to the next one. False: the guest is no more. */
  private async turn(): Promise<boolean> {
    this.step = 'a whole pair';
    await this.more();
    const fault = this.drawFault();
    await delay(this.random() * instantMsMax);
    this.checkWhole();
    if (fault === 'seed') return this.loseInSeed();
    const slot = this.victimOf(fault);
    this.step = `after "${fault}" of slot ${slot}`;
    const local = fault === 'pause' || fault === 'cut' ? await this.localClient(slot) : null;
    try {
      await this.lose(slot, fault);
      if (local !== null) await this.comesBack(slot, fault, local);
      else await this.group.strike(slot);
    } finally {
      local?.close();
    }
    if (failOverFaults.includes(fault)) await this.noteTakeover();
    await this.judge(false);
    await this.heal(slot);
    return true;
  }

  private drawFault(): Fault {
    const { faults } = this.options;
    const counted = countedOf(faults);
    const others = faults.filter((fault) => !counted.includes(fault));
    const from = others.length > 0 && this.random() < otherShare ? others : counted;
    return from[Math.floor(this.random() * from.length)] as Fault;
  }

  /**
   * The primary goes while its new backup is seeded. That has the whole guest, and goes on, or it has not: then it ends, and nobody
   * answers any more.
   */
  private async loseInSeed(): Promise<boolean> {
    const { primarySlot, backupSlot } = this.group;
    await this.clearBackup(backupSlot);
    await this.group.replace(backupSlot);
    await this.group.seed();
    await delay(this.random() * seedInstantMsMax);
    const living = await this.loseHost(primarySlot, 'power', [primarySlot, backupSlot]);
    const heir = this.group.backup;
    await until(
      `the backup goes on or ends; ${this.group.standings()}`,
      endLimitMs,
      async () => heir.guest?.standing === 'alone' || this.group.hasEnded(backupSlot),
    );
    const lives = !this.group.hasEnded(backupSlot);
    this.options.say(`the primary is lost in a seed: ${lives ? 'its backup goes on' : 'the guest is lost'}`);
    if (lives) await this.goOnAt(backupSlot, primarySlot, living);
    else await this.checkSilent();
    return lives;
  }

  private async goOnAt(slot: number, lost: number, living: LedgerClient[]): Promise<void> {
    this.hosts[lost]?.cut(false);
    this.group.primarySlot = slot;
    await this.more();
    this.note('seed', living);
    await this.group.strike(lost);
    await this.judge(false);
    if (this.bridge === null) await this.openClients(slot);
    await this.heal(lost);
  }

  private async checkSilent(): Promise<void> {
    const acknowledged = () => this.clients.reduce((sum, client) => sum + client.acknowledged, 0);
    const before = acknowledged();
    await delay(askMs);
    if (acknowledged() > before) this.result.stale.push('a guest that was lost in a seed answered');
    this.result.lostGuests++;
  }

  private checkWhole(): void {
    const { primary } = this.group;
    if (primary.guest?.standing !== 'covered' || this.group.hasEnded(this.group.primarySlot))
      throw new Error(`the pair broke by itself: ${this.group.standings()}`);
    const broken = this.clients.filter((client) => client.broken !== null);
    if (broken.length > 0) throw new Error(`connections broke by themselves: ${broken.map((one) => one.broken)}`);
  }

  private localClient(slot: number): Promise<LocalClient> {
    return LocalClient.start(this.hosts[slot] as NamespaceHost, this.placeOf(slot));
  }

  private victimOf(fault: Fault): number {
    if (fault === 'witness') return witnessSlot;
    return fault === 'backup' ? this.group.backupSlot : this.group.primarySlot;
  }

  private async lose(slot: number, fault: Fault): Promise<void> {
    const living = await this.loseHost(slot, fault, [slot]);
    const failsOver = slot === this.group.primarySlot;
    if (failsOver) this.group.primarySlot = this.group.backupSlot;
    await this.more();
    this.note(fault, living);
    if (silent.includes(fault)) this.hosts[slot]?.cut(false);
    await this.group.primary.stands(fault === 'witness' ? 'covered' : 'alone', endLimitMs);
  }

  /** Connections through the slots `ended` are over with it. Returns the others, which measure what they see of it. */
  private async loseHost(slot: number, fault: Fault, ended: number[]): Promise<LedgerClient[]> {
    const living = this.clients.filter((client) => !ended.includes(client.slot));
    for (const client of living) client.measure();
    await this.inflict(slot, fault);
    this.retire((client) => ended.includes(client.slot));
    return living;
  }

  /** What clients of other hosts have seen of the loss. */
  private note(fault: Fault, living: LedgerClient[]): void {
    const outageMs = Math.max(...living.map((client) => client.outageMs));
    const broken = living.filter((client) => client.broken !== null);
    const number = this.result.failOvers.length + 1;
    const told = { number, fault, outageMs, takeover: null, connections: living.length, broken: broken.length };
    this.result.failOvers.push(told);
    this.options.say(
      `${number}: ${fault}, outage ${outageMs.toFixed(0)} ms, ${broken.length} of ${living.length} broken`,
    );
    for (const client of broken) this.noteBroken(client);
    this.retire((client) => client.broken !== null);
  }

  /** Its parts are told with metrics, some time later. */
  private async noteTakeover(): Promise<void> {
    const told = this.result.failOvers.at(-1) as FailOver;
    told.takeover = await this.group.takeover();
    this.options.say(`  ${describeTakeover(told.takeover)}`);
  }

  /** An answer that is not the next number breaks a connection, too, and is another matter. */
  private noteBroken(client: LedgerClient): void {
    this.options.say(`  ${client.key} through ${client.slot}: ${client.broken}`);
    if (client.wrong) this.result.lost.push(`${client.key} was answered wrongly: ${client.broken}`);
  }

  private async inflict(slot: number, fault: Fault): Promise<void> {
    const host = this.hosts[slot] as NamespaceHost;
    if (fault === 'pause') return host.signal('SIGSTOP');
    if (fault !== 'kill') host.cut(true);
    if (fault !== 'cut') await host.clear();
  }

  /** The former primary must give no answer that is older than the question, and end. */
  private async comesBack(slot: number, fault: Fault, local: LocalClient): Promise<void> {
    const host = this.hosts[slot] as NamespaceHost;
    const witness = this.clients[0] as LedgerClient;
    const known = witness.acknowledged;
    local.ask(`GET ${witness.key}`);
    await delay(askMs);
    if (local.answers.length > 0) this.result.stale.push(`a host under "${fault}" answered ${local.answers}`);
    const struckBefore = this.random() < 0.5;
    if (struckBefore) await this.group.strike(slot);
    if (fault === 'cut') host.cut(false);
    else host.signal('SIGCONT');
    await until(`the former primary ends; ${this.group.standings()}`, endLimitMs, async () =>
      this.group.hasEnded(slot),
    );
    for (const answer of local.answers)
      if (answer < known) this.result.stale.push(`after "${fault}" ${witness.key} was told as ${answer}, not ${known}`);
    if (!struckBefore) await this.group.strike(slot);
  }

  /** Some backups are lost while the guest's state is sent to them. */
  private async heal(slot: number): Promise<void> {
    this.step = `a new member in slot ${slot}`;
    await this.group.replace(slot);
    if (slot === witnessSlot) await this.group.counts(slot);
    else await this.coverAgain(slot);
    if (this.bridge === null) await this.openClients(slot);
  }

  private async coverAgain(slot: number): Promise<void> {
    if (this.random() < lostSeedShare) {
      await this.group.seed();
      await delay(this.random() * seedInstantMsMax);
      await this.clearBackup(slot);
      this.result.lostSeeds++;
      await this.more();
      await this.group.replace(slot);
    }
    await this.group.cover();
  }

  private async clearBackup(slot: number): Promise<void> {
    await this.hosts[slot]?.clear();
    this.retire((client) => client.slot === slot);
    await this.group.primary.stands('alone', endLimitMs);
    await this.group.strike(slot);
  }

  /** All counters that there ever were, as the guest tells them. */
  private async judge(last: boolean): Promise<void> {
    if (last) {
      for (const client of this.clients) await client.stop();
      this.retired.push(...this.clients.splice(0));
    }
    const { host, port } = this.placeOf(this.group.primarySlot);
    const reader = await redisAt(port, host);
    for (const client of this.retired) {
      const value = (await reader.call('GET', client.key)) as string | null;
      const wrong = judgeCounter(client.key, value, client.acknowledged, client.open);
      if (wrong !== null) this.result.lost.push(wrong);
    }
    reader.close();
  }
}
