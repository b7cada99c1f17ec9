import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type Gate, type GateOptions, gateOf } from '../authentication.js';
import { readJsonFile, writeFileAtomically } from '../durable-file.js';
import { checkAccept, checkContentType, Refusal } from '../http-call.js';
import {
  answerEmpty,
  answerJson,
  answerNotFound,
  beginStream,
  createHttpServer,
  readBody,
  refuseMethod,
  writeEvent,
} from '../http-server.js';
import { AGENT_PATH, AGENT_PROTOCOL, type ToAgent, type ToMaster } from '../protocol.js';
import { RecordSocket } from '../record-socket.js';
import { Master, type MasterEvent } from './master.js';
import { type Operation, operatorCall } from './operator-call.js';
import { areaOfPage, PAGES, type Page } from './operator-pages.js';
import { checkPrincipal, parseSchedulerCall } from './scheduler-call.js';
import type { MasterAction, MasterSettings, Registry } from './state.js';

/** Port 0 = any free port. */
export interface MasterOptions extends Omit<MasterSettings, 'masterId' | 'hostname'> {
  workDirectory: string;
  authentication: GateOptions;
}

/** The master in the world: HTTP, agents' connections, the clock and the registry file. */
export class MasterLoop {
  readonly #server: Server;
  readonly #options: MasterOptions;
  readonly #registryPath: string;
  readonly #gate: Gate;
  readonly #streams = new Map<number, ServerResponse>();
  readonly #agents = new Map<number, RecordSocket<ToMaster, ToAgent>>();
  readonly #startedAtMs = Date.now();
  #master: Master | null = null;
  #nextConnection = 1;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: MasterOptions) {
    this.#options = options;
    this.#gate = gateOf('master', options.authentication);
    this.#registryPath = join(options.workDirectory, 'registry.json');
    this.#server = createHttpServer('/master', (request, response, path) => this.#handle(request, response, path));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Recovers the registry and listens. @returns the port */
  async start(): Promise<number> {
    const { ip, workDirectory: _, authentication: __, ...settings } = this.#options;
    const registry = readJsonFile(this.#registryPath) as Registry | null;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(settings.port, ip, resolve);
    });
    const { port } = this.#server.address() as AddressInfo;
    const identity = { masterId: randomUUID(), ip, port, hostname: ip };
    this.#master = new Master({ ...settings, ...identity }, registry, Date.now());
    this.#timer = setInterval(() => this.#step({ type: 'tick' }), this.#tickMs());
    return port;
  }

  #tickMs(): number {
    const { allocationIntervalMs, heartbeatIntervalMs, agentPingIntervalMs } = this.#options;
    const shortest = Math.min(allocationIntervalMs, heartbeatIntervalMs, agentPingIntervalMs);
    return Math.max(10, Math.min(250, shortest / 4));
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#server.close();
    this.#server.closeAllConnections();
    for (const agent of this.#agents.values()) agent.close();
  }

  #step(event: MasterEvent): void {
    for (const action of this.#master?.step(event, Date.now()) ?? []) this.#perform(action);
  }

  #perform(action: MasterAction): void {
    switch (action.type) {
      case 'event': {
        const stream = this.#streams.get(action.connection);
        if (stream) writeEvent(stream, action.event);
        break;
      }
      case 'endStream':
        this.#streams.get(action.connection)?.end();
        this.#streams.delete(action.connection);
        break;
      case 'toAgent':
        this.#agents.get(action.connection)?.send(action.message);
        break;
      case 'dropAgent':
        this.#agents.get(action.connection)?.close();
        this.#agents.delete(action.connection);
        break;
      case 'save':
        writeFileAtomically(this.#registryPath, JSON.stringify(action.registry));
        break;
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (!this.#master) throw new Refusal(503, 'Master has not finished recovery');
    if (path === '/api/v1/scheduler') return this.#scheduler(request, response);
    if (path === '/api/v1') return this.#operator(request, response);
    const page = PAGES[path];
    if (!page) return answerNotFound(response);
    const area = areaOfPage(path);
    if (area !== null) this.#gate.admit(request.headers, area);
    if (refuseMethod(request, response, ...Object.keys(page))) return;
    const body = request.method === 'POST' ? await readBody(request) : '';
    const answer = page[request.method as keyof typeof page] as Page;
    this.#answer(response, answer(this.#master.state, body, this.#startedAtMs));
  }

  async #scheduler(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const principal = this.#gate.admit(request.headers, 'scheduler');
    if (refuseMethod(request, response, 'POST')) return;
    checkContentType(request.headers);
    const call = parseSchedulerCall(await readBody(request), principal);
    const streamId = request.headers['mesos-stream-id'] as string | undefined;
    if (call.type === 'SUBSCRIBE') {
      checkAccept(request.headers);
      if (streamId !== undefined) {
        throw new Refusal(400, "Subscribe calls should not include the 'Mesos-Stream-Id' header");
      }
      const stream = this.#openStream(response);
      return this.#step({ type: 'subscribe', stream, subscribe: call.subscribe });
    }
    const master = this.#master as Master;
    const named = master.state.frameworks.get(call.framework_id?.value ?? '')?.info.principal;
    checkPrincipal(named, principal, (text) => new Refusal(400, text));
    const refusal = master.callRefusal(call, streamId);
    if (refusal) throw refusal;
    answerEmpty(response, call.type === 'UPDATE_FRAMEWORK' ? 200 : 202);
    this.#step({ type: 'call', call });
  }

  #openStream(response: ServerResponse): { connection: number; streamId: string } {
    const connection = this.#nextConnection++;
    const streamId = randomUUID();
    beginStream(response, { 'Mesos-Stream-Id': streamId });
    this.#streams.set(connection, response);
    response.once('close', () => {
      if (this.#streams.delete(connection)) this.#step({ type: 'streamClosed', connection });
    });
    return { connection, streamId };
  }

  async #operator(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#gate.admit(request.headers, 'readwrite');
    if (refuseMethod(request, response, 'POST')) return;
    checkContentType(request.headers);
    this.#answer(response, operatorCall((this.#master as Master).state, await readBody(request)));
  }

  #answer(response: ServerResponse, operation: Operation): void {
    if ('event' in operation) this.#step(operation.event);
    if ('answer' in operation) answerJson(response, operation.answer);
    else answerEmpty(response, 200);
  }

  /** @returns the status line's end if this is no agent that may join, else null */
  #agentRefusal(request: IncomingMessage): string | null {
    if (request.url !== AGENT_PATH || request.headers.upgrade !== AGENT_PROTOCOL || !this.#master)
      return '404 Not Found';
    try {
      this.#gate.admit(request.headers, 'agent');
      return null;
    } catch {
      return '401 Unauthorized';
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refused = this.#agentRefusal(request);
    if (refused !== null) {
      socket.on('error', () => socket.destroy());
      socket.end(`HTTP/1.1 ${refused}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${AGENT_PROTOCOL}\r\n\r\n`);
    const connection = this.#nextConnection++;
    const agent = new RecordSocket<ToMaster, ToAgent>(
      socket,
      head,
      (message) => this.#step({ type: 'fromAgent', connection, message }),
      () => {
        this.#agents.delete(connection);
        this.#step({ type: 'agentClosed', connection });
      },
    );
    this.#agents.set(connection, agent);
  }
}
