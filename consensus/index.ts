/**
 * A replicated log for programs that feed themselves: every member of a group is handed the same entries in the same
 * order, as long as a majority lives. The rules of the protocol are in native/README.md.
 */
import {
  ArgumentError,
  ClosedError,
  NotLeaderError,
  OutcomeUnknownError,
  QueueFullError,
  StartError,
} from './errors.js';
import { type NativeEvent, type NativeHandle, type NativeStatus, native } from './native.js';
import { checkMemberNumber, checkSlot, type Member, type ReplicaOptions, toNativeOptions } from './options.js';

export * from './errors.js';
export type { Member, ReplicaOptions, Transport } from './options.js';

export interface Handlers {
  /**
   * The next entry of the log; indexes rise, with gaps where the group decided something of its own. Own proposals come
   * here too, before their promise resolves. An exception thrown here is the process's `uncaughtException`.
   */
  onEntry(index: number, bytes: Uint8Array): void;
  /** Role, leader, configuration, connections or journal have changed; also once at the start. */
  onStatus(status: ReplicaStatus): void;
}

/** `leader`: proposals are taken here. `candidate`: stands for election, or applies what it took over before it leads. */
export type Role = NativeStatus['role'];

export interface ReplicaStatus extends Omit<NativeStatus, 'leader'> {
  /** Null while none is known. */
  leader: Member | null;
}

interface Outcome {
  resolve(index: number): void;
  reject(error: Error): void;
}

/**
 * Opens one member of a group in this process; it keeps the process alive until it is closed.
 *
 * @throws ArgumentError, NativeMissingError, StartError
 */
export function openReplica(options: ReplicaOptions, handlers: Handlers): Replica {
  for (const name of ['onEntry', 'onStatus'] as const) {
    if (typeof handlers?.[name] !== 'function')
      throw new ArgumentError(`handlers.${name}`, 'is not a function', 'Give both handlers');
  }
  return new Replica(options, handlers);
}

class Replica {
  readonly #addon = native();
  readonly #handlers: Handlers;
  readonly #handle: NativeHandle;
  readonly #self: Member;
  readonly #outcomes = new Map<number, Outcome>();
  readonly #ended: Promise<void>;
  #end: () => void = () => {};
  #proposals = 0;
  #closing = false;

  constructor(options: ReplicaOptions, handlers: Handlers) {
    const complete = toNativeOptions(options);
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
   * Adds `bytes` to the log; resolves with its index when it is committed and was handed to `onEntry` here.
   *
   * @param bytes 1..2 MiB; copied
   * @throws (as rejection) ArgumentError, NotLeaderError, OutcomeUnknownError, QueueFullError, ClosedError
   */
  async propose(bytes: Uint8Array): Promise<number> {
    if (!(bytes instanceof Uint8Array))
      throw new ArgumentError('bytes', 'is not a Uint8Array', 'Encode the entry first');
    if (bytes.byteLength === 0 || bytes.byteLength > this.#addon.entryBytesMax) {
      throw new ArgumentError('bytes', `has ${bytes.byteLength} bytes`, `Give 1..${this.#addon.entryBytesMax}`);
    }
    if (this.#closing) throw new ClosedError();
    const proposal = ++this.#proposals;
    const answer = this.#addon.propose(this.#handle, proposal, bytes);
    if (answer === 'notLeading') throw new NotLeaderError(this.#leader());
    if (answer === 'full') throw new QueueFullError();
    return await new Promise<number>((resolve, reject) => this.#outcomes.set(proposal, { resolve, reject }));
  }

  /** @throws ClosedError */
  status(): ReplicaStatus {
    if (this.#closing) throw new ClosedError();
    return this.#status();
  }

  /**
   * Has the group decide that a member no longer counts; `status().configuration` shows when it is done.
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
        if (!this.#closing) this.#handlers.onEntry(index, payload as Uint8Array);
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
      case 'status':
        if (!this.#closing) this.#handlers.onStatus(this.#status());
        break;
      case 'ended':
        this.#end();
    }
  }

  #take(proposal: number): Outcome | undefined {
    const outcome = this.#outcomes.get(proposal);
    this.#outcomes.delete(proposal);
    return outcome;
  }
}

export type { Replica };
