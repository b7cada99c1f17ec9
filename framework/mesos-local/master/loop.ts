import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import lodash from 'lodash';
import { type Gate, type GateOptions, gateOf } from '../authentication.js';
import { checkAccept, checkContentType, Refusal } from '../http-call.js';
import {
  answerEmpty,
  answerJson,
  answerNotFound,
  beginStream,
  createHttpServer,
  type Handler,
  readBody,
  refuseMethod,
  writeEvent,
} from '../http-server.js';
import { type LeadingMaster, LeadingMasters } from '../leading-master.js';
import { systemMetrics } from '../metrics.js';
import { AGENT_PATH, AGENT_PROTOCOL, type ToAgent, type ToMaster } from '../protocol.js';
import { RecordSocket } from '../record-socket.js';
import { MASTER_TIMINGS } from '../timings.js';
import type { Tls } from '../tls.js';
import { Master, type MasterEvent } from './master.js';
import { masterInfo } from './master-info.js';
import { masterMetrics } from './metrics.js';
import { type Operation, operatorCall } from './operator-call.js';
import { areaOf, LOCAL_PAGES, PAGES, type Page } from './operator-pages.js';
import { FileRegistry, type RegistryStore, ZooKeeperRegistry } from './registry.js';
import { checkPrincipal, parseSchedulerCall } from './scheduler-call.js';
import type { MasterAction, MasterSettings, Registry } from './state.js';

/** Port 0 = any free port. */
export interface MasterOptions extends Omit<MasterSettings, 'masterId' | 'hostname'> {
  workDirectory: string;
  /** One of several masters: where they agree on the leader, and keep the registry. */
  zk?: string;
  zkSessionTimeoutMs: number;
  /** It led and does no longer. Nothing it knows holds any more: it must end. */
  onLost(cause: Error): void;
  authentication: GateOptions;
  /** Null: plain HTTP. */
  tls: Tls | null;
}

/** Status line and headers, for a request that asked for another protocol. */
function headOf({ status, headers }: Refusal): string {
  const lines = Object.entries(headers).map(([name, value]) => `\r\n${name}: ${value}`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}${lines.join('')}`;
}

/** The master in the world: HTTP, agents' connections, the clock and the registry file. */
export class MasterLoop {
  readonly #server: Server;
  readonly #options: MasterOptions;
  readonly #gate: Gate;
  readonly #streams = new Map<number, ServerResponse>();
  readonly #agents = new Map<number, RecordSocket<ToMaster, ToAgent>>();
  #master: Master | null = null;
  #masters: LeadingMasters | null = null;
  /** Null: nobody, as far as is known. */
  #leader: LeadingMaster | null = null;
  #registry: RegistryStore;
  /** Waits for the registry. */
  #actions: MasterAction[] = [];
  #saving = false;
  #nextConnection = 1;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: MasterOptions) {
    this.#options = options;
    this.#gate = gateOf('master', options.authentication);
    this.#registry = new FileRegistry(join(options.workDirectory, 'registry.json'));
    const handler: Handler = (request, response, path) => this.#handle(request, response, path);
    this.#server = createHttpServer('/master', handler, options.tls);
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Listens, and leads as soon as it may. @returns the port */
  async start(): Promise<number> {
    const { ip, port, zk, zkSessionTimeoutMs: sessionTimeoutMs } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(port, ip, resolve);
    });
    const settings = this.#settings((this.#server.address() as AddressInfo).port);
    const candidate = masterInfo(settings);
    if (zk === undefined) {
      this.#leader = { info: candidate, own: true };
      await this.#lead(settings);
    } else {
      const told = (leader: LeadingMaster | null) => this.#told(leader, settings);
      this.#masters = new LeadingMasters({ url: zk, sessionTimeoutMs, candidate, told });
      this.#masters.start();
    }
    return settings.port;
  }

  #settings(port: number): MasterSettings {
    const { domain, seed, ip, ...options } = this.#options;
    const timings = lodash.pick(options, Object.keys(MASTER_TIMINGS)) as typeof MASTER_TIMINGS;
    return { ...timings, domain, seed, masterId: randomUUID(), ip, port, hostname: ip };
  }

  #told(leader: LeadingMaster | null, settings: MasterSettings): void {
    const led = this.#leader?.own === true;
    this.#leader = leader;
    const { session, directory } = this.#masters as LeadingMasters;
    if (led) this.#lose(new Error('another master was elected, or the session with ZooKeeper is over'));
    if (led || !leader?.own || !session) return;
    this.#registry = new ZooKeeperRegistry(session, directory);
    this.#lead(settings).catch((error: Error) => this.#lose(error));
  }

  async #lead(settings: MasterSettings): Promise<void> {
    const registry = await this.#registry.load();
    this.#master = new Master(settings, registry, Date.now());
    this.#timer = setInterval(() => this.#step({ type: 'tick' }), this.#tickMs());
  }

  #lose(cause: Error): void {
    this.stop();
    this.#options.onLost(
      new Error(`this master has lost its leadership: ${cause.message}; start it again as a standby`),
    );
  }

  #tickMs(): number {
    const { allocationIntervalMs, heartbeatIntervalMs, agentPingIntervalMs } = this.#options;
    const shortest = Math.min(allocationIntervalMs, heartbeatIntervalMs, agentPingIntervalMs);
    return Math.max(10, Math.min(250, shortest / 4));
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#masters?.stop();
    this.#server.close();
    this.#server.closeAllConnections();
    for (const agent of this.#agents.values()) agent.close();
  }

  #step(event: MasterEvent): void {
    this.#actions.push(...(this.#master?.step(event, Date.now()) ?? []));
    if (!this.#saving) this.#drain();
  }

  /** In order. What follows a change of the registry waits until that is kept. */
  #drain(): void {
    for (let action = this.#actions.shift(); action; action = this.#actions.shift()) {
      if (action.type === 'save') return void this.#save(action.registry);
      this.#perform(action);
    }
  }

  async #save(registry: Registry): Promise<void> {
    this.#saving = true;
    try {
      await this.#registry.save(registry);
      this.#saving = false;
      this.#drain();
    } catch (error) {
      this.#lose(error as Error);
    }
  }

  #perform(action: Exclude<MasterAction, { type: 'save' }>): void {
    switch (action.type) {
      case 'event':
      case 'operatorEvent': {
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
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const area = areaOf(path);
    const principal = area === null ? null : this.#gate.admit(request.headers, area);
    if (path === '/redirect') throw this.#redirection('');
    const local = LOCAL_PAGES[path];
    if (local) return refuseMethod(request, response, 'GET') ? undefined : this.#answer(response, local);
    const master = this.#leadingMaster(request);
    if (path === '/api/v1/scheduler') return this.#scheduler(request, response, { master, principal });
    if (path === '/api/v1') return this.#operator(request, response, master);
    if (path === '/metrics/snapshot') return this.#metrics(request, response, master);
    const page = PAGES[path];
    if (!page) return answerNotFound(response);
    if (refuseMethod(request, response, ...Object.keys(page))) return;
    const body = request.method === 'GET' ? '' : await readBody(request);
    const answer = page[request.method as keyof typeof page] as Page;
    this.#answer(response, answer(master.state, body));
  }

  #metrics(request: IncomingMessage, response: ServerResponse, { state }: Master): void {
    if (refuseMethod(request, response, 'GET')) return;
    answerJson(response, { ...masterMetrics(state, Date.now()), ...systemMetrics() });
  }

  /** Before anything of the request is looked at (observed 35). @throws Refusal */
  #leadingMaster({ url = '/' }: IncomingMessage): Master {
    if (this.#leader?.own !== true) throw this.#redirection(url.startsWith('/master') ? url : `/master${url}`);
    if (!this.#master) throw new Refusal(503, 'Master has not finished recovery');
    return this.#master;
  }

  #redirection(path: string): Refusal {
    if (!this.#leader) return new Refusal(503, 'No leader elected');
    const { hostname, port } = this.#leader.info;
    return new Refusal(307, '', { Location: `//${hostname}:${port}${path}` });
  }

  async #scheduler(
    request: IncomingMessage,
    response: ServerResponse,
    { master, principal }: { master: Master; principal: string | null },
  ): Promise<void> {
    if (refuseMethod(request, response, 'POST')) return;
    checkContentType(request.headers);
    const call = parseSchedulerCall(await readBody(request), principal);
    const streamId = request.headers['mesos-stream-id'] as string | undefined;
    if (call.type === 'SUBSCRIBE') {
      checkAccept(request.headers);
      if (streamId !== undefined) {
        throw new Refusal(400, "Subscribe calls should not include the 'Mesos-Stream-Id' header");
      }
      const newId = randomUUID();
      const stream = { connection: this.#openStream(response, { 'Mesos-Stream-Id': newId }), streamId: newId };
      return this.#step({ type: 'subscribe', stream, subscribe: call.subscribe });
    }
    const named = master.state.frameworks.get(call.framework_id?.value ?? '')?.info.principal;
    checkPrincipal(named, principal, (text) => new Refusal(400, text));
    const refusal = master.callRefusal(call, streamId);
    if (refusal) throw refusal;
    answerEmpty(response, call.type === 'UPDATE_FRAMEWORK' ? 200 : 202);
    this.#step({ type: 'call', call });
  }

  /** @returns the connection */
  #openStream(response: ServerResponse, headers: Record<string, string>): number {
    const connection = this.#nextConnection++;
    beginStream(response, headers);
    this.#streams.set(connection, response);
    response.once('close', () => {
      if (this.#streams.delete(connection)) this.#step({ type: 'streamClosed', connection });
    });
    return connection;
  }

  async #operator(request: IncomingMessage, response: ServerResponse, master: Master): Promise<void> {
    if (refuseMethod(request, response, 'POST')) return;
    checkContentType(request.headers);
    const operation = operatorCall(master.state, await readBody(request));
    if (!('subscribe' in operation)) return this.#answer(response, operation);
    checkAccept(request.headers);
    this.#step({ type: 'operatorSubscribe', connection: this.#openStream(response, {}) });
  }

  #answer(response: ServerResponse, operation: Operation): void {
    if ('event' in operation) this.#step(operation.event);
    if ('answer' in operation) answerJson(response, operation.answer);
    else answerEmpty(response, 200);
  }

  /** @returns the head of a refusal if this is no agent that may join, else null */
  #agentRefusal(request: IncomingMessage): string | null {
    if (request.url !== AGENT_PATH || request.headers.upgrade !== AGENT_PROTOCOL) return headOf(new Refusal(404, ''));
    try {
      this.#gate.admit(request.headers, 'agent');
      this.#leadingMaster(request);
      return null;
    } catch (error) {
      return headOf(error as Refusal);
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refused = this.#agentRefusal(request);
    if (refused !== null) {
      socket.on('error', () => socket.destroy());
      socket.end(`${refused}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
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
