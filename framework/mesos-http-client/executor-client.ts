import { apiUrl } from './api-url.js';
import { encodeBytes, newUuid } from './bytes.js';
import { CallChannel } from './call-channel.js';
import type { ExecutorCall, ExecutorEvent } from './calls.js';
import type { Clock } from './clock.js';
import { EventStream, type StreamIdentity } from './event-stream.js';
import type { ExecutorEnvironment } from './executor-environment.js';
import { executorEventProblem } from './executor-event-shape.js';
import { executorTlsSource } from './executor-tls.js';
import { MesosError, textOf } from './mesos-error.js';
import type { ConnectionState, SubscriptionOptions } from './subscription.js';
import type { TaskStatus } from './task-status.js';
import type { TlsSource } from './tls.js';
import { Unacknowledged } from './unacknowledged.js';

/** Events an executor acts on. HEARTBEAT, ERROR and ACKNOWLEDGED are the client's own business. */
export type DeliveredExecutorEvent = Exclude<ExecutorEvent, { type: 'HEARTBEAT' | 'ERROR' | 'ACKNOWLEDGED' }>;

export interface ExecutorClientOptions {
  environment: ExecutorEnvironment;
  /** MESOS_EXECUTOR_AUTHENTICATION_TOKEN, if the agent gave one. */
  authenticationToken?: string;
  /** Called with one event after the other; nothing more is read until it has returned. If it throws, the client ends. */
  onEvent: (event: DeliveredExecutorEvent) => Promise<void> | void;
  /** An event was none that an agent sends, or one more than can be kept; nothing else came of it. */
  onLeftOut?: (problem: string) => void;
  /** After `ended` nothing more comes: the executor should end its tasks and itself. */
  onState?: (state: ConnectionState) => void;
  clock?: Clock;
  /** Uniform in [0, 1). */
  random?: () => number;
  callTimeoutMs?: number;
}

/** A change of a task's state; the client adds ids, source, time and uuid. */
export type StatusChange = Omit<TaskStatus, 'task_id' | 'source' | 'uuid' | 'timestamp' | 'agent_id' | 'executor_id'>;

const EXECUTOR_PATH = '/api/v1/executor';
const DEFAULT_CALL_TIMEOUT_MS = 10_000;
/** The agent's default `--executor_registration_timeout`: later it kills the executor anyway. */
const REGISTRATION_WINDOW_MS = 60_000;
const UPDATES_MAX = 4096;
const KEPT_CHARACTERS_MAX = 64 * 2 ** 20;
/** What an agent answers to a call says why it is refused, or nothing. */
const RESPONSE_BYTES_MAX = 64 * 1024;
/** The task of one spec of an app, as Base64, is far smaller. */
const RECORD_BYTES_MAX = 16 * 2 ** 20;

/**
 * An executor's connection to its agent: v1 executor HTTP API. Never ends the process and never throws from a timer.
 * Updates are kept until the agent acknowledges them, and told again after a break.
 */
export class ExecutorClient {
  readonly #options: ExecutorClientOptions;
  readonly #headers: Record<string, string>;
  readonly #tls: TlsSource | undefined;
  readonly #stream: EventStream<ExecutorEvent>;
  readonly #unacknowledged = new Unacknowledged({ updatesMax: UPDATES_MAX, charactersMax: KEPT_CHARACTERS_MAX });
  #channel: { identity: StreamIdentity; calls: CallChannel } | null = null;
  #waitingForDrain: { resolve: () => void; reject: (error: MesosError) => void }[] = [];
  #ended: MesosError | null = null;

  /** @throws RangeError if the agent's address is none */
  constructor(options: ExecutorClientOptions) {
    this.#options = options;
    const { authenticationToken, environment } = options;
    this.#tls = environment.tls === null ? undefined : executorTlsSource(environment.tls);
    this.#headers = authenticationToken === undefined ? {} : { authorization: `Bearer ${authenticationToken}` };
    this.#stream = new EventStream<ExecutorEvent>({
      subscription: subscriptionOptions(environment),
      subscribeCall: () => this.#call({ type: 'SUBSCRIBE', subscribe: this.#unacknowledged.forSubscribe() }),
      headers: this.#headers,
      tls: this.#tls,
      onEvent: (event) => this.#deliver(event),
      onState: (state) => this.#changed(state),
      ...(options.clock && { clock: options.clock }),
      ...(options.random && { random: options.random }),
      recordBytesMax: RECORD_BYTES_MAX,
    });
  }

  /** Subscribes; again after a break for as long as the agent's settings allow: without checkpointing not at all. */
  subscribe(): void {
    this.#stream.start();
  }

  async close(): Promise<void> {
    await Promise.all([this.#stream.close(), this.#channel?.calls.close()]);
  }

  /**
   * Reports a task's state. Returns at once; the update is sent, and sent again if needed, until it is acknowledged.
   * @throws RangeError if thousands of updates are unacknowledged, or for TASK_STAGING, which only masters set
   * @throws MesosError if the client has ended
   */
  update(taskId: string, change: StatusChange): void {
    if (this.#ended) throw this.#ended;
    if (change.state === 'TASK_STAGING')
      throw new RangeError('state: TASK_STAGING is not for executors; use TASK_STARTING');
    const uuid = newUuid();
    this.#unacknowledged.add(uuid, {
      ...change,
      task_id: { value: taskId },
      executor_id: { value: this.#options.environment.executorId },
      source: 'SOURCE_EXECUTOR',
      timestamp: Date.now() / 1000,
      uuid,
    });
    this.#sendUpdates();
  }

  /**
   * Fulfilled when the agent has acknowledged all updates: the moment to exit. Not to be awaited in `onEvent`, which
   * holds up the acknowledgements.
   * @throws MesosError if the client ends before
   */
  drained(): Promise<void> {
    if (this.#unacknowledged.updateCount === 0) return Promise.resolve();
    if (this.#ended) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => this.#waitingForDrain.push({ resolve, reject }));
  }

  /** To the scheduler, without any promise that it arrives. @throws MesosError */
  async message(data: Uint8Array | string): Promise<void> {
    if (!this.#channel) {
      const remedy = 'wait for SUBSCRIBED, then call again';
      throw new MesosError({ code: 'notSubscribed', message: 'MESSAGE: not subscribed to the agent', remedy });
    }
    await this.#channel.calls.call(this.#call({ type: 'MESSAGE', message: { data: encodeBytes(data) } }));
  }

  #call(body: object): ExecutorCall {
    const { executorId, frameworkId } = this.#options.environment;
    return { ...body, executor_id: { value: executorId }, framework_id: { value: frameworkId } } as ExecutorCall;
  }

  /** In order: the channel sends one call after the other. */
  #sendUpdates(): void {
    if (!this.#channel) return;
    for (const status of this.#unacknowledged.takeUnsent()) void this.#sendUpdate(this.#channel, status);
  }

  /** Never rejects. An update that fails on its way is told again by the next SUBSCRIBE. */
  async #sendUpdate(channel: { identity: StreamIdentity; calls: CallChannel }, status: TaskStatus): Promise<void> {
    try {
      await channel.calls.call(this.#call({ type: 'UPDATE', update: { status } }));
    } catch (thrown) {
      const error = thrown as MesosError;
      if (error.code === 'badRequest' || error.code === 'unknownExecutor') this.#stream.end(error);
      else this.#stream.disown(channel.identity, error);
    }
  }

  #deliver(event: ExecutorEvent): Promise<void> | void {
    const problem = executorEventProblem(event) ?? this.#keep(event);
    if (problem !== null) return this.#leaveOut(event, problem);
    if (event.type === 'HEARTBEAT' || event.type === 'ERROR') return;
    if (event.type !== 'ACKNOWLEDGED') return this.#options.onEvent(event);
    this.#acknowledged(event.acknowledged.task_id.value, event.acknowledged.uuid);
  }

  /** Remembers the tasks of a LAUNCH, unless there is no room: then it says so. */
  #keep(event: ExecutorEvent): string | null {
    const launched =
      event.type === 'LAUNCH'
        ? [event.launch.task]
        : event.type === 'LAUNCH_GROUP'
          ? event.launch_group.task_group.tasks
          : [];
    try {
      for (const task of launched) this.#unacknowledged.launched(task);
      return null;
    } catch (error) {
      return `${event.type}: ${textOf(error)}`;
    }
  }

  /** Who knows nothing of the framework is not subscribed. */
  #leaveOut(event: ExecutorEvent, problem: string): void {
    this.#options.onLeftOut?.(problem);
    const { identity } = this.#stream;
    if (event.type !== 'SUBSCRIBED' || identity === null) return;
    const remedy = 'check that the address is that of a Mesos agent';
    this.#stream.disown(identity, new MesosError({ code: 'protocol', message: problem, remedy }));
  }

  #acknowledged(taskId: string, uuid: string): void {
    this.#unacknowledged.acknowledged(taskId, uuid);
    if (this.#unacknowledged.updateCount > 0) return;
    for (const { resolve } of this.#waitingForDrain.splice(0)) resolve();
  }

  #changed(state: ConnectionState): void {
    if (state.type === 'subscribed') this.#openChannel();
    if (state.type === 'disconnected' || state.type === 'ended') this.#closeChannel();
    if (state.type === 'ended') this.#end(state.cause);
    this.#options.onState?.(state);
  }

  #openChannel(): void {
    const { identity } = this.#stream;
    if (!identity) return;
    const timeoutMs = this.#options.callTimeoutMs ?? DEFAULT_CALL_TIMEOUT_MS;
    const { url } = identity;
    const limits = { timeoutMs, callsMax: 2 * UPDATES_MAX, responseBytesMax: RESPONSE_BYTES_MAX };
    const calls = new CallChannel({ url, headers: this.#headers, tls: this.#tls, ...limits });
    this.#channel = { identity, calls };
    this.#sendUpdates();
  }

  #closeChannel(): void {
    void this.#channel?.calls.close();
    this.#channel = null;
  }

  #end(cause: MesosError | null): void {
    const remedy = 'none needed if the executor is ending';
    this.#ended = cause ?? new MesosError({ code: 'closed', message: 'the executor client was closed', remedy });
    for (const { reject } of this.#waitingForDrain.splice(0)) reject(this.#ended);
  }
}

/** The agent's wishes (executor HTTP API, "Disconnections"). It sends heartbeats only every 30 minutes. */
function subscriptionOptions(environment: ExecutorEnvironment): SubscriptionOptions {
  return {
    urls: [apiUrl(environment.agentEndpoint, EXECUTOR_PATH, environment.tls !== null)],
    backoffMinMs: Math.min(500, environment.subscriptionBackoffMaxMs),
    backoffMaxMs: environment.subscriptionBackoffMaxMs,
    subscribeTimeoutMs: 15_000,
    heartbeatIntervalMs: null,
    heartbeatsMissedMax: 5,
    redirectsMax: 0,
    firstWindowMs: REGISTRATION_WINDOW_MS,
    recoveryWindowMs: environment.checkpoint ? environment.recoveryTimeoutMs : 0,
  };
}
