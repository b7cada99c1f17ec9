/** One connection to one server, over TCP or TLS, from the connect request on: frames go out, answers come in their order. */
import { connect, type Socket } from 'node:net';
import { connect as connectWithTls } from 'node:tls';
import { ZooKeeperError } from './error.js';
import { FrameDecoder } from './jute.js';
import { connectRequest, readConnectReply, type SessionKey } from './messages.js';

/** The list of a directory with some hundred thousand children. */
const frameBytesMax = 64 * 1024 * 1024;

/** PEM. */
export interface ZooKeeperTls {
  /** Of the authorities that are trusted; left out: those that Node trusts. */
  authority?: Buffer;
  /** This client's; servers ask for one unless they are told not to. */
  certificate?: Buffer;
  key?: Buffer;
}

export interface ConnectionOptions {
  server: { host: string; port: number };
  /** Undefined: without. */
  tls: ZooKeeperTls | undefined;
  key: SessionKey | null;
  lastZxid: bigint;
  timeoutMs: number;
  /** The session lives; `key` null: it is over. */
  onConnected: (reply: { key: SessionKey; timeoutMs: number } | null) => void;
  onFrame: (frame: Buffer) => void;
  /** Once, and nothing afterwards. */
  onClosed: (cause: Error) => void;
}

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #decoder = new FrameDecoder(frameBytesMax);
  #connected = false;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { server, tls, key, lastZxid, timeoutMs } = options;
    this.#socket = tls === undefined ? connect(server) : connectOver(tls, server);
    this.#socket.setNoDelay();
    this.#socket.write(connectRequest(key, lastZxid, timeoutMs));
    this.#socket
      .on('data', (chunk) => this.#receive(chunk))
      .on('error', (error) => this.close(error))
      .on('close', () => this.close(new Error('the server closed the connection')));
  }

  send(frame: Buffer): void {
    this.#socket.write(frame);
  }

  close(cause: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#options.onClosed(cause);
  }

  /** Sends what is left, then closes. */
  end(frame: Buffer): void {
    this.#closed = true;
    this.#socket.end(frame);
    this.#socket.setTimeout(this.#options.timeoutMs, () => this.#socket.destroy());
    this.#socket.resume();
  }

  #receive(chunk: Buffer): void {
    if (this.#closed) return;
    try {
      for (const frame of this.#decoder.push(chunk)) {
        if (this.#closed) return;
        this.#take(frame);
      }
    } catch (error) {
      if (!(error instanceof ZooKeeperError)) throw error;
      this.close(error);
    }
  }

  #take(frame: Buffer): void {
    if (this.#connected) this.#options.onFrame(frame);
    else {
      this.#connected = true;
      this.#options.onConnected(readConnectReply(frame));
    }
  }
}

function connectOver({ authority, certificate, key }: ZooKeeperTls, server: { host: string; port: number }): Socket {
  return connectWithTls({
    ...server,
    minVersion: 'TLSv1.2',
    ...(authority && { ca: authority }),
    ...(certificate && { cert: certificate }),
    ...(key && { key }),
  });
}
