import type { Duplex } from 'node:stream';
import { encodeRecord, RecordDecoder } from '../mesos-http-client/recordio.js';
import { RECORD_BYTES_MAX } from './protocol.js';

const UNSENT_BYTES_MAX = 64 * 1024 * 1024;

/** One end of the connection between master and agent: JSON records in both directions. */
export class RecordSocket<Incoming extends object, Outgoing extends object> {
  readonly #socket: Duplex;

  /**
   * @param head bytes that came with the upgrade
   * @param onClose called once, when the other end is gone or speaks nonsense
   */
  constructor(socket: Duplex, head: Buffer, onMessage: (message: Incoming) => void, onClose: () => void) {
    this.#socket = socket;
    const decoder = new RecordDecoder(RECORD_BYTES_MAX);
    const take = (chunk: Buffer) => {
      try {
        for (const record of decoder.push(chunk)) onMessage(JSON.parse(record.toString('utf8')));
      } catch (error) {
        socket.destroy(error as Error);
      }
    };
    socket.on('data', take);
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.once('close', onClose);
    if (head.length > 0) take(head);
  }

  send(message: Outgoing): void {
    if (this.#socket.destroyed) return;
    this.#socket.write(encodeRecord(JSON.stringify(message)));
    if (this.#socket.writableLength > UNSENT_BYTES_MAX) this.#socket.destroy();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Lets what was sent go out, then closes; after `timeoutMs` it closes anyway. */
  async finish(timeoutMs: number): Promise<void> {
    if (this.#socket.destroyed) return;
    const timer = setTimeout(() => this.#socket.destroy(), timeoutMs);
    await new Promise<void>((resolve) => this.#socket.once('close', resolve).end());
    clearTimeout(timer);
  }
}
