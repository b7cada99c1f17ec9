import lodash from 'lodash';
import type { SchedulerEvent } from '../../../framework/mesos-http-client/calls.js';
import type { Offer, TaskStatus } from '../../../framework/mesos-http-client/types.js';
import type { MASTER_TIMINGS } from '../../../framework/mesos-local/timings.js';
import { brief, comparable, plain, shown, split, withIds, withoutStreamIds } from './comparable.js';
import type { SteppedAgent } from './stepped-agent.js';
import type { Entry, ExchangeEntry, Json, Trace } from './trace.js';
import { type Answer, type Stream, World } from './world.js';

/**
 * Plays the part of the recorded scheduler, executors and machines to an embedded master and its agents, and holds
 * what these say against what Apache Mesos said. Calls, updates of executors, ends of executors and signals to agents
 * come from the recording; all other events must be made here.
 */

/** Between what was said and what it came of. */
const SLACK_MS = 250;
/** Batches of offers are not in step with the recorded ones. */
const OFFER_SLACK_MS = 1100;
/** Of the recording's beginning; the maintenance windows in it are later. */
const EPOCH_MS = 1_795_343_680_000;

const BATCH_MS = 1000;
/** What comes within this time of a call comes of it. */
const CAUSED_SECONDS = 0.02;

type Recorded = Extract<Entry, { on: string }>;

interface Expected {
  entry: Recorded;
  dueMs: number;
}

export class Replay {
  readonly differences: string[] = [];
  readonly world: World;
  readonly #trace: Trace;
  /** By recorded id. */
  readonly #ids = new Map<string, string>();
  readonly #batches: readonly number[];
  #expected: Expected[] = [];
  /** Events that nothing recorded has been found for, by stream. */
  readonly #unmatched = new Map<string, Stream['events']>();
  readonly #seen = new Map<string, number>();
  readonly #sayings: Saying[];
  /** The agent that the newest signal went to. */
  #stopped: SteppedAgent | undefined;

  /** @param seed of the order in which agents are offered: the recorded one was another chance's */
  constructor(trace: Trace, { seed = 1, ...timings }: Partial<typeof MASTER_TIMINGS> & { seed?: number } = {}) {
    this.#trace = trace;
    this.#batches = batchesOf(trace);
    this.#sayings = sayingsOf(trace);
    const first = trace.entries[0]?.t ?? 0;
    this.world = new World(atMs(first) - 1000, { ...timings, seed, port: masterPort(trace) });
    for (const [name, { url, domain, attributes }] of Object.entries(trace.agents)) {
      const id = `${this.world.master.state.settings.masterId}-${name.slice(1)}`;
      this.world.addAgent(id, {
        port: url?.address.port ?? 0,
        domain: domain as never,
        attributes: attributes as never,
      });
    }
  }

  run(): string[] {
    for (const entry of this.#trace.entries) {
      this.#passUntil(atMs(entry.t));
      this.#match();
      this.#play(entry);
      this.#match();
    }
    this.world.until(this.world.nowMs + SLACK_MS);
    this.#match();
    for (const { entry } of this.#expected) this.#differ(entry.t, `no event like ${shown(entry.event)}`);
    this.#reportUnmatched();
    return this.differences;
  }

  /** Executors say what they have to say at its time, which may be long before their framework was told. */
  #passUntil(ms: number): void {
    for (let next = this.#sayings[0]; next && next.atMs <= ms; next = this.#sayings[0]) {
      this.#sayings.shift();
      this.#pass(next.atMs);
      this.#say(next.status);
      this.#match();
    }
    this.#pass(ms);
  }

  #pass(ms: number): void {
    this.#alignBatches();
    this.world.until(Math.max(this.world.nowMs, ms));
  }

  /** Batches of offers are made when they were made, as far as there was anything to offer. */
  #alignBatches(): void {
    const { nowMs, master } = this.world;
    const next = this.#batches.find((at) => at >= nowMs);
    if (next !== undefined) master.state.nextAllocationAtMs = nowMs + ((next - nowMs) % BATCH_MS);
  }

  #differ(t: number, text: string): void {
    this.differences.push(`${this.#trace.name} ${t}: ${text}`);
  }

  #play(entry: Entry): void {
    if ('event' in entry) this.#playEvent(entry);
    else if ('stream' in entry) this.#subscribe(entry);
    else if ('label' in entry) this.#exchange(entry);
    else if ('closed' in entry) {
      if (entry.by === 'client') this.world.close(entry.closed);
    } else if ('note' in entry) this.#signal(entry.note);
  }

  #subscribe(entry: Extract<Entry, { stream: string }>): void {
    const { entries } = this.#trace;
    const first = entries.find((other) => 'on' in other && other.on === entry.stream && other.t >= entry.t);
    const id = first && 'event' in first ? (first.event as { subscribed?: { framework_id: { value: string } } }) : {};
    const number = /-(\d{4})$/.exec(id.subscribed?.framework_id.value ?? '')?.[1];
    if (number !== undefined) this.world.master.state.nextFrameworkNumber = Number(number);
    const answer = this.world.subscribe(entry.stream, entry.call);
    this.#seen.set(entry.stream, 0);
    this.#compare(entry.t, entry.stream, answer, entry);
  }

  #exchange(entry: Entry & ExchangeEntry): void {
    if (!entry.call || entry.headers || entry.call.type === 'SUBSCRIBE') return;
    const call = this.#translated(entry.call);
    if (entry.to === undefined) {
      this.#compare(entry.t, entry.label, this.world.call(call, this.#streamId(entry.streamId)), entry);
    } else if (entry.to === 'POST /api/v1') {
      this.#compare(entry.t, entry.label, this.world.operator(call), entry);
    }
  }

  #streamId(named: string | undefined): string | undefined {
    if (named === undefined) return undefined;
    return named.startsWith('?') ? named.slice(1) : this.world.streams.get(named)?.streamId;
  }

  #compare(
    t: number,
    label: string,
    answer: Answer,
    recorded: { status: number; text?: string; answer?: unknown },
  ): void {
    const text = withoutStreamIds(this.#recordedIds(answer.text));
    const expected = withoutStreamIds(recorded.text ?? '');
    if (answer.status !== recorded.status || text !== expected)
      this.#differ(t, `${label}: answers ${answer.status} ${text} instead of ${recorded.status} ${expected}`);
    if (recorded.answer === undefined) return;
    const given = plain(JSON.parse(this.#recordedIds(JSON.stringify(answer.json ?? null))));
    if (!lodash.isEqual(given, plain(recorded.answer)))
      this.#differ(t, `${label}: answers ${shown(given)} instead of ${shown(plain(recorded.answer))}`);
  }

  /** With the ids that our master has given. */
  #translated(call: Json): Json {
    return JSON.parse(withIds(JSON.stringify(call), this.#ids)) as Json;
  }

  #recordedIds(text: string): string {
    return withIds(text, new Map([...this.#ids].map(([recorded, own]) => [own, recorded])));
  }

  #playEvent(entry: Recorded): void {
    if (entry.event.type === 'HEARTBEAT') return;
    this.#inject(entry.event as unknown as SchedulerEvent);
    const slackMs = entry.event.type === 'OFFERS' ? OFFER_SLACK_MS : SLACK_MS;
    this.#expected.push({ entry, dueMs: atMs(entry.t) + slackMs });
    if (entry.event.type === 'OFFERS') this.#allocate(entry);
  }

  /** The batch may be a little late, and the recorded scheduler sometimes declined what is not in the recording. */
  #allocate(entry: Recorded): void {
    const isMissing = () => this.#expected.some((one) => one.entry === entry);
    this.#match();
    if (isMissing()) this.world.allocate();
    this.#match();
    if (!isMissing()) return;
    const { offers } = (entry.event as unknown as Extract<SchedulerEvent, { type: 'OFFERS' }>).offers;
    this.world.decline(
      entry.on,
      offers.map(({ agent_id }) => agent_id.value),
    );
    this.world.allocate();
  }

  /** What comes from the world outside of master and agents. */
  #inject(event: SchedulerEvent): void {
    if (event.type === 'UPDATE') this.#failLaunch(event.update.status);
    if (event.type === 'FAILURE' && event.failure.executor_id) {
      const { agent_id, executor_id, status } = event.failure;
      const agent = this.world.agents.get(agent_id?.value ?? '');
      agent?.exited(this.#framework(), executor_id.value, status ?? null);
    }
    if (event.type === 'MESSAGE') {
      const { agent_id, executor_id, data } = event.message;
      this.world.agents.get(agent_id.value)?.message(this.#framework(), executor_id.value, data);
    }
  }

  #say(status: TaskStatus): void {
    const executorId = status.executor_id?.value ?? '';
    const told = status.reason === 'REASON_AGENT_DRAINING' ? lodash.omit(status, 'reason') : status;
    this.world.agents.get(status.agent_id?.value ?? '')?.update(this.#framework(), executorId, told);
  }

  /** What the agent could not do for an executor is told by it alone. */
  #failLaunch({ source, message, agent_id, executor_id }: TaskStatus): void {
    const isDropped = message?.startsWith('Failed to create') === true;
    if (source !== 'SOURCE_AGENT' || !(isDropped || message?.startsWith('Failed to launch'))) return;
    const agent = this.world.agents.get(agent_id?.value ?? '');
    agent?.failed(this.#framework(), executor_id?.value ?? '', message, isDropped);
  }

  /** The framework that is subscribed, or was last. */
  #framework(): string {
    return [...this.world.master.state.frameworks.keys()].at(-1) ?? '';
  }

  #signal(note: string): void {
    const rack = /agent (r\d)/.exec(note)?.[1];
    const agent = rack === undefined ? this.#stopped : this.#agentOfRack(rack);
    if (note.startsWith('SIGSTOP')) agent?.stop();
    else if (note.startsWith('SIGCONT')) agent?.continue();
    else if (note.startsWith('SIGKILL')) agent?.kill();
    else if (note.startsWith('SIGUSR1')) agent?.leave();
    else if (note.startsWith('restart')) agent?.start();
    this.#stopped = agent;
  }

  #agentOfRack(rack: string): SteppedAgent | undefined {
    const found = [...this.world.agents.values()].filter(({ info }) =>
      (info.attributes ?? []).some((attribute) => JSON.stringify(attribute).includes(`"${rack}"`)),
    );
    return found.at(-1);
  }

  /** Finds what was expected among what came. */
  #match(): void {
    this.#collect();
    this.#expected = this.#expected.filter(({ entry, dueMs }) => {
      if (this.#found(entry)) return false;
      if (dueMs >= this.world.nowMs) return true;
      this.#differ(entry.t, `no event like ${brief(entry.event as never)}; there is ${this.#shownUnmatched(entry.on)}`);
      return false;
    });
  }

  #shownUnmatched(label: string): string {
    return (this.#unmatched.get(label) ?? []).map(({ event }) => brief(event)).join(' and ') || 'none';
  }

  #collect(): void {
    for (const [label, stream] of this.world.streams) {
      const fresh = stream.events.slice(this.#seen.get(label) ?? 0).filter(({ event }) => event.type !== 'HEARTBEAT');
      this.#seen.set(label, stream.events.length);
      const single = fresh.flatMap(({ event, atMs: at }) => split(event).map((one) => ({ event: one, atMs: at })));
      this.#unmatched.set(label, [...(this.#unmatched.get(label) ?? []), ...single]);
    }
  }

  #found({ on, event }: Recorded): boolean {
    const left = [...(this.#unmatched.get(on) ?? [])];
    const wanted = split(event as unknown as SchedulerEvent);
    const pairs = wanted.map((one) => {
      const index = left.findIndex((candidate) => this.#alike(one, candidate.event));
      return index === -1 ? null : { one, own: left.splice(index, 1)[0]?.event as SchedulerEvent };
    });
    if (pairs.includes(null)) return false;
    for (const pair of pairs) if (pair) this.#learn(pair.one, pair.own);
    this.#unmatched.set(on, left);
    return true;
  }

  #alike(recorded: SchedulerEvent, own: SchedulerEvent): boolean {
    if (recorded.type !== own.type) return false;
    const text = this.#recordedIds(JSON.stringify(comparable(own)));
    return lodash.isEqual(JSON.parse(text), comparable(recorded));
  }

  #learn(recorded: SchedulerEvent, own: SchedulerEvent): void {
    if (recorded.type === 'OFFERS' && own.type === 'OFFERS') {
      const [one, other] = [recorded.offers.offers[0] as Offer, own.offers.offers[0] as Offer];
      this.#ids.set(one.id.value, other.id.value);
    }
    if (recorded.type === 'UPDATE_OPERATION_STATUS' && own.type === 'UPDATE_OPERATION_STATUS') {
      const [one, other] = [recorded, own].map((event) => event.update_operation_status.status.uuid?.value);
      if (one !== undefined && other !== undefined) this.#ids.set(one, other);
    }
    if (recorded.type === 'INVERSE_OFFERS' && own.type === 'INVERSE_OFFERS') {
      const [one, other] = [recorded, own].map((event) => event.inverse_offers.inverse_offers[0]);
      this.#ids.set(one?.id.value ?? '', other?.id.value ?? '');
    }
  }

  #reportUnmatched(): void {
    for (const [label, left] of this.#unmatched) {
      const endMs = Math.max(...this.#trace.entries.map((entry) => (concerns(entry, label) ? atMs(entry.t) : 0)));
      for (const { event, atMs: at } of left) {
        const isLate = event.type === 'OFFERS' && at > endMs - OFFER_SLACK_MS - SLACK_MS;
        if (!isLate) this.#differ((at - EPOCH_MS) / 1000, `${label}: Mesos did not say ${brief(event)}`);
      }
    }
  }
}

const atMs = (t: number): number => EPOCH_MS + Math.round(t * 1000);

interface Saying {
  atMs: number;
  status: TaskStatus;
}

/** What executors said, in order, on the clock of the recording. */
function sayingsOf({ entries }: Trace): Saying[] {
  const updates = entries.flatMap((entry) => {
    const event = ('event' in entry ? entry.event : {}) as SchedulerEvent;
    return event.type === 'UPDATE' && event.update.status.source === 'SOURCE_EXECUTOR'
      ? [{ seenAtMs: atMs(entry.t), status: event.update.status }]
      : [];
  });
  const saidAtMs = ({ timestamp = 0 }: TaskStatus) => Math.round(timestamp * 1000);
  const offsetMs = Math.min(...updates.map(({ seenAtMs, status }) => seenAtMs - saidAtMs(status)));
  const said = updates.map(({ status }) => ({ atMs: saidAtMs(status) + offsetMs, status }));
  return lodash.sortBy(
    lodash.uniqBy(said, ({ status }) => status.uuid),
    'atMs',
  );
}

/** Offers that are not made for a call's sake. */
function batchesOf({ entries }: Trace): number[] {
  const calls = entries.filter((entry) => 'call' in entry).map(({ t }) => t);
  const offers = entries.filter((entry) => 'event' in entry && entry.event.type === 'OFFERS').map(({ t }) => t);
  const batches = offers.filter((t) => !calls.some((at) => Math.abs(t - at) < CAUSED_SECONDS));
  const end = entries.find((entry) => 'last' in entry)?.t ?? 0;
  return (batches.length > 0 ? batches : [end]).map(atMs);
}

function concerns(entry: Entry, label: string): boolean {
  return ('on' in entry && entry.on === label) || ('last' in entry && entry.last === label);
}

function masterPort({ entries }: Trace): number {
  const text = JSON.stringify(entries.find((entry) => 'event' in entry && entry.event.type === 'SUBSCRIBED'));
  return Number(/"port":(\d+)/.exec(text ?? '')?.[1] ?? 5050);
}
