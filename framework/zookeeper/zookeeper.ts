import type { ZooKeeperError } from './error.js';
import type { JuteReader } from './jute.js';
import {
  type Access,
  type Body,
  multiBody,
  type Operation,
  opcode,
  operationBody,
  pathBody,
  readMultiReply,
  readStat,
  type Stat,
  typeOf,
} from './messages.js';
import { Session, type SessionOptions } from './session.js';
import type { Watcher } from './watches.js';

/**
 * ZooKeeper's operations over one session. All reject with ZooKeeperError. While no server can be reached they wait, as long as
 * the session lives. A `watch` is called once, when what was read has changed, or when the connection was lost: look again.
 */
export class ZooKeeper {
  readonly #session: Session;
  readonly #access: Access;

  /** Begins a session; operations may be called at once. With `user` only this user may touch what is made. */
  constructor(options: SessionOptions) {
    this.#session = new Session(options);
    this.#access = options.user === undefined ? 'anybody' : 'creator';
  }

  /** Resolves when the session has begun; rejects when it is over before. */
  started(): Promise<void> {
    return this.#session.started();
  }

  /** Resolves with the cause when the session is over, also after `close`. */
  get ended(): Promise<ZooKeeperError> {
    return this.#session.ended;
  }

  /** How long it is certain still that the session lives; 0 when it is over. */
  get leaseLeftMs(): number {
    return this.#session.leaseLeftMs;
  }

  /** Why no server could be reached the last time that none could; null: one always could. */
  get lossCause(): string | null {
    return this.#session.lossCause;
  }

  /** What ephemeral nodes name as their owner; null before the session has begun. */
  get sessionId(): bigint | null {
    return this.#session.id;
  }

  /** Ends the session; its ephemeral nodes go at once. */
  close(): void {
    this.#session.close();
  }

  /** Gives back the node's path, which for `sequential` ends in ten digits. */
  async create(
    path: string,
    data: Uint8Array,
    options: { ephemeral?: boolean; sequential?: boolean } = {},
  ): Promise<string> {
    const operation: Operation = { type: 'create', path, data, ...options };
    return this.#write(operation, (reader) => reader.string());
  }

  /** Makes the node and those above it where they are missing; they are empty. */
  async makePath(path: string): Promise<void> {
    const parts = path.split('/').slice(1);
    for (const [at] of parts.entries()) await this.#makeOne(`/${parts.slice(0, at + 1).join('/')}`);
  }

  async #makeOne(path: string): Promise<void> {
    try {
      await this.create(path, Buffer.alloc(0));
    } catch (error) {
      const { code } = error as ZooKeeperError;
      if (code === 'connectionLoss') return this.#makeOne(path);
      // Who may not make it may still use one that is there: what follows tells.
      if (code !== 'nodeExists' && code !== 'noAuth') throw error;
    }
  }

  remove(path: string, version = -1): Promise<void> {
    return this.#write({ type: 'delete', path, version }, () => undefined);
  }

  set(path: string, data: Uint8Array, version = -1): Promise<Stat> {
    return this.#write({ type: 'set', path, data, version }, readStat);
  }

  /** All of it or nothing. Gives back the paths of its creates. */
  multi(operations: readonly Operation[]): Promise<string[]> {
    const what = `${operations.length} changes`;
    const body = multiBody(operations, this.#access);
    return this.#ask(opcode.multi, what, body, false, (reader) => readMultiReply(reader, operations));
  }

  get(path: string): Promise<{ data: Buffer; stat: Stat }> {
    return this.#read(opcode.getData, path, false, (reader) => {
      // The frame's memory is shared with other answers.
      const data = Buffer.from(reader.buffer());
      return { data, stat: readStat(reader) };
    });
  }

  /** What is read afterwards is no older than what was written anywhere before. */
  sync(path: string): Promise<void> {
    return this.#ask(
      opcode.sync,
      `sync ${path}`,
      (writer) => writer.string(path),
      true,
      () => undefined,
    );
  }

  /** Names, in no order. */
  children(path: string, watch?: Watcher): Promise<string[]> {
    return this.#read(opcode.getChildren, path, watch !== undefined, (reader) => {
      if (watch) this.#session.watches.add('children', path, watch);
      return reader.strings();
    });
  }

  /** Null: it is not there. The watch is set in either case. */
  stat(path: string, watch?: Watcher): Promise<Stat | null> {
    return new Promise((resolve, reject) => {
      // At once: the event may be in the same piece of the connection's bytes as the answer.
      const answer = (stat: Stat | null) => {
        if (watch) this.#session.watches.add('data', path, watch);
        resolve(stat);
      };
      this.#session.send({
        ...{ type: opcode.exists, what: `read ${path}`, body: pathBody(path, watch !== undefined), repeatable: true },
        resolve: (reader) => answer(readStat(reader)),
        reject: (error) => (error.code === 'noNode' ? answer(null) : reject(error)),
      });
    });
  }

  #write<T>(operation: Operation, result: (reader: JuteReader) => T): Promise<T> {
    const body = operationBody(operation, this.#access);
    return this.#ask(typeOf(operation), `${operation.type} ${operation.path}`, body, false, result);
  }

  #read<T>(type: number, path: string, watch: boolean, result: (reader: JuteReader) => T): Promise<T> {
    return this.#ask(type, `read ${path}`, pathBody(path, watch), true, result);
  }

  #ask<T>(type: number, what: string, body: Body, repeatable: boolean, result: (reader: JuteReader) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#session.send({ type, what, body, repeatable, resolve: (reader) => resolve(result(reader)), reject });
    });
  }
}
