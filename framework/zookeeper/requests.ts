/** What has been asked, in order: what waits for a connection, and what waits for its answer. */
import { refusal, ZooKeeperError } from './error.js';
import type { JuteReader } from './jute.js';
import { type Body, type ReplyHeader, request } from './messages.js';

/** A server drops the connection of who sends more in one request (its `jute.maxbuffer`). */
const requestBytesMax = 1024 * 1024 - 1024;
const requestsMax = 20_000;
/** On their way at a time. */
const windowMax = 1000;

export interface Pending {
  number: number;
  type: number;
  /** For messages of failures. */
  what: string;
  body: Body;
  /** Asked again over the next connection when one is lost. */
  repeatable: boolean;
  /** Takes the answer. What it throws rejects the request. */
  resolve: (reader: JuteReader) => void;
  /** Takes a refusal by the server, which may be an answer, too. */
  reject: (error: ZooKeeperError) => void;
  sentMs: number;
}

export class Requests {
  #waiting: Pending[] = [];
  #sent: (Pending | { number: number; sentMs: number })[] = [];
  #number = 0;

  get oldestSentMs(): number | null {
    return this.#sent[0]?.sentMs ?? null;
  }

  get newestSentMs(): number | null {
    return this.#sent.at(-1)?.sentMs ?? null;
  }

  add(pending: Omit<Pending, 'number' | 'sentMs'>): void {
    if (this.#waiting.length >= requestsMax) {
      pending.reject(
        new ZooKeeperError('tooLarge', `${pending.what}: ${requestsMax} requests to ZooKeeper wait already`),
      );
      return;
    }
    this.#number = (this.#number % 0x7fff_ffff) + 1;
    this.#waiting.push({ ...pending, number: this.#number, sentMs: 0 });
  }

  /** Frames to send now. */
  sendable(nowMs: number): Buffer[] {
    const frames: Buffer[] = [];
    while (this.#waiting.length > 0 && this.#sent.length < windowMax) {
      const pending = this.#waiting.shift() as Pending;
      const frame = request(pending.number, pending.type, pending.body);
      if (frame.length > requestBytesMax) {
        pending.reject(
          new ZooKeeperError('tooLarge', `${pending.what}: ${frame.length} bytes, ZooKeeper takes ${requestBytesMax}`),
        );
        continue;
      }
      this.#sent.push(Object.assign(pending, { sentMs: nowMs }));
      frames.push(frame);
    }
    return frames;
  }

  /** A request that nobody waits for. */
  noteAside(number: number, sentMs: number): void {
    this.#sent.push({ number, sentMs });
  }

  /**
   * Gives back when the request was sent that has been answered. @throws ZooKeeperError `protocol` when another answer was due:
   * servers answer in order
   */
  answered({ xid, error }: ReplyHeader, reader: JuteReader): number {
    const pending = this.#sent.shift();
    if (pending?.number !== xid)
      throw new ZooKeeperError(
        'protocol',
        `an answer to request ${xid} came where ${pending?.number ?? 'none'} was due`,
      );
    if ('resolve' in pending) settle(pending, error, reader);
    return pending.sentMs;
  }

  connectionLost(cause: Error): void {
    const sent = this.#sent.filter((one): one is Pending => 'resolve' in one);
    this.#sent = [];
    this.#waiting.unshift(...sent.filter(({ repeatable }) => repeatable));
    for (const { repeatable, what, reject } of sent) {
      if (!repeatable)
        reject(
          new ZooKeeperError('connectionLoss', `${what}: the connection was lost before the answer (${cause.message})`),
        );
    }
  }

  sessionOver(cause: ZooKeeperError): void {
    const all = [...this.#sent.filter((one): one is Pending => 'resolve' in one), ...this.#waiting];
    this.#sent = [];
    this.#waiting = [];
    for (const { reject } of all) reject(cause);
  }
}

function settle({ what, resolve, reject }: Pending, error: number, reader: JuteReader): void {
  try {
    if (error === 0) resolve(reader);
    else reject(refusal(error, what));
  } catch (thrown) {
    if (!(thrown instanceof ZooKeeperError)) throw thrown;
    reject(thrown);
  }
}
