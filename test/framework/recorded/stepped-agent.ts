import type { ExecutorEvent } from '../../../framework/mesos-http-client/calls.js';
import type { AgentInfo, TaskStatus } from '../../../framework/mesos-http-client/types.js';
import { Agent, type AgentEvent } from '../../../framework/mesos-local/agent/agent.js';
import {
  type AgentAction,
  type AgentCheckpoint,
  type Executor,
  executorOf,
} from '../../../framework/mesos-local/agent/state.js';
import type { ToAgent, ToMaster } from '../../../framework/mesos-local/protocol.js';
import { agentSettings } from '../mesos-local/settings.js';

/** What an agent without processes is connected to. */
export interface Surroundings {
  nowMs(): number;
  /** @returns the number of the new connection; null: there is nobody */
  connect(agent: SteppedAgent): number | null;
  toMaster(connection: number, message: ToMaster): void;
  disconnect(connection: number): void;
  toExecutor(executorId: string, event: ExecutorEvent): void;
}

/** The raw wait status of a process that was killed. */
const KILLED = 9;

/** An agent that decides as any other, stepped by hand. Its executors do what is told of them and nothing else. */
export class SteppedAgent {
  readonly info: AgentInfo;
  readonly #around: Surroundings;
  #agent: Agent | null = null;
  #connection: number | null = null;
  /** Not null: it is stopped by a signal, and what it is told waits. */
  #inbox: ToAgent[] | null = null;
  #checkpoint: AgentCheckpoint;
  #executorConnections = 0;
  #uuids = 0;
  #containers = 0;

  constructor(around: Surroundings, id: string, info: AgentInfo) {
    this.#around = around;
    this.info = info;
    this.#checkpoint = { agentId: id, info, frameworks: [], executors: [], tasks: [] };
    this.start();
  }

  /** From what the last life left behind; executors that live find it at once. */
  start(): void {
    const ids = {
      newStatusUuid: () => `AAAAAAAAQACA${String(this.#uuids++).padStart(10, '0')}==`,
      newContainerId: () => `${this.info.port}-${this.#containers++}`,
    };
    const { executors } = this.#checkpoint;
    this.#agent = new Agent(agentSettings, this.info, this.#checkpoint, ids, this.#around.nowMs());
    for (const executor of executors) this.#subscribe(executor);
    this.tick();
  }

  /** SIGKILL. */
  kill(): void {
    if (this.#agent) this.#checkpoint = structuredClone(this.#agent.checkpoint());
    this.#agent = null;
    this.#disconnect();
  }

  stop(): void {
    this.#inbox = [];
  }

  continue(): void {
    const inbox = this.#inbox ?? [];
    this.#inbox = null;
    for (const message of inbox) this.#step({ type: 'fromMaster', message });
    if (this.#connection === null) this.#connect();
  }

  /** SIGUSR1. */
  leave(): void {
    this.#step({ type: 'shutdown' });
  }

  tick(): void {
    if (this.#inbox === null) this.#step({ type: 'tick' });
  }

  told(message: ToAgent): void {
    if (this.#inbox) this.#inbox.push(message);
    else this.#step({ type: 'fromMaster', message });
  }

  /** The master has closed the connection. */
  dropped(): void {
    this.#connection = null;
    this.#step({ type: 'masterClosed' });
    if (this.#inbox === null) this.#connect();
  }

  /** An executor that has started and subscribes when it first has something to say. */
  update(frameworkId: string, executorId: string, status: TaskStatus): void {
    this.#subscribed(frameworkId, executorId);
    // What the agent adds to it is left out.
    const { agent_id: _, container_status, ...own } = status;
    const container_id = container_status?.container_id;
    const told = { ...own, ...(container_id?.parent && { container_status: { container_id } }) };
    this.#step({ type: 'executorUpdate', frameworkId, executorId, status: told });
  }

  message(frameworkId: string, executorId: string, data: string): void {
    this.#subscribed(frameworkId, executorId);
    this.#step({ type: 'executorMessage', frameworkId, executorId, data });
  }

  /** `dropped`: not even its sandbox came to be. */
  failed(frameworkId: string, executorId: string, message: string, dropped: boolean): void {
    const executor = this.#executor(frameworkId, executorId);
    if (executor) this.#step({ type: 'containerFailed', containerId: executor.containerId, message, dropped });
  }

  exited(frameworkId: string, executorId: string, status: number | null): void {
    const executor = this.#executor(frameworkId, executorId);
    if (executor) this.#step({ type: 'containerExited', containerId: executor.containerId, status });
  }

  #executor(frameworkId: string, executorId: string): Executor | undefined {
    return this.#agent ? executorOf(this.#agent.state, frameworkId, executorId) : undefined;
  }

  #subscribed(frameworkId: string, executorId: string): void {
    const executor = this.#executor(frameworkId, executorId);
    if (executor && executor.connection === null) this.#subscribe(executor);
  }

  #subscribe({ frameworkId, id: executorId }: Executor): void {
    const connection = this.#executorConnections++;
    this.#step({ type: 'executorSubscribed', connection, frameworkId, executorId, tasks: [], updates: [] });
  }

  #connect(): void {
    this.#connection = this.#around.connect(this);
    if (this.#connection !== null) this.#step({ type: 'masterConnected' });
  }

  #disconnect(): void {
    const connection = this.#connection;
    this.#connection = null;
    if (connection !== null) this.#around.disconnect(connection);
  }

  #step(event: AgentEvent): void {
    const agent = this.#agent;
    if (!agent) return;
    for (const action of agent.step(event, this.#around.nowMs())) this.#perform(agent, action);
  }

  #perform(agent: Agent, action: AgentAction): void {
    switch (action.type) {
      case 'connectToMaster':
        this.#connect();
        break;
      case 'toMaster':
        if (this.#connection !== null) this.#around.toMaster(this.#connection, action.message);
        break;
      case 'toExecutor':
        this.#toExecutor(agent, action.connection, action.event);
        break;
      case 'startContainer': {
        const { containerId } = action.executor;
        this.#step({ type: 'containerStarted', containerId, process: { pid: 1, startTicks: 0 } });
        break;
      }
      case 'killContainer':
        this.#step({ type: 'containerExited', containerId: action.containerId, status: KILLED });
        break;
      case 'exit':
        this.kill();
    }
  }

  /** A command's executor ends when it is told to, or has nothing more to do. */
  #toExecutor(agent: Agent, connection: number, event: ExecutorEvent): void {
    const executor = [...agent.state.executors.values()].find((one) => one.connection === connection);
    if (!executor) return;
    this.#around.toExecutor(executor.id, event);
    if (event.type === 'SHUTDOWN' && executor.isCommandExecutor) this.exited(executor.frameworkId, executor.id, 0);
  }
}
