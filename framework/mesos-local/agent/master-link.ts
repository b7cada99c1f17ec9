import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { basicAuthorization, type Credentials } from '../../mesos-http-client/api-url.js';
import { AGENT_PATH, AGENT_PROTOCOL, type ToAgent, type ToMaster } from '../protocol.js';
import { RecordSocket } from '../record-socket.js';

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

/** The agent's connection to its master, made again and again until `stop`. */
export class MasterLink {
  readonly #url: string;
  readonly #listener: LinkListener;
  readonly #headers: Record<string, string>;
  #socket: RecordSocket<ToAgent, ToMaster> | null = null;
  #backoffMs = BACKOFF_MIN_MS;
  #stopped = false;
  #refused = false;

  /** @param credential who the agent is, where the master asks */
  constructor(masterUrl: string, credential: Credentials | undefined, listener: LinkListener) {
    this.#url = new URL(AGENT_PATH, masterUrl).href;
    this.#listener = listener;
    this.#headers = { Connection: 'Upgrade', Upgrade: AGENT_PROTOCOL, ...basicAuthorization(credential) };
  }

  connect(): void {
    if (this.#stopped) return;
    const outgoing = request(this.#url, { headers: this.#headers, agent: false });
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
      if (response.statusCode === 401) this.#refuse();
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

  #refuse(): void {
    if (!this.#refused) this.#listener.refused();
    this.#refused = true;
  }

  #retry(): void {
    if (this.#stopped) return;
    setTimeout(() => this.connect(), this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, BACKOFF_MAX_MS);
  }

  send(message: ToMaster): void {
    this.#socket?.send(message);
  }

  stop(): void {
    this.#stopped = true;
    this.#socket?.close();
  }

  /** As `stop`, but what was sent still goes out. */
  async finish(): Promise<void> {
    this.#stopped = true;
    await this.#socket?.finish(FINISH_TIMEOUT_MS);
  }
}
