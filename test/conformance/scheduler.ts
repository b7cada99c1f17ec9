import type { IncomingMessage } from 'node:http';
import type { SchedulerCallBody, SchedulerEvent } from '../../framework/mesos-http-client/calls.js';
import { RecordDecoder } from '../../framework/mesos-http-client/recordio.js';
import type { FrameworkInfo, Offer, TaskInfo, TaskStatus } from '../../framework/mesos-http-client/types.js';
import { type Answer, open, send } from './raw-http.js';
import { until } from './wait.js';

const PATH = '/api/v1/scheduler';
const JSON_HEADERS = { 'Content-Type': 'application/json', Accept: 'application/json' };

export const ROLE = 'conformance';

export function frameworkInfo(changes: Partial<FrameworkInfo> = {}): FrameworkInfo {
  const capabilities = [
    'MULTI_ROLE',
    'PARTITION_AWARE',
    'RESERVATION_REFINEMENT',
    'REGION_AWARE',
    'TASK_KILLING_STATE',
  ];
  return {
    user: 'root',
    name: 'conformance',
    roles: [ROLE],
    failover_timeout: 60,
    checkpoint: true,
    hostname: '127.0.0.1',
    capabilities: capabilities.map((type) => ({ type })) as NonNullable<FrameworkInfo['capabilities']>,
    ...changes,
  };
}

/** As an older framework: one role, no capabilities. */
export function oldFrameworkInfo(changes: Partial<FrameworkInfo> = {}): FrameworkInfo {
  const { roles: _, ...rest } = frameworkInfo({ capabilities: [], role: ROLE, ...changes });
  return rest;
}

export interface TimedEvent {
  event: SchedulerEvent;
  atMs: number;
}

/** A scheduler that records every event and does nothing by itself, not even acknowledge. */
export class RawScheduler {
  readonly events: TimedEvent[] = [];
  /** Chunks of the body as they came. */
  readonly chunks: string[] = [];
  status = 0;
  headers: IncomingMessage['headers'] = {};
  /** The master has ended the stream with the last chunk. */
  ended = false;
  closed = false;
  readonly #masterUrl: string;
  #stream: IncomingMessage | null = null;
  #errorText = '';

  private constructor(masterUrl: string) {
    this.#masterUrl = masterUrl;
  }

  static async subscribe(masterUrl: string, info: FrameworkInfo, suppressed: string[] = []): Promise<RawScheduler> {
    const scheduler = new RawScheduler(masterUrl);
    await scheduler.#open({
      type: 'SUBSCRIBE',
      ...(info.id && { framework_id: info.id }),
      subscribe: { framework_info: info, suppressed_roles: suppressed },
    });
    return scheduler;
  }

  async #open(body: object): Promise<void> {
    const stream = await open(this.#masterUrl, { path: PATH, headers: JSON_HEADERS, body: JSON.stringify(body) });
    this.#stream = stream;
    this.status = stream.statusCode ?? 0;
    this.headers = stream.headers;
    const decoder = new RecordDecoder();
    stream.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk.toString('utf8'));
      if (this.status !== 200) {
        this.#errorText += chunk;
        return;
      }
      for (const record of decoder.push(chunk))
        this.events.push({ event: JSON.parse(record.toString()), atMs: Date.now() });
    });
    stream.on('end', () => {
      this.ended = true;
    });
    stream.on('error', () => {});
    stream.on('close', () => {
      this.closed = true;
    });
    await until('the first event or the end', () => this.events.length > 0 || this.ended || this.closed);
  }

  get frameworkId(): string {
    const first = this.of('SUBSCRIBED')[0];
    if (!first) throw new Error(`not subscribed: ${this.status} ${this.#errorText} ${JSON.stringify(this.events)}`);
    return first.subscribed.framework_id.value;
  }

  /** Of a refused subscription. */
  get errorText(): string {
    return this.#errorText;
  }

  of<T extends SchedulerEvent['type']>(type: T): Extract<SchedulerEvent, { type: T }>[] {
    const events = this.events.map(({ event }) => event);
    return events.filter((event): event is Extract<SchedulerEvent, { type: T }> => event.type === type);
  }

  get offers(): Offer[] {
    return this.of('OFFERS').flatMap((event) => event.offers.offers);
  }

  statuses(taskId?: string): TaskStatus[] {
    const all = this.of('UPDATE').map((event) => event.update.status);
    return taskId === undefined ? all : all.filter((status) => status.task_id.value === taskId);
  }

  send(body: SchedulerCallBody | { type: string }, headers: Record<string, string> = {}): Promise<Answer> {
    const streamId = this.headers['mesos-stream-id'] as string;
    return send(this.#masterUrl, {
      path: PATH,
      headers: { ...JSON_HEADERS, 'Mesos-Stream-Id': streamId, ...headers },
      body: JSON.stringify({ framework_id: { value: this.frameworkId }, ...body }),
    });
  }

  /** @throws Error unless the master answers 202 */
  async call(body: SchedulerCallBody): Promise<void> {
    const answer = await this.send(body);
    if (answer.status !== 202) throw new Error(`${body.type}: ${answer.status} ${answer.text}`);
  }

  /** Waits for offers beyond the first `seen`. */
  async nextOffers(seen: number, count = 1): Promise<Offer[]> {
    await until(`${count} offers after ${seen}`, () => this.offers.length >= seen + count);
    return this.offers.slice(seen);
  }

  async reached(taskId: string, state: string): Promise<TaskStatus> {
    const arrived = () => this.statuses(taskId).some((status) => status.state === state);
    await until(() => `${taskId} ${state}; got ${JSON.stringify(this.statuses(taskId))}`, arrived);
    return this.statuses(taskId).find((status) => status.state === state) as TaskStatus;
  }

  launch(offer: Offer, tasks: TaskInfo[], refuseSeconds = 0): Promise<void> {
    return this.call({
      type: 'ACCEPT',
      accept: {
        offer_ids: [offer.id],
        operations: [{ type: 'LAUNCH', launch: { task_infos: tasks } }],
        filters: { refuse_seconds: refuseSeconds },
      },
    });
  }

  acknowledge(status: TaskStatus): Promise<void> {
    const { agent_id, task_id, uuid } = status;
    if (!agent_id || uuid === undefined) throw new Error(`not to be acknowledged: ${JSON.stringify(status)}`);
    return this.call({ type: 'ACKNOWLEDGE', acknowledge: { agent_id, task_id, uuid } });
  }

  /** From now on every update is acknowledged as it comes. */
  acknowledgeAll(): void {
    let taken = 0;
    const timer = setInterval(() => {
      if (this.closed) return clearInterval(timer);
      const fresh = this.statuses().slice(taken);
      taken += fresh.length;
      for (const status of fresh) if (status.uuid !== undefined) this.acknowledge(status).catch(() => {});
    }, 10);
  }

  /** As a scheduler that dies. */
  disconnect(): void {
    this.#stream?.destroy();
  }

  /** Ends the framework, if it still is one. */
  async teardown(): Promise<void> {
    if (this.of('SUBSCRIBED').length > 0 && !this.closed) await this.send({ type: 'TEARDOWN' });
    this.disconnect();
  }
}

export function commandTask(offer: Offer, id: string, value: string, changes: Partial<TaskInfo> = {}): TaskInfo {
  return {
    name: id,
    task_id: { value: id },
    agent_id: offer.agent_id,
    command: { value, shell: true },
    resources: [
      { name: 'cpus', type: 'SCALAR', scalar: { value: 0.1 }, allocation_info: { role: ROLE } },
      { name: 'mem', type: 'SCALAR', scalar: { value: 32 }, allocation_info: { role: ROLE } },
    ],
    ...changes,
  };
}
