import { type IncomingMessage, request } from 'node:http';
import { request as requestWithTls } from 'node:https';
import type { Duplex } from 'node:stream';
import { basicAuthorization, type Credentials } from '../../mesos-http-client/api-url.js';
import { AGENT_PATH, AGENT_PROTOCOL, type ToAgent, type ToMaster } from '../protocol.js';
import { RecordSocket } from '../record-socket.js';
import { pemOf, type Tls } from '../tls.js';
import type { Masters } from './masters.js';

const BACKOFF_MIN_MS = 50;
const BACKOFF_MAX_MS = 1000;
const FINISH_TIMEOUT_MS = 1000;

export interface LinkListener {
  connected(): void;
  closed(): void;
  /** The master does not take this agent's credential; told once, tried on. */
  refused(): void;
  message(message: ToAgent): void;
}

/** The agent's connection to its master, made again and again, to whichever leads, until `stop`. */
export class MasterLink {
  readonly #masters: Masters;
  readonly #listener: LinkListener;
  readonly #headers: Record<string, string>;
  readonly #tls: Tls | null;
  #socket: RecordSocket<ToAgent, ToMaster> | null = null;
  #backoffMs = BACKOFF_MIN_MS;
  #stopped = false;
  #refused = false;

  /** @param credential who the agent is, where the master asks */
  constructor(masters: Masters, tls: Tls | null, credential: Credentials | undefined, listener: LinkListener) {
    this.#masters = masters;
    this.#tls = tls;
    this.#listener = listener;
    this.#headers = { Connection: 'Upgrade', Upgrade: AGENT_PROTOCOL, ...basicAuthorization(credential) };
  }

  /** Also when another master leads: what was said to the old one ends. */
  connect(): void {
    this.#masters.start(() => this.#socket?.close());
    this.#attempt();
  }

  #attempt(): void {
    if (this.#stopped) return;
    const url = this.#masters.next();
    if (url === null) {
      this.#retry();
      return;
    }
    const options = { headers: this.#headers, agent: false };
    const target = new URL(AGENT_PATH, url);
    const outgoing =
      this.#tls === null ? request(target, options) : requestWithTls(target, { ...options, ...pemOf(this.#tls) });
    // An attempt ends once, in whichever way comes first.
    let ended = false;
    const end = () => {
      if (ended) return;
      ended = true;
      this.#retry();
    };
    outgoing.once('upgrade', (_response, socket, head) => this.#open(socket, head, end));
    outgoing.once('response', (response) => {
      response.resume();
      this.#answered(response, url);
      end();
    });
    outgoing.once('error', end);
    outgoing.end();
  }

  #open(socket: Duplex, head: Buffer, end: () => void): void {
    this.#backoffMs = BACKOFF_MIN_MS;
    this.#socket = new RecordSocket<ToAgent, ToMaster>(
      socket,
      head,
      (message) => this.#listener.message(message),
      () => {
        this.#socket = null;
        this.#listener.closed();
        end();
      },
    );
    this.#listener.connected();
  }

  #answered({ statusCode, headers }: IncomingMessage, url: string): void {
    if (statusCode === 307 && headers.location) this.#masters.redirected(new URL(headers.location, url).origin);
    if (statusCode !== 401) return;
    if (!this.#refused) this.#listener.refused();
    this.#refused = true;
  }

  #retry(): void {
    if (this.#stopped) return;
    setTimeout(() => this.#attempt(), this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_MAX_MS);
  }

  send(message: ToMaster): void {
    this.#socket?.send(message);
  }

  stop(): void {
    this.#stopped = true;
    this.#masters.stop();
    this.#socket?.close();
  }

  /** As `stop`, but what was sent still goes out. */
  async finish(): Promise<void> {
    this.#stopped = true;
    this.#masters.stop();
    await this.#socket?.finish(FINISH_TIMEOUT_MS);
  }
}
