import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Credentials } from '../../mesos-http-client/index.js';
import { isTerminal } from '../../mesos-http-client/task-status.js';
import type { Attribute, CommandInfo, DomainInfo, Resource } from '../../mesos-http-client/types.js';
import { type Gate, type GateOptions, gateOf } from '../authentication.js';
import { readJsonFile, writeFileAtomically } from '../durable-file.js';
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
import { MESOS_VERSION } from '../master/master-info.js';
import { systemMetrics } from '../metrics.js';
import { executorVariables, schemeOf, type Tls } from '../tls.js';
import { Agent, type AgentEvent } from './agent.js';
import { Containers } from './containers.js';
import { executorEnvironment } from './environment.js';
import { callingExecutor, parseExecutorCall } from './executor-call.js';
import { checkClaims, executorToken, tokenClaims } from './executor-token.js';
import { browsePage, readFilePage, type Sandboxes } from './files.js';
import { MasterLink } from './master-link.js';
import { mastersOf } from './masters.js';
import { agentMetrics } from './metrics.js';
import { answerOperator } from './operator-call.js';
import { type Account, sandboxesDirectory, sandboxPath } from './sandbox.js';
import type { AgentAction, AgentCheckpoint, AgentSettings, Executor } from './state.js';
import { PENDING_UPDATES_MAX, type StatusStream } from './status-stream.js';
import { agentStatePage } from './views.js';
import { linkVolumes, makeVolume, removeVolume } from './volumes.js';

export interface AgentOptions extends Omit<AgentSettings, 'commandExecutor'> {
  /** URLs, separated by commas, or `zk://...`. */
  master: string;
  zkSessionTimeoutMs: number;
  /** 0 = the port of the earlier life in this work directory, else any free one. */
  port: number;
  hostname: string;
  workDirectory: string;
  resources: Resource[];
  attributes: Attribute[];
  domain: DomainInfo | null;
  /** False: executors of an earlier life are killed and the agent is a new one. */
  recover: boolean;
  commandExecutor: string[];
  /** Starts the built-in executor of task groups. */
  defaultExecutor: string[];
  /** Named to the master. */
  credential?: Credentials;
  authentication: GateOptions;
  /** Null: plain HTTP. */
  tls: Tls | null;
  /** Of executors' tokens; null: executors need none. */
  tokenKey: string | null;
}

const TICK_MS = 100;
/** Also where authentication is asked for. */
const OPEN_PAGES = ['/health', '/version'];

/** The agent in the world: HTTP for executors, the link to the master, processes, the clock and the checkpoint. */
export class AgentLoop {
  readonly #options: AgentOptions;
  readonly #server: Server;
  readonly #checkpointPath: string;
  readonly #streams = new Map<number, ServerResponse>();
  readonly #containers: Containers;
  readonly #link: MasterLink;
  readonly #gate: Gate;
  readonly #onExit: () => void;
  #agent: Agent | null = null;
  #checkpointText = '';
  #nextConnection = 1;
  #timer: NodeJS.Timeout | null = null;

  /** @param onExit the agent has ended its executors and itself (SIGUSR1, or marked gone) */
  constructor(options: AgentOptions, onExit: () => void) {
    this.#options = { ...options, workDirectory: resolve(options.workDirectory) };
    this.#onExit = onExit;
    this.#gate = gateOf('agent', options.authentication);
    this.#checkpointPath = join(this.#options.workDirectory, 'meta', 'agent.json');
    const { tls, zkSessionTimeoutMs, credential } = options;
    const handler: Handler = (request, response, path) => this.#handle(request, response, path);
    this.#server = createHttpServer('/slave(1)', handler, tls);
    this.#containers = new Containers({
      started: (containerId, process) => this.#step({ type: 'containerStarted', containerId, process }),
      failed: (containerId, message, dropped) => this.#step({ type: 'containerFailed', containerId, message, dropped }),
      exited: (containerId, status) => this.#step({ type: 'containerExited', containerId, status }),
    });
    const masters = mastersOf(options.master, zkSessionTimeoutMs, schemeOf(tls));
    this.#link = new MasterLink(masters, tls, credential, {
      connected: () => this.#step({ type: 'masterConnected' }),
      closed: () => this.#step({ type: 'masterClosed' }),
      refused: () =>
        process.stderr.write('the master refuses this agent: give --credential with a principal it knows\n'),
      message: (message) => this.#step({ type: 'fromMaster', message }),
    });
  }

  /** Recovers, listens and goes to the master. @returns the port */
  async start(): Promise<number> {
    const { workDirectory, ip, hostname, resources, attributes, domain } = this.#options;
    mkdirSync(sandboxesDirectory(workDirectory), { recursive: true });
    const saved = readJsonFile(this.#checkpointPath) as AgentCheckpoint | null;
    const checkpoint = this.#options.recover ? saved : null;
    const port = await this.#listen(this.#options.port || (checkpoint?.info.port ?? 0));
    const info = { hostname, port, resources, attributes, ...(domain && { domain }), checkpoint: true };
    const ids = {
      newStatusUuid: () => Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64'),
      newContainerId: () => randomUUID(),
    };
    this.#agent = new Agent({ ...this.#options, ip }, info, checkpoint, ids, Date.now());
    await this.#recoverContainers();
    this.#timer = setInterval(() => this.#step({ type: 'tick' }), TICK_MS);
    this.#step({ type: 'tick' });
    return port;
  }

  async #listen(port: number): Promise<number> {
    await new Promise<void>((listening, reject) => {
      this.#server.once('error', reject).listen(port, this.#options.ip, listening);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async #recoverContainers(): Promise<void> {
    const executors = [...(this.#agent?.state.executors.values() ?? [])];
    for (const executor of executors) {
      this.#containers.adopt(executor.containerId, this.#sandbox(executor), executor.process);
    }
    await this.#containers.killStrangers(sandboxesDirectory(this.#options.workDirectory));
  }

  #sandbox({ frameworkId, id, containerId }: Executor): string {
    const agentId = this.#agent?.state.agentId ?? '';
    return sandboxPath(this.#options.workDirectory, { agentId, frameworkId, executorId: id, containerId });
  }

  /** SIGUSR1. */
  shutdown(): void {
    this.#step({ type: 'shutdown' });
  }

  /** Ends the executors, then the agent; nothing is told to the master. */
  async stopWithContainers(): Promise<void> {
    this.stop();
    await this.#containers.killAll();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#link.stop();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #step(event: AgentEvent): void {
    if (!this.#agent) return;
    const actions = this.#agent.step(event, Date.now());
    // A tick without effect changes nothing that has to be found again.
    if (event.type !== 'tick' || actions.length > 0) this.#saveCheckpoint();
    for (const action of actions) this.#perform(action);
  }

  /** Before any action: what is forwarded or acknowledged must be found again. */
  #saveCheckpoint(): void {
    if (!this.#agent) return;
    const text = JSON.stringify(this.#agent.checkpoint());
    if (text === this.#checkpointText) return;
    writeFileAtomically(this.#checkpointPath, text);
    this.#checkpointText = text;
  }

  #perform(action: AgentAction): void {
    switch (action.type) {
      case 'connectToMaster':
        this.#link.connect();
        return;
      case 'toMaster':
        this.#link.send(action.message);
        return;
      case 'toExecutor': {
        const stream = this.#streams.get(action.connection);
        if (stream) writeEvent(stream, action.event);
        return;
      }
      case 'endStream':
        this.#streams.get(action.connection)?.end();
        this.#streams.delete(action.connection);
        return;
      case 'startContainer':
        this.#startContainer(action);
        return;
      case 'makeVolume':
        makeVolume(this.#options.workDirectory, action.volume);
        return;
      case 'removeVolume':
        removeVolume(this.#options.workDirectory, action.volume);
        return;
      case 'killContainer':
        return void this.#containers.kill(action.containerId);
      case 'exit':
        void this.#leave();
    }
  }

  async #leave(): Promise<void> {
    await this.#link.finish();
    this.stop();
    this.#onExit();
  }

  #startContainer({ executor, framework, role, resources }: Extract<AgentAction, { type: 'startContainer' }>): void {
    const { ip, executorShutdownGraceMs, workDirectory, tokenKey, tls } = this.#options;
    const sandbox = this.#sandbox(executor);
    const environment = executorEnvironment(executor, framework, {
      agentId: this.#agent?.state.agentId ?? '',
      ip,
      port: this.#agent?.state.info.port ?? 0,
      sandbox,
      graceMs: executorShutdownGraceMs,
      allocationRole: role,
      token: tokenKey === null ? null : executorToken(executor, tokenKey),
      tls: executorVariables(tls),
    });
    const command = executor.info.command ?? this.#defaultCommand();
    const user = command.user ?? framework.user;
    const link = (account: Account | null) => linkVolumes(workDirectory, resources, sandbox, account);
    this.#containers.start({ containerId: executor.containerId, sandbox, command, user, environment, link });
  }

  #defaultCommand(): CommandInfo {
    const { defaultExecutor } = this.#options;
    return { shell: false, value: defaultExecutor[0] ?? '', arguments: defaultExecutor };
  }

  async #handle(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (!this.#agent) throw new Refusal(503, 'Agent has not finished recovery');
    if (path === '/api/v1/executor') return this.#executor(request, response, this.#agent);
    const query = new URL(request.url ?? '/', 'http://agent').searchParams;
    const root = sandboxesDirectory(this.#options.workDirectory);
    const sandboxes = { root, agentId: this.#agent.state.agentId ?? '' };
    if (path === '/api/v1') return this.#operator(request, response, sandboxes);
    const pages: Record<string, (agent: Agent) => object> = {
      '/state': (agent) =>
        agentStatePage(agent.state, this.#options.workDirectory, (executor) => this.#sandbox(executor)),
      '/metrics/snapshot': ({ state }) => ({ ...agentMetrics(state, Date.now()), ...systemMetrics() }),
      '/version': () => ({ version: MESOS_VERSION, build_user: 'mesos-local' }),
      '/files/read': () => readFilePage(sandboxes, query),
      '/files/browse': () => browsePage(sandboxes, query),
    };
    if (path !== '/health' && !pages[path]) return answerNotFound(response);
    if (!OPEN_PAGES.includes(path)) this.#gate.admit(request.headers, 'readonly');
    if (refuseMethod(request, response, 'GET')) return;
    if (path === '/health') answerEmpty(response, 200);
    else answerJson(response, (pages[path] as (agent: Agent) => object)(this.#agent));
  }

  async #operator(request: IncomingMessage, response: ServerResponse, sandboxes: Sandboxes): Promise<void> {
    this.#gate.admit(request.headers, 'readonly');
    if (refuseMethod(request, response, 'POST')) return;
    checkContentType(request.headers);
    answerJson(response, answerOperator(await readBody(request), sandboxes));
  }

  async #executor(request: IncomingMessage, response: ServerResponse, agent: Agent): Promise<void> {
    const { tokenKey } = this.#options;
    const claims = tokenKey === null ? null : tokenClaims(request.headers, tokenKey);
    if (refuseMethod(request, response, 'POST')) return;
    checkContentType(request.headers);
    const call = parseExecutorCall(await readBody(request));
    if (call.type === 'HEARTBEAT') return answerEmpty(response, 202);
    if (call.type === 'SUBSCRIBE') checkAccept(request.headers);
    const executor = callingExecutor(agent.state, call);
    if (claims) checkClaims(claims, executor);
    const ids = { frameworkId: call.framework_id.value, executorId: call.executor_id.value };
    if (call.type === 'SUBSCRIBE') {
      const { unacknowledged_tasks: tasks, unacknowledged_updates } = call.subscribe;
      const connection = this.#openStream(response);
      const updates = unacknowledged_updates.map(({ status }) => status);
      return this.#step({ type: 'executorSubscribed', connection, ...ids, tasks, updates });
    }
    if (call.type === 'MESSAGE') {
      answerEmpty(response, 202);
      return this.#step({ type: 'executorMessage', ...ids, data: call.message.data });
    }
    const stream = agent.state.tasks.get(`${ids.frameworkId}\n${call.update.status.task_id.value}`)?.stream;
    if (stream && isFull(stream) && !isTerminal(call.update.status.state))
      throw new Refusal(503, 'Too many status updates of this task wait for the framework');
    answerEmpty(response, 202);
    this.#step({ type: 'executorUpdate', ...ids, status: call.update.status });
  }

  #openStream(response: ServerResponse): number {
    const connection = this.#nextConnection++;
    beginStream(response, {});
    this.#streams.set(connection, response);
    response.once('close', () => {
      if (this.#streams.delete(connection)) this.#step({ type: 'executorStreamClosed', connection });
    });
    return connection;
  }
}

function isFull(stream: StatusStream): boolean {
  return stream.pending.length >= PENDING_UPDATES_MAX;
}
