/**
 * One session with ZooKeeper: kept alive over changes of the server, until it is closed or over. It is over when a server says
 * so, or when no server has answered for its time-out: servers that can reach each other expire it no earlier, so who leads
 * under its session stops in time. A server that is cut off from the others answers pings for some seconds more; what must
 * not be done twice needs a check of a node's version in the same `multi`.
 */
import { Connection, type ZooKeeperTls } from './connection.js';
import { ZooKeeperError } from './error.js';
import { JuteReader } from './jute.js';
import { authBody, opcode, readEvent, readHeader, request, type SessionKey, xid } from './messages.js';
import { type Pending, Requests } from './requests.js';
import type { ZooKeeperUrl } from './url.js';
import { Watches } from './watches.js';

export interface SessionOptions {
  servers: ZooKeeperUrl['servers'];
  /** What is asked for; servers have bounds of their own (by default 2 and 20 of their ticks). */
  timeoutMs: number;
  /** `name:password`, for nodes that only their creator may touch. */
  user?: string;
  /** Asked for with each connection: files may have been renewed. Left out: connections are not encrypted. */
  tls?: () => ZooKeeperTls;
}

const backoffMs = 100;
const lateMs = 100;

export class Session {
  /** Resolves with the cause when the session is over; after `close` with a sentence that says so. */
  readonly ended: Promise<ZooKeeperError>;
  readonly watches = new Watches();
  readonly #options: SessionOptions;
  readonly #requests = new Requests();
  #connection: Connection | null = null;
  #connected = false;
  #serverIndex: number;
  #key: SessionKey | null = null;
  #timeoutMs: number;
  #lastZxid = 0n;
  #triedAtMs = 0;
  /** When the newest of those requests was sent that have been answered: since then the servers give the session its time-out. */
  #heardMs: number | null = null;
  #timer: NodeJS.Timeout | null = null;
  #over: ZooKeeperError | null = null;
  #lossCause: string | null = null;
  #end!: (cause: ZooKeeperError) => void;
  #started!: () => void;
  readonly #ready: Promise<void>;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs;
    this.#serverIndex = Math.floor(Math.random() * options.servers.length);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#ready = new Promise((resolve) => {
      this.#started = resolve;
    });
    this.#connect();
  }

  /** Resolves when the session has begun; servers are tried until then. Rejects when it is over first. */
  async started(): Promise<void> {
    const over = await Promise.race([this.#ready.then(() => null), this.ended]);
    if (over) throw over;
  }

  /** How long it is certain still that no server holds the session for expired. */
  get leaseLeftMs(): number {
    if (this.#over !== null || this.#heardMs === null) return 0;
    return Math.max(0, this.#heardMs + this.#timeoutMs - performance.now());
  }

  /** Why there was no connection the last time that there was none; null: there always was. */
  get lossCause(): string | null {
    return this.#lossCause;
  }

  get id(): bigint | null {
    return this.#key?.id ?? null;
  }

  /** Waits for a connection if there is none. Reads are sent again over the next one; writes reject with `connectionLoss`. */
  send(pending: Omit<Pending, 'number' | 'sentMs'>): void {
    if (this.#over) pending.reject(this.#over);
    else {
      this.#requests.add(pending);
      this.#flush();
    }
  }

  /** Ends the session, and with it its ephemeral nodes, at once. */
  close(): void {
    if (this.#over) return;
    const connection = this.#connected ? this.#connection : null;
    this.#connection = null;
    connection?.end(request(0, opcode.closeSession));
    this.#finish(new ZooKeeperError('sessionEnded', 'the session has been closed'));
  }

  #connect(): void {
    const { servers } = this.#options;
    const server = servers[this.#serverIndex % servers.length] as { host: string; port: number };
    this.#serverIndex += 1;
    this.#connected = false;
    const sentMs = performance.now();
    this.#triedAtMs = sentMs;
    const connection = new Connection({
      server,
      tls: this.#options.tls?.(),
      key: this.#key,
      lastZxid: this.#lastZxid,
      timeoutMs: this.#options.timeoutMs,
      onConnected: (reply) => this.#welcomed(reply, sentMs),
      onFrame: (frame) => this.#take(frame),
      onClosed: (cause) => this.#lost(connection, cause),
    });
    this.#connection = connection;
    this.#arm();
  }

  #welcomed(reply: { key: SessionKey; timeoutMs: number } | null, sentMs: number): void {
    if (reply === null) {
      this.#finish(new ZooKeeperError('sessionEnded', 'the ZooKeeper session has expired'));
      return;
    }
    this.#connected = true;
    this.#key = reply.key;
    this.#timeoutMs = reply.timeoutMs;
    this.#heardMs = sentMs;
    const { user } = this.#options;
    if (user !== undefined) this.#sendAside(xid.auth, request(xid.auth, opcode.auth, authBody(user)));
    this.#started();
    this.#flush();
    this.#arm();
  }

  #flush(): void {
    if (!this.#connected) return;
    for (const frame of this.#requests.sendable(performance.now())) this.#connection?.send(frame);
  }

  /** Pings and authentication: numbers of their own, and nobody waits for them. */
  #sendAside(number: number, frame: Buffer): void {
    this.#requests.noteAside(number, performance.now());
    this.#connection?.send(frame);
  }

  #take(frame: Buffer): void {
    const reader = new JuteReader(frame);
    const header = readHeader(reader);
    if (header.zxid > this.#lastZxid) this.#lastZxid = header.zxid;
    if (header.xid === xid.event) this.#tell(reader);
    else if (header.xid === xid.auth && header.error !== 0)
      this.#finish(new ZooKeeperError('authFailed', 'ZooKeeper does not take the name and password of its user'));
    else {
      this.#heardMs = Math.max(this.#heardMs ?? 0, this.#requests.answered(header, reader));
      this.#flush();
    }
  }

  #tell(reader: JuteReader): void {
    const event = readEvent(reader);
    if (event) for (const watcher of this.watches.take(event.type, event.path)) watcher();
  }

  #lost(connection: Connection, cause: Error): void {
    if (this.#over || connection !== this.#connection) return;
    this.#connection = null;
    this.#connected = false;
    this.#lossCause = cause.message;
    this.#requests.connectionLost(cause);
    for (const watcher of this.watches.takeAll()) watcher();
    this.#arm();
  }

  /** Every moment that matters is looked at together: a time that is over, a silent server, a ping, the next attempt. */
  #arm(): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#over) return;
    const nowMs = performance.now();
    const dueMs = Math.max(nowMs + 1, this.#dueMs());
    this.#timer = setTimeout(() => this.#tick(dueMs), dueMs - nowMs);
  }

  #dueMs(): number {
    const leaseMs = this.#heardMs === null ? Number.POSITIVE_INFINITY : this.#heardMs + this.#timeoutMs;
    if (!this.#connection) return Math.min(leaseMs, this.#triedAtMs + backoffMs);
    return Math.min(leaseMs, this.#silentAtMs(), this.#connected ? this.#pingAtMs() : Number.POSITIVE_INFINITY);
  }

  /** When the server that is asked has had its time. */
  #silentAtMs(): number {
    // The first answer makes a session, which all servers have to agree on.
    if (!this.#connected) return this.#triedAtMs + this.#timeoutMs * (this.#key ? 0.25 : 0.5);
    const oldest = this.#requests.oldestSentMs;
    return oldest === null ? Number.POSITIVE_INFINITY : oldest + this.#timeoutMs * 0.4;
  }

  #pingAtMs(): number {
    return Math.max(this.#requests.newestSentMs ?? 0, this.#heardMs ?? 0) + this.#timeoutMs * 0.2;
  }

  #tick(dueMs: number): void {
    const now = performance.now();
    // This process was busy with something else: the answer may be here, and not be read yet.
    const isLate = now - dueMs > lateMs;
    if (this.#heardMs !== null && this.leaseLeftMs === 0) {
      this.#finish(
        new ZooKeeperError('sessionEnded', `no ZooKeeper server has answered for the session's ${this.#timeoutMs} ms`),
      );
    } else if (!this.#connection) {
      this.#connect();
    } else if (now >= this.#silentAtMs() && !isLate) {
      this.#connection.close(new Error('the server does not answer'));
    } else if (this.#connected && now >= this.#pingAtMs()) {
      this.#sendAside(xid.ping, request(xid.ping, opcode.ping));
    }
    this.#arm();
  }

  #finish(cause: ZooKeeperError): void {
    if (this.#over) return;
    this.#over = cause;
    if (this.#timer) clearTimeout(this.#timer);
    const connection = this.#connection;
    this.#connection = null;
    connection?.close(cause);
    this.#requests.sessionOver(cause);
    for (const watcher of this.watches.takeAll()) watcher();
    this.#end(cause);
  }
}
