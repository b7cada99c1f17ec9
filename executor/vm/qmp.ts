/**
 * A client of QEMU's machine protocol (QMP) over a connection that is there already: QEMU has its other end as a descriptor, so
 * nobody else can connect, and when it breaks, QEMU is gone or deaf. Hence it is never opened again.
 */
import type { Duplex } from 'node:stream';
import { LineSplitter } from '../control.js';
import { parseQmpLine, type QmpMessage } from './qmp-codec.js';
import type { QmpCommand, QmpCommands, QmpEvent, QmpVersion } from './qmp-types.js';

export const answerTimeoutMs = 10_000;
/** Commands whose answer is waited for at the same time. */
const pendingMax = 64;

/** QEMU's own refusal of a command. */
export class QmpRefusal extends Error {
  constructor(
    readonly command: QmpCommand,
    /** `GenericError`, `CommandNotFound`, ... */
    readonly errorClass: string,
    readonly description: string,
  ) {
    super(`QEMU refused ${command}: ${description} (${errorClass}).${remedyOf(errorClass)}`);
  }
}

function remedyOf(errorClass: string): string {
  return errorClass === 'CommandNotFound' ? " This QEMU lacks it: use Debian's qemu-system-x86, 7.2 or later." : '';
}

interface Pending {
  command: QmpCommand;
  resolve: (value: never) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

export class Qmp {
  /** Said by QEMU's greeting. */
  version: QmpVersion = { version: '', package: '' };
  /** Fulfilled with the reason when the connection is over. */
  readonly closed: Promise<Error>;
  private readonly splitter = new LineSplitter();
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  private failure: Error | null = null;
  private greeted: (version: QmpVersion) => void = () => {};
  private over: (reason: Error) => void = () => {};

  private constructor(
    private readonly connection: Duplex,
    private readonly onEvent: (event: QmpEvent, qmp: Qmp) => void,
  ) {
    this.closed = new Promise((resolve) => {
      this.over = resolve;
    });
    connection.on('data', (bytes: Buffer) => this.receive(bytes));
    connection.on('error', (error) => this.fail(`the connection to QEMU broke: ${error.message}`));
    connection.on('close', () => this.fail('QEMU has closed its connection; it has ended, and its output says why'));
  }

  /** Waits for QEMU's greeting and answers it. Rejects within `timeoutMs` twice when QEMU does not speak. */
  static async open(
    connection: Duplex,
    onEvent: (event: QmpEvent, qmp: Qmp) => void = () => {},
    timeoutMs = answerTimeoutMs,
  ): Promise<Qmp> {
    const qmp = new Qmp(connection, onEvent);
    qmp.version = await qmp.greeting(timeoutMs);
    await qmp.execute('qmp_capabilities', {}, timeoutMs);
    return qmp;
  }

  /** Rejects with a `QmpRefusal`, or when no answer came within `timeoutMs` or the connection is over. */
  execute<Name extends QmpCommand>(
    command: Name,
    takes: QmpCommands[Name]['takes'],
    timeoutMs = answerTimeoutMs,
  ): Promise<QmpCommands[Name]['gives']> {
    return new Promise((resolve, reject) => {
      if (this.failure !== null) return reject(this.failure);
      if (this.pending.size >= pendingMax)
        return reject(new Error(`QEMU has not answered ${pendingMax} commands; ${command} was not sent`));
      const id = this.nextId++;
      const timer = setTimeout(() => this.giveUp(id, timeoutMs), timeoutMs);
      this.pending.set(id, { command, resolve, reject, timer });
      this.connection.write(`${JSON.stringify({ execute: command, arguments: takes, id })}\n`);
    });
  }

  close(): void {
    this.fail('the connection to QEMU was closed by us');
  }

  private greeting(timeoutMs: number): Promise<QmpVersion> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.fail(`QEMU did not greet within ${timeoutMs} ms; the host may be too busy to start it`),
        timeoutMs,
      );
      this.greeted = (version) => {
        clearTimeout(timer);
        resolve(version);
      };
      void this.closed.then((reason) => {
        clearTimeout(timer);
        reject(reason);
      });
    });
  }

  private giveUp(id: number, timeoutMs: number): void {
    const late = this.pending.get(id);
    this.pending.delete(id);
    late?.reject(new Error(`QEMU did not answer ${late.command} within ${timeoutMs} ms; it hangs or the host is busy`));
  }

  private receive(bytes: Buffer): void {
    try {
      for (const line of this.splitter.push(bytes)) this.take(parseQmpLine(line));
      if (this.splitter.dropped > 0) throw new Error('a line was too long');
    } catch (error) {
      this.fail(`QEMU said what is not QMP: ${(error as Error).message}`);
    }
  }

  private take(message: QmpMessage): void {
    if (message.type === 'greeting') this.greeted(message.version);
    else if (message.type === 'event') this.onEvent(message.event, this);
    else this.settle(message);
  }

  /** An answer to a command that was given up is nobody's. */
  private settle(message: Extract<QmpMessage, { type: 'answer' | 'refusal' }>): void {
    if (message.id === null)
      throw new Error(`it could not read a command (${(message as { description: string }).description})`);
    const waiting = this.pending.get(message.id);
    if (waiting === undefined) return;
    this.pending.delete(message.id);
    clearTimeout(waiting.timer);
    if (message.type === 'answer') waiting.resolve(message.value as never);
    else waiting.reject(new QmpRefusal(waiting.command, message.class, message.description));
  }

  /** The first reason stays. */
  private fail(reason: string): void {
    if (this.failure !== null) return;
    this.failure = new Error(reason);
    for (const { reject, timer } of this.pending.values()) {
      clearTimeout(timer);
      reject(this.failure);
    }
    this.pending.clear();
    this.connection.destroy();
    this.over(this.failure);
  }
}
