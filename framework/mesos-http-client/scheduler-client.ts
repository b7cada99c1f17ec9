import { apiUrl, basicAuthorization, type Credentials } from './api-url.js';
import { encodeBytes } from './bytes.js';
import { CallChannel } from './call-channel.js';
import type { OfferOperation, SchedulerCallBody, SchedulerEvent, Subscribe } from './calls.js';
import type { Clock } from './clock.js';
import { EventStream, type StreamIdentity } from './event-stream.js';
import { MesosError, type MesosErrorCode } from './mesos-error.js';
import type { ConnectionState, SubscriptionOptions } from './subscription.js';
import type { TaskStatus } from './task-status.js';
import type { TlsSource } from './tls.js';
import type { FrameworkInfo } from './types.js';

/** Events a scheduler acts on. HEARTBEAT and ERROR are the client's own business; see `onState`. */
export type DeliveredSchedulerEvent = Exclude<SchedulerEvent, { type: 'HEARTBEAT' } | { type: 'ERROR' }>;

export interface SchedulerClientOptions {
  /** `host:port` or URL of each master; the leader is found through their redirections. Empty: see `setMasters`. */
  masters: readonly string[];
  /** With `id` if the framework has been registered before: keep the id of SUBSCRIBED in a safe place. */
  framework: FrameworkInfo;
  suppressedRoles?: readonly string[];
  /** For HTTP basic authentication; `framework.principal` must be the same principal. */
  credentials?: Credentials;
  /** Given: masters are asked over HTTPS only, those without a scheme, too. */
  tls?: TlsSource;
  /**
   * Called with one event after the other, in the order of the stream; nothing more is read until it has returned.
   * Calls may be made and awaited in it. If it throws, the client ends with `handlerFailed`.
   */
  onEvent: (event: DeliveredSchedulerEvent) => Promise<void> | void;
  /** Connecting, subscribed, disconnected and why, ended and why. After `ended` nothing more comes. */
  onState?: (state: ConnectionState) => void;
  clock?: Clock;
  /** Uniform in [0, 1); spreads back-offs. */
  random?: () => number;
  callTimeoutMs?: number;
  recordBytesMax?: number;
  timing?: Partial<Omit<SubscriptionOptions, 'urls'>>;
}

const SCHEDULER_PATH = '/api/v1/scheduler';

const DEFAULT_CALL_TIMEOUT_MS = 10_000;

/** A scheduler keeps trying: its tasks run on without it. 15 s and 5 are Mesos' own figures (scheduler HTTP API). */
const DEFAULT_TIMING: Omit<SubscriptionOptions, 'urls'> = {
  backoffMinMs: 250,
  backoffMaxMs: 15_000,
  subscribeTimeoutMs: 15_000,
  heartbeatIntervalMs: 15_000,
  heartbeatsMissedMax: 5,
  redirectsMax: 3,
  firstWindowMs: null,
  recoveryWindowMs: null,
};

/** Answers to a call that mean: what the master serves, if anything, is not this stream. */
const DISOWNING: readonly MesosErrorCode[] = ['notLeader', 'wrongStream', 'notSubscribed', 'unknownFramework'];

/**
 * A framework's connection to the Mesos master: v1 scheduler HTTP API. Never ends the process and never throws from a
 * timer. Every call rejects with MesosError: `notSubscribed` while there is no subscription, else what the master said.
 * A fulfilled call has been taken by the master (202), not carried out: effects come as events.
 */
export class SchedulerClient {
  readonly #options: SchedulerClientOptions;
  readonly #stream: EventStream<SchedulerEvent>;
  readonly #authorization: Record<string, string>;
  #framework: FrameworkInfo;
  #suppressedRoles: readonly string[];
  #heardMs: number | null = null;
  #channel: { identity: StreamIdentity; calls: CallChannel } | null = null;

  constructor(options: SchedulerClientOptions) {
    this.#options = options;
    this.#framework = options.framework;
    this.#suppressedRoles = options.suppressedRoles ?? [];
    this.#authorization = basicAuthorization(options.credentials);
    const urls = this.#urls(options.masters);
    this.#stream = new EventStream<SchedulerEvent>({
      subscription: { ...DEFAULT_TIMING, ...options.timing, urls },
      subscribeCall: () => this.#subscribeCall(),
      headers: this.#authorization,
      tls: options.tls,
      onEvent: (event) => this.#deliver(event),
      onState: (state) => this.#changed(state),
      ...(options.clock && { clock: options.clock }),
      ...(options.random && { random: options.random }),
      ...(options.recordBytesMax !== undefined && { recordBytesMax: options.recordBytesMax }),
    });
  }

  /** Null until the first SUBSCRIBED, unless it was given. */
  get frameworkId(): string | null {
    return this.#framework.id?.value ?? null;
  }

  /** When the master last said anything, heartbeats included: milliseconds since 1970; null: not yet. */
  get heardMs(): number | null {
    return this.#heardMs;
  }

  /** The masters are these now, at least one; a stream from another one is given up. */
  setMasters(masters: readonly string[]): void {
    this.#stream.move(this.#urls(masters));
  }

  #urls(masters: readonly string[]): string[] {
    return masters.map((master) => apiUrl(master, SCHEDULER_PATH, this.#options.tls !== undefined));
  }

  /** Subscribes, and again whenever the stream is lost. */
  subscribe(): void {
    this.#stream.start();
  }

  /** Disconnects and stays so. The master keeps the tasks for `failover_timeout`. */
  async close(): Promise<void> {
    await Promise.all([this.#stream.close(), this.#channel?.calls.close()]);
  }

  /** @param refuseSeconds how long what is left of the offers is not offered again; Mesos' default is 5 */
  accept(offerIds: readonly string[], operations: OfferOperation[], refuseSeconds?: number): Promise<void> {
    return this.call({ type: 'ACCEPT', accept: { ...offers(offerIds, refuseSeconds), operations } });
  }

  decline(offerIds: readonly string[], refuseSeconds?: number): Promise<void> {
    return this.call({ type: 'DECLINE', decline: offers(offerIds, refuseSeconds) });
  }

  /** Asks for offers again, at once and despite earlier refusals. No roles: all of the framework's. */
  async revive(roles: readonly string[] = []): Promise<void> {
    await this.call({ type: 'REVIVE', revive: { roles: [...roles] } });
    this.#suppressedRoles = roles.length === 0 ? [] : this.#suppressedRoles.filter((role) => !roles.includes(role));
  }

  /** Asks for no more offers; those that are out stay valid. Remembered over re-subscriptions. No roles: all. */
  async suppress(roles: readonly string[] = []): Promise<void> {
    await this.call({ type: 'SUPPRESS', suppress: { roles: [...roles] } });
    const added = roles.length === 0 ? (this.#framework.roles ?? []) : roles;
    this.#suppressedRoles = [...new Set([...this.#suppressedRoles, ...added])];
  }

  /** What later subscriptions say; while subscribed, the master is told at once. Mesos takes no other user, principal or checkpoint. */
  async update(changes: Partial<Omit<FrameworkInfo, 'id'>>, suppressedRoles: readonly string[]): Promise<void> {
    this.#framework = { ...this.#framework, ...changes };
    const update_framework = { framework_info: this.#framework, suppressed_roles: [...suppressedRoles] };
    if (this.#channel) await this.call({ type: 'UPDATE_FRAMEWORK', update_framework });
  }

  /** Not reliable: repeat until a terminal update comes. An unknown task is answered as by reconciliation. */
  kill(taskId: string, agentId?: string, gracePeriodMs?: number): Promise<void> {
    const kill_policy = { grace_period: { nanoseconds: Math.round((gracePeriodMs ?? 0) * 1e6) } };
    return this.call({
      type: 'KILL',
      kill: {
        task_id: { value: taskId },
        ...(agentId !== undefined && { agent_id: { value: agentId } }),
        ...(gracePeriodMs !== undefined && { kill_policy }),
      },
    });
  }

  /** Ends an executor and its tasks. */
  shutdown(executorId: string, agentId: string): Promise<void> {
    return this.call({
      type: 'SHUTDOWN',
      shutdown: { executor_id: { value: executorId }, agent_id: { value: agentId } },
    });
  }

  /** To be called once the update is safely recorded. Does nothing for updates that want no acknowledgement (no uuid). */
  async acknowledge({ task_id, agent_id, uuid }: TaskStatus): Promise<void> {
    if (uuid === undefined || agent_id === undefined) return;
    await this.call({ type: 'ACKNOWLEDGE', acknowledge: { agent_id, task_id, uuid } });
  }

  /** The answers come as UPDATEs without uuid. No tasks: the master tells of all it knows. */
  reconcile(tasks: readonly { taskId: string; agentId?: string }[]): Promise<void> {
    const asked = tasks.map(({ taskId, agentId }) => ({
      task_id: { value: taskId },
      ...(agentId !== undefined && { agent_id: { value: agentId } }),
    }));
    return this.call({ type: 'RECONCILE', reconcile: { tasks: asked } });
  }

  /** To an executor, without any promise that it arrives. */
  message(agentId: string, executorId: string, data: Uint8Array | string): Promise<void> {
    return this.call({
      type: 'MESSAGE',
      message: {
        agent_id: { value: agentId },
        executor_id: { value: executorId },
        data: encodeBytes(data),
      },
    });
  }

  /** Ends the framework for ever, with all its tasks. The client has ended when this is fulfilled. */
  async teardown(): Promise<void> {
    const { identity } = this.#currentChannel('TEARDOWN');
    // On its own connection: the master may end the stream, and with it the channel, before it answers.
    const calls = this.#newChannel(identity);
    try {
      await calls.call({ type: 'TEARDOWN', framework_id: this.#framework.id });
    } finally {
      await calls.close();
    }
    await this.close();
  }

  /** Any call, in Mesos' own form. */
  async call(body: SchedulerCallBody): Promise<void> {
    const { identity, calls } = this.#currentChannel(body.type);
    try {
      await calls.call({ ...body, framework_id: this.#framework.id }, body.type === 'ACKNOWLEDGE');
    } catch (error) {
      if (error instanceof MesosError && DISOWNING.includes(error.code)) this.#stream.disown(identity, error);
      throw error;
    }
  }

  #currentChannel(call: string): { identity: StreamIdentity; calls: CallChannel } {
    if (this.#channel && this.#channel.identity === this.#stream.identity) return this.#channel;
    const remedy = 'wait for SUBSCRIBED, then call again';
    throw new MesosError({ code: 'notSubscribed', message: `${call}: not subscribed to a master`, remedy });
  }

  /** `framework_id` and `framework_info.id` must both be set, and be equal, or be both absent. */
  #subscribeCall(): object {
    const subscribe: Subscribe = {
      framework_info: this.#framework,
      ...(this.#suppressedRoles.length > 0 && { suppressed_roles: [...this.#suppressedRoles] }),
    };
    const { id } = this.#framework;
    return { type: 'SUBSCRIBE', ...(id && { framework_id: id }), subscribe };
  }

  #deliver(event: SchedulerEvent): Promise<void> | void {
    this.#heardMs = Date.now();
    if (event.type === 'HEARTBEAT' || event.type === 'ERROR') return;
    if (event.type === 'SUBSCRIBED') this.#framework = { ...this.#framework, id: event.subscribed.framework_id };
    return this.#options.onEvent(event);
  }

  #changed(state: ConnectionState): void {
    if (state.type === 'subscribed') this.#openChannel();
    if (state.type === 'disconnected' || state.type === 'ended') this.#closeChannel();
    this.#options.onState?.(state);
  }

  #openChannel(): void {
    const { identity } = this.#stream;
    if (identity) this.#channel = { identity, calls: this.#newChannel(identity) };
  }

  #newChannel({ url, streamId }: StreamIdentity): CallChannel {
    const headers = { ...this.#authorization, ...(streamId !== null && { 'mesos-stream-id': streamId }) };
    const { tls, callTimeoutMs: timeoutMs = DEFAULT_CALL_TIMEOUT_MS } = this.#options;
    return new CallChannel({ url, headers, tls, timeoutMs });
  }

  #closeChannel(): void {
    void this.#channel?.calls.close();
    this.#channel = null;
  }
}

function offers(offerIds: readonly string[], refuseSeconds: number | undefined) {
  return {
    offer_ids: offerIds.map((value) => ({ value })),
    ...(refuseSeconds !== undefined && { filters: { refuse_seconds: refuseSeconds } }),
  };
}
