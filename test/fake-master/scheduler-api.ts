/** Mesos' scheduler API over HTTP, for one framework at a time and on a port of its own. What calls do is up to whoever owns it. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { SchedulerCallBody, SchedulerEvent } from '../../framework/mesos-http-client/index.js';
import {
  answerEmpty,
  answerText,
  beginStream,
  createHttpServer,
  readBody,
  writeEvent,
} from '../../framework/mesos-local/http-server.js';

export interface Owner {
  subscribed(role: string): void;
  /** Its stream has ended. */
  left(): void;
  /** @returns whether it is answered; else its connection breaks */
  called(call: SchedulerCallBody): boolean;
}

type Call = SchedulerCallBody | { type: 'SUBSCRIBE'; subscribe: { framework_info: { roles?: string[] } } };

export class SchedulerApi {
  subscriptions = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #stream: ServerResponse | null = null;
  #streamId = '';

  constructor(private readonly owner: Owner) {
    this.#server = createHttpServer('/master', (request, response) => this.#handle(request, response), null);
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get isSubscribed(): boolean {
    return this.#stream !== null;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Everything that a killed framework had sent has arrived. */
  async quiet(): Promise<void> {
    const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));
    await Promise.all([...this.#sockets].map(closed));
  }

  /** Lost while nobody is subscribed. */
  send(event: SchedulerEvent): void {
    if (this.#stream) writeEvent(this.#stream, event);
  }

  /** The stream ends. */
  disconnect(): void {
    const stream = this.#stream;
    if (stream === null) return;
    this.#stream = null;
    stream.end();
    this.owner.left();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = JSON.parse(await readBody(request)) as Call;
    if (call.type === 'SUBSCRIBE') return this.#subscribe(response, call.subscribe.framework_info.roles?.[0] ?? '');
    if (request.headers['mesos-stream-id'] !== this.#streamId) return answerText(response, 400, 'wrong stream');
    if (!this.owner.called(call)) request.socket.destroy();
    else answerEmpty(response, call.type === 'UPDATE_FRAMEWORK' ? 200 : 202);
  }

  #subscribe(response: ServerResponse, role: string): void {
    this.disconnect();
    this.#streamId = randomUUID();
    beginStream(response, { 'Mesos-Stream-Id': this.#streamId });
    this.#stream = response;
    response.once('close', () => {
      if (this.#stream === response) this.disconnect();
    });
    this.subscriptions += 1;
    this.owner.subscribed(role);
  }
}
