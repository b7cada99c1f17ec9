import type { ExecutorEvent, SchedulerEvent } from '../../../framework/mesos-http-client/calls.js';
import { parseResources } from '../../../framework/mesos-http-client/resource-text.js';
import type { AgentInfo, DomainInfo } from '../../../framework/mesos-http-client/types.js';
import { Refusal } from '../../../framework/mesos-local/http-call.js';
import { Master, type MasterEvent } from '../../../framework/mesos-local/master/master.js';
import { operatorCall } from '../../../framework/mesos-local/master/operator-call.js';
import type { OperatorEvent } from '../../../framework/mesos-local/master/operator-stream.js';
import { parseSchedulerCall } from '../../../framework/mesos-local/master/scheduler-call.js';
import type { MasterAction, MasterSettings } from '../../../framework/mesos-local/master/state.js';
import { MASTER_TIMINGS } from '../../../framework/mesos-local/timings.js';
import { SteppedAgent } from './stepped-agent.js';
import { type Json, MASTER_ID } from './trace.js';

const TICK_MS = 100;

export interface Stream {
  readonly connection: number;
  readonly streamId: string;
  readonly events: { event: SchedulerEvent; atMs: number }[];
  ended: boolean;
}

/** What a request is answered. */
export interface Answer {
  status: number;
  text: string;
  json?: object;
}

/** A master and its agents in one process, without sockets, in a time that is set. */
export class World {
  readonly streams = new Map<string, Stream>();
  readonly agents = new Map<string, SteppedAgent>();
  /** What executors were told, by their ids. */
  readonly executorEvents = new Map<string, ExecutorEvent[]>();
  /** What an operator is told who has subscribed. */
  readonly operatorEvents: OperatorEvent[] = [];
  master: Master;
  nowMs: number;
  readonly #connections = new Map<number, SteppedAgent>();
  #nextConnection = 1;
  readonly #queue: (() => void)[] = [];
  #draining = false;

  constructor(startMs: number, settings: Partial<MasterSettings>) {
    this.nowMs = startMs;
    const domain = { fault_domain: { region: { name: 'reg1' }, zone: { name: 'master' } } };
    const address = { ip: '127.0.0.1', port: 5050, hostname: '127.0.0.1' };
    this.master = new Master(
      { ...MASTER_TIMINGS, masterId: MASTER_ID, ...address, domain, seed: 1, ...settings },
      null,
      startMs,
    );
  }

  addAgent(id: string, { port, domain, attributes }: Pick<AgentInfo, 'port' | 'domain' | 'attributes'>): void {
    const first = ((port ?? 0) % 10) * 1000 + 30_000;
    const resources = parseResources(`cpus:4;mem:4096;disk:10240;ports:[${first}-${first + 999}]`);
    const info = { hostname: '127.0.0.1', port, domain: domain as DomainInfo, attributes, resources, checkpoint: true };
    const around = {
      nowMs: () => this.nowMs,
      connect: (agent: SteppedAgent) => this.#connect(agent),
      toMaster: (connection: number, message: never) =>
        this.#later(() => this.step({ type: 'fromAgent', connection, message })),
      disconnect: (connection: number) => this.#later(() => this.step({ type: 'agentClosed', connection })),
      toExecutor: (executorId: string, event: ExecutorEvent) => this.#toExecutor(executorId, event),
    };
    this.agents.set(id, new SteppedAgent(around, id, info as AgentInfo));
  }

  #connect(agent: SteppedAgent): number {
    const connection = this.#nextConnection++;
    this.#connections.set(connection, agent);
    return connection;
  }

  #toExecutor(executorId: string, event: ExecutorEvent): void {
    const events = this.executorEvents.get(executorId) ?? [];
    this.executorEvents.set(executorId, [...events, event]);
  }

  /** One thing after the other, as over sockets. */
  #later(what: () => void): void {
    this.#queue.push(what);
    if (this.#draining) return;
    this.#draining = true;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) next();
    this.#draining = false;
  }

  step(event: MasterEvent): void {
    this.#later(() => {
      for (const action of this.master.step(event, this.nowMs)) this.#perform(action);
    });
  }

  #perform(action: MasterAction): void {
    if (action.type === 'save') return;
    if (action.type === 'operatorEvent') {
      this.operatorEvents.push(structuredClone(action.event));
      return;
    }
    if (action.type === 'event' || action.type === 'endStream') {
      const stream = [...this.streams.values()].find(({ connection }) => connection === action.connection);
      if (!stream) return;
      if (action.type === 'event') stream.events.push({ event: structuredClone(action.event), atMs: this.nowMs });
      else stream.ended = true;
      return;
    }
    const agent = this.#connections.get(action.connection);
    if (action.type === 'toAgent') this.#later(() => agent?.told(structuredClone(action.message)));
    else this.#later(() => agent?.dropped());
  }

  /** Lets time pass until then. */
  until(ms: number): void {
    while (this.nowMs < ms) {
      this.nowMs = Math.min(ms, this.nowMs + TICK_MS);
      this.tick();
    }
  }

  tick(): void {
    this.step({ type: 'tick' });
    for (const agent of this.agents.values()) this.#later(() => agent.tick());
  }

  subscribe(label: string, call: Json): Answer {
    return answerOf(() => {
      const parsed = parseSchedulerCall(JSON.stringify(call), null);
      if (parsed.type !== 'SUBSCRIBE') throw new Refusal(500, 'not a SUBSCRIBE');
      const connection = this.#nextConnection++;
      const stream = { connection, streamId: `stream-${connection}` };
      this.streams.set(label, { ...stream, events: [], ended: false });
      this.step({ type: 'subscribe', stream, subscribe: parsed.subscribe });
      return { status: 200, text: '' };
    });
  }

  close(label: string): void {
    const stream = this.streams.get(label);
    if (stream && !stream.ended) this.step({ type: 'streamClosed', connection: stream.connection });
  }

  call(call: Json, streamId: string | undefined): Answer {
    return answerOf(() => {
      const parsed = parseSchedulerCall(JSON.stringify(call), null);
      const refusal = this.master.callRefusal(parsed, streamId);
      if (refusal) throw refusal;
      this.step({ type: 'call', call: parsed });
      return { status: parsed.type === 'UPDATE_FRAMEWORK' ? 200 : 202, text: '' };
    });
  }

  subscribeOperator(): void {
    this.step({ type: 'operatorSubscribe', connection: this.#nextConnection++ });
  }

  operator(call: Json): Answer {
    return answerOf(() => {
      const operation = operatorCall(this.master.state, JSON.stringify(call));
      if ('event' in operation) this.step(operation.event);
      return { status: 200, text: '', ...('answer' in operation && { json: operation.answer }) };
    });
  }

  /** All that is offered of these agents, for no time. */
  decline(label: string, agentIds: string[]): void {
    const { offers, frameworks } = this.master.state;
    const connection = this.streams.get(label)?.connection;
    const framework = [...frameworks.values()].find(({ stream }) => stream?.connection === connection);
    if (!framework) return;
    const own = [...offers.values()].filter(
      ({ frameworkId, agentId }) => frameworkId === framework.id && agentIds.includes(agentId),
    );
    const decline = { offer_ids: own.map(({ id }) => ({ value: id })), filters: { refuse_seconds: 0 } };
    this.step({ type: 'call', call: { type: 'DECLINE', framework_id: { value: framework.id }, decline } });
  }

  /** Offers are made now, and every interval from now on. */
  allocate(): void {
    this.master.state.nextAllocationAtMs = this.nowMs;
    this.tick();
  }
}

function answerOf(ask: () => Answer): Answer {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { status: error.status, text: error.message };
  }
}
