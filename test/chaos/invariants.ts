/** What must hold at every moment, whatever strikes; fed with what is seen from outside. */
import { nameOf } from './replica-processes.js';

export interface SeenReplica {
  pid: number;
  group: string;
  slot: number;
  member: number;
}

/** Of a replica's own report, as the scheduler tells it. */
export interface SeenReport {
  group: string;
  slot: number;
  member: number;
  pid: number | null;
  role: string;
  term: number;
  configurationIndex: number;
  configuration: { slot: number; member: number }[];
  divergence: object | null;
}

export interface Observation {
  atMs: number;
  replicas: SeenReplica[];
  reports: SeenReport[];
  /** Processes that a strike has ended, or what ended with them, and when. */
  struckMs: ReadonlyMap<number, number>;
  /** Members whose disks have failed a synchronisation, by name: the process that was told so. */
  distrusted: ReadonlyMap<string, number>;
}

/** A process that finds its directory distrusted, or has just failed, ends within this. */
const distrustedLivesMaxMs = 10_000;

/** What the scheduler may not know yet: a death as young as this. */
const knownAfterMs = 5000;

interface Configuration {
  index: number;
  members: { slot: number; member: number }[];
}

interface Violation {
  atMs: number;
  text: string;
}

export class Invariants {
  readonly #violations: Violation[] = [];
  /** Ends of members that left no majority, as far as could be seen then. */
  #endsBelowQuorum: (Violation & { ended: SeenReplica })[] = [];
  readonly #said = new Set<string>();
  /** The process that has led under a ballot, which is a term and a member. */
  readonly #leaders = new Map<string, number>();
  readonly #configurations = new Map<string, string>();
  readonly #newest = new Map<string, Configuration>();
  #before: SeenReplica[] = [];
  /** Since when processes of distrusted members are seen. */
  readonly #distrustedSinceMs = new Map<number, number>();
  /** Processes with reports of their own; others were refused to start, by their disk for example. */
  readonly #tookPart = new Set<number>();
  /** When members' processes were lost, by group and member. */
  readonly #lostMs = new Map<string, number>();

  get violations(): Violation[] {
    const ends = this.#endsBelowQuorum.map(({ atMs, text }) => ({ atMs, text }));
    return [...this.#violations, ...ends].sort((one, other) => one.atMs - other.atMs);
  }

  observe(seen: Observation): void {
    this.#oneProcessPerMember(seen);
    for (const report of seen.reports) {
      if (report.pid !== null) this.#tookPart.add(report.pid);
      this.#agreement(seen.atMs, report);
    }
    this.#distrustedStayAway(seen);
    this.#notBelowQuorumByOurHand(seen);
    this.#before = seen.replicas;
  }

  #violated(atMs: number, text: string): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.#violations.push({ atMs, text });
  }

  #oneProcessPerMember({ atMs, replicas }: Observation): void {
    const pids = new Map<string, number>();
    for (const one of replicas) {
      const other = pids.get(nameOf(one));
      if (other !== undefined) this.#violated(atMs, `${nameOf(one)} is two processes, ${other} and ${one.pid}`);
      pids.set(nameOf(one), one.pid);
    }
  }

  #agreement(atMs: number, report: SeenReport): void {
    const { group, role, configuration, configurationIndex: index } = report;
    if (report.divergence !== null)
      this.#violated(atMs, `${nameOf(report)} diverged: ${JSON.stringify(report.divergence)}`);
    if (role === 'leader') this.#oneLeaderPerBallot(atMs, report);
    // A member that knows none yet.
    if (configuration.length === 0) return;
    if (new Set(configuration.map(({ slot }) => slot)).size !== configuration.length)
      this.#violated(atMs, `${group} counts two members of one slot: ${textOf(configuration)} of entry ${index}`);
    const told = this.#configurations.get(`${group} ${index}`) ?? textOf(configuration);
    if (told !== textOf(configuration))
      this.#violated(atMs, `${group} has two configurations of entry ${index}: ${told} and ${textOf(configuration)}`);
    this.#configurations.set(`${group} ${index}`, told);
    if (index <= (this.#newest.get(group)?.index ?? -1)) return;
    this.#newest.set(group, { index, members: configuration });
    this.#forgive(group);
  }

  /** Two members may lead in one term, one after the other; no member that has started again may. */
  #oneLeaderPerBallot(atMs: number, report: SeenReport): void {
    const { term, pid } = report;
    if (pid === null) return;
    const ballot = `${nameOf(report)} in term ${term}`;
    const other = this.#leaders.get(ballot) ?? pid;
    if (other !== pid) this.#violated(atMs, `${ballot} leads as process ${pid}, and did as process ${other}`);
    this.#leaders.set(ballot, pid);
  }

  /** Reports come later than ends: whom a majority has agreed to do without was no part of it any more, or was not needed for it. */
  #forgive(group: string): void {
    const isOfAnother = ({ ended }: { ended: SeenReplica }) => ended.group !== group || this.#counts(ended);
    this.#endsBelowQuorum = this.#endsBelowQuorum.filter(isOfAnother);
  }

  #counts({ group, slot, member }: SeenReplica): boolean {
    const members = this.#newest.get(group)?.members ?? [];
    return members.some((one) => one.slot === slot && one.member === member);
  }

  #distrustedStayAway({ atMs, replicas, reports, distrusted }: Observation): void {
    for (const report of reports) {
      const failed = distrusted.get(nameOf(report));
      if (failed === undefined || report.pid === null || report.pid === failed) continue;
      this.#violated(atMs, `${nameOf(report)} takes part again, though its disk has failed a synchronisation`);
    }
    for (const one of replicas) {
      if (!distrusted.has(nameOf(one))) continue;
      const sinceMs = this.#distrustedSinceMs.get(one.pid) ?? atMs;
      this.#distrustedSinceMs.set(one.pid, sinceMs);
      if (atMs - sinceMs > distrustedLivesMaxMs)
        this.#violated(
          atMs,
          `${nameOf(one)} lives as process ${one.pid}, though its disk has failed a synchronisation`,
        );
    }
  }

  /** Ends that no strike has caused are ours: the members that live on then, and those lost only just now, are a majority. */
  #notBelowQuorumByOurHand({ atMs, replicas, struckMs }: Observation): void {
    const living = new Set(replicas.map(nameOf));
    for (const one of replicas) this.#lostMs.delete(nameOf(one));
    const ended = this.#before.filter((one) => !living.has(nameOf(one)));
    for (const one of ended) this.#lostMs.set(nameOf(one), struckMs.get(one.pid) ?? atMs);
    for (const one of ended)
      if (!struckMs.has(one.pid) && this.#tookPart.has(one.pid)) this.#judgeEnd(one, atMs, living);
  }

  #judgeEnd(ended: SeenReplica, atMs: number, living: ReadonlySet<string>): void {
    const { group } = ended;
    if (!this.#counts(ended)) return;
    const members = this.#newest.get(group)?.members ?? [];
    const counted = members.map(({ slot, member }) => nameOf({ group, slot, member }));
    const isUnknownLoss = (key: string) =>
      key !== nameOf(ended) && atMs - (this.#lostMs.get(key) ?? Number.NEGATIVE_INFINITY) < knownAfterMs;
    const left = counted.filter((key) => living.has(key) || isUnknownLoss(key)).length;
    if (left * 2 > counted.length) return;
    const text = `${nameOf(ended)} was ended by us, and ${left} of ${counted.length} members are left`;
    this.#endsBelowQuorum.push({ atMs, text, ended });
  }
}

const textOf = (members: { slot: number; member: number }[]): string =>
  members.map(({ slot, member }) => `${slot}:${member}`).join(' ');
