/**
 * A replicated log for programs that feed themselves: every member of a group is handed the same entries in the same
 * order, as long as a majority lives. The rules of the protocol are in native/README.md.
 */
import { EventEmitter, once } from 'node:events';
import {
  AbortError,
  ArgumentError,
  ClosedError,
  NotLeaderError,
  OutcomeUnknownError,
  QueueFullError,
  StartError,
} from './errors.js';
import { Histogram } from './histogram.js';
import { type NativeEvent, type NativeHandle, type NativeMetrics, type NativeStatus, native } from './native.js';
import { checkMemberNumber, checkSlot, type Member, type ReplicaOptions, toNativeOptions } from './options.js';

export * from './errors.js';
export { Histogram } from './histogram.js';
export type { Durability, Member, ReplicaOptions, Transport } from './options.js';

export interface Handlers {
  /**
   * The next committed entry of the log; indexes rise, with gaps where the group decided something of its own. Own
   * proposals come here too, before their promise resolves. An exception thrown here is an `uncaughtException`.
   */
  onCommit(index: number, bytes: Uint8Array): void;
  /**
   * The state after every entry so far, `index` the last of them; called between entries, on one member at a time, so that
   * others can join without the whole log and journals stay short. Take the state before the first `await`: entries go on
   * meanwhile. At most 1 GiB. If it throws or rejects, this is the process's `uncaughtException`, and there is no snapshot.
   */
  onSnapshot?(index: number): Uint8Array | Promise<Uint8Array>;
  /**
   * Replace the whole state by `bytes`, which another member's `onSnapshot` gave; the next entry is one after `index`. At a
   * joiner before its first entry, and at a member that was too far behind. With durability `disk` also at a start, with
   * what this member's own `onSnapshot` gave in a former life. Give both handlers or none, on all members of
   * a group alike.
   */
  onRestore?(index: number, bytes: Uint8Array): void;
  /** Role, leader, configuration, connections or journal have changed; also once at the start. */
  onStatus?(status: ReplicaStatus): void;
}

/** `leader`: proposals are taken here. `candidate`: stands for election, or applies what it took over before it leads. */
export type Role = NativeStatus['role'];

export interface ReplicaStatus extends Omit<NativeStatus, 'leader'> {
  /** Null while none is known. */
  leader: Member | null;
}

/** What this member has counted since it was opened. */
export interface ReplicaMetrics extends Omit<NativeMetrics, 'commitLatencyNs' | 'batchEntries' | 'batchBytes'> {
  /** As leader: from handing a batch to the group to its commit. */
  commitLatencyNs: Histogram;
  /** As leader: entries per commit, and bytes of their payload. */
  batchEntries: Histogram;
  batchBytes: Histogram;
  /** Committed entries, as far as known here, that `onCommit` has not been handed yet. */
  lagEntries: number;
}

export interface WaitOptions {
  signal?: AbortSignal;
}

interface Outcome {
  byteLength: number;
  resolve(index: number): void;
  reject(error: Error): void;
}

/**
 * Opens one member of a group in this process; it keeps the process alive until it is closed.
 *
 * @throws ArgumentError, NativeMissingError, StartError
 */
export function openReplica(options: ReplicaOptions, handlers: Handlers): Replica {
  const isFunction = (name: keyof Handlers) => typeof handlers?.[name] === 'function';
  if (!isFunction('onCommit')) throw new ArgumentError('handlers.onCommit', 'is not a function', 'Give one');
  for (const name of ['onStatus', 'onSnapshot', 'onRestore'] as const) {
    if (handlers[name] !== undefined && !isFunction(name))
      throw new ArgumentError(`handlers.${name}`, 'is not a function', 'Give one or leave it out');
  }
  if ((handlers.onSnapshot === undefined) !== (handlers.onRestore === undefined))
    throw new ArgumentError('handlers', 'has one of onSnapshot and onRestore', 'Give both or none');
  return new Replica(options, handlers);
}

class Replica {
  readonly #addon = native();
  readonly #handlers: Handlers;
  readonly #handle: NativeHandle;
  readonly #self: Member;
  readonly #outcomes = new Map<number, Outcome>();
  /** `leader` when another member leads or none does, `room` when there is, `error` when neither can come any more. */
  readonly #events = new EventEmitter().setMaxListeners(0);
  #leaderSeen = 0;
  #bytesUnderWay = 0;
  readonly #ended: Promise<void>;
  #end: () => void = () => {};
  #proposals = 0;
  #closing = false;

  constructor(options: ReplicaOptions, handlers: Handlers) {
    const complete = toNativeOptions(options, handlers.onSnapshot !== undefined);
    this.#handlers = handlers;
    this.#self = complete.self;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    try {
      this.#handle = this.#addon.open(complete, (event, index, proposal, payload) =>
        this.#on(event, index, proposal, payload),
      );
    } catch (error) {
      throw new StartError(error);
    }
  }

  /**
   * Adds `bytes` to the log; resolves with its index when it is committed and was handed to `onCommit` here.
   *
   * @param bytes 1..2 MiB; copied
   * @param signal takes the proposal back while it is queued; later, AbortError says that its outcome is unknown
   * @throws (as rejection) ArgumentError, NotLeaderError, OutcomeUnknownError, QueueFullError, AbortError, ClosedError
   */
  async propose(bytes: Uint8Array, { signal }: WaitOptions = {}): Promise<number> {
    if (!(bytes instanceof Uint8Array))
      throw new ArgumentError('bytes', 'is not a Uint8Array', 'Encode the entry first');
    if (bytes.byteLength === 0 || bytes.byteLength > this.#addon.entryBytesMax) {
      throw new ArgumentError('bytes', `has ${bytes.byteLength} bytes`, `Give 1..${this.#addon.entryBytesMax}`);
    }
    if (this.#closing) throw new ClosedError();
    if (signal?.aborted) throw new AbortError('notProposed', signal.reason);
    const proposal = ++this.#proposals;
    const answer = this.#addon.propose(this.#handle, proposal, bytes);
    if (answer === 'notLeading') throw new NotLeaderError(this.#leader());
    if (answer === 'full') throw new QueueFullError();
    const abort = () => this.#abort(proposal, signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    this.#bytesUnderWay += bytes.byteLength;
    return await new Promise<number>((resolve, reject) => {
      this.#outcomes.set(proposal, { byteLength: bytes.byteLength, resolve, reject });
    }).finally(() => signal?.removeEventListener('abort', abort));
  }

  /**
   * Resolves when at most half of what may wait for its decision does: `propose` takes more then, or tells why not.
   *
   * @throws (as rejection) ClosedError; Node's own AbortError
   */
  async room({ signal }: WaitOptions = {}): Promise<void> {
    if (this.#closing) throw new ClosedError();
    if (!this.#hasRoom()) await once(this.#events, 'room', { signal });
  }

  /** Who leads, as far as this member knows; null: nobody. @throws ClosedError */
  get leader(): Member | null {
    return this.status().leader;
  }

  /**
   * Resolves when another member leads than at the call, or none does: with what `leader` is then.
   *
   * @throws (as rejection) ClosedError; Node's own AbortError
   */
  async leaderChanged({ signal }: WaitOptions = {}): Promise<Member | null> {
    const before = this.leader?.number;
    for (;;) {
      const [leader] = (await once(this.#events, 'leader', { signal })) as [Member | null];
      if (leader?.number !== before) return leader;
    }
  }

  /** @throws ClosedError */
  status(): ReplicaStatus {
    if (this.#closing) throw new ClosedError();
    return this.#status();
  }

  /** @throws ClosedError */
  metrics(): ReplicaMetrics {
    const { applied, committed } = this.status();
    const counted = this.#addon.metrics(this.#handle);
    return {
      ...counted,
      commitLatencyNs: Histogram.of(counted.commitLatencyNs),
      batchEntries: Histogram.of(counted.batchEntries),
      batchBytes: Histogram.of(counted.batchBytes),
      lagEntries: Math.max(0, committed - applied),
    };
  }

  /**
   * Has the group decide that a member no longer counts; `status().configuration` shows when it is done. Nothing is done while of those
   * that would remain no majority is heard of: ask again.
   *
   * @throws ArgumentError, NotLeaderError, ClosedError
   */
  removeMember(slot: number, number: number): void {
    checkSlot('slot', slot);
    if (checkMemberNumber('number', number) === this.#self.number) {
      throw new ArgumentError('number', `is ${number}, the leader itself`, 'Transfer leadership first');
    }
    this.#mustLead();
    this.#addon.removeMember(this.#handle, slot, number);
  }

  /**
   * Asks member `number` to lead from now on; best effort: `onStatus` tells who leads.
   *
   * @throws ArgumentError, NotLeaderError, ClosedError
   */
  transferLeadership(number: number): void {
    checkMemberNumber('number', number);
    this.#mustLead();
    this.#addon.transferLeadership(this.#handle, number);
  }

  /**
   * Hands leadership over if it can, and resolves when the native threads have ended and ports and memory are free.
   * No entry is handed out any more; proposals under way are settled before. Closing again is harmless.
   */
  close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#addon.close(this.#handle);
      if (this.#events.listenerCount('error') > 0) this.#events.emit('error', new ClosedError());
    }
    return this.#ended;
  }

  #mustLead(): void {
    if (this.status().role !== 'leader') throw new NotLeaderError(this.#leader());
  }

  #leader(): Member | null {
    const { leader } = this.#status();
    return leader?.number === this.#self.number ? null : leader;
  }

  #status(): ReplicaStatus {
    const status = this.#addon.status(this.#handle);
    return { ...status, leader: status.configuration.find(({ number }) => number === status.leader) ?? null };
  }

  #on(event: NativeEvent, index: number, proposal: number, payload: Uint8Array | null): void {
    switch (event) {
      case 'entry':
        if (!this.#closing) this.#handlers.onCommit(index, payload as Uint8Array);
        break;
      case 'committed':
        this.#take(proposal)?.resolve(index);
        break;
      case 'refused':
        this.#take(proposal)?.reject(this.#closing ? new ClosedError() : new NotLeaderError(this.#leader()));
        break;
      case 'unknown':
        this.#take(proposal)?.reject(new OutcomeUnknownError());
        break;
      case 'snapshot':
        this.#snapshot(index);
        break;
      case 'restore':
        if (!this.#closing) this.#handlers.onRestore?.(index, payload as Uint8Array);
        break;
      case 'status':
        if (!this.#closing) this.#tellStatus(this.#status());
        break;
      case 'ended':
        this.#end();
    }
  }

  #tellStatus(status: ReplicaStatus): void {
    const leader = status.leader?.number ?? 0;
    if (leader !== this.#leaderSeen) this.#events.emit('leader', status.leader);
    this.#leaderSeen = leader;
    this.#handlers.onStatus?.(status);
  }

  #abort(proposal: number, reason: unknown): void {
    const outcome = this.#addon.withdraw(this.#handle, proposal) ? 'notProposed' : 'unknown';
    this.#take(proposal)?.reject(new AbortError(outcome, reason));
  }

  #hasRoom(): boolean {
    const { proposalsMax, proposalBytesMax } = this.#addon;
    return this.#outcomes.size <= proposalsMax / 2 && this.#bytesUnderWay <= proposalBytesMax / 2;
  }

  /** Whatever goes wrong is the process's `uncaughtException`, as in the other handlers. */
  async #snapshot(index: number): Promise<void> {
    let bytes: Uint8Array | null = null;
    try {
      if (!this.#closing) bytes = (await this.#handlers.onSnapshot?.(index)) ?? null;
      if (bytes !== null) this.#checkSnapshot(bytes);
    } catch (error) {
      bytes = null;
      process.nextTick(() => {
        throw error;
      });
    }
    this.#addon.saveSnapshot(this.#handle, bytes);
  }

  #checkSnapshot(bytes: Uint8Array): void {
    const limit = this.#addon.snapshotBytesMax;
    if (!(bytes instanceof Uint8Array))
      throw new ArgumentError('onSnapshot', 'gave no Uint8Array', 'Encode the state first');
    if (bytes.byteLength > limit)
      throw new ArgumentError('onSnapshot', `gave ${bytes.byteLength} bytes`, `Keep the state within ${limit} bytes`);
  }

  #take(proposal: number): Outcome | undefined {
    const outcome = this.#outcomes.get(proposal);
    if (outcome === undefined) return undefined;
    this.#outcomes.delete(proposal);
    this.#bytesUnderWay -= outcome.byteLength;
    if (this.#hasRoom()) this.#events.emit('room');
    return outcome;
  }
}

export type { Replica };
