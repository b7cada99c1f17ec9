/**
 * The model's Mesos (`../../framework/model/fake-mesos.ts`) behind Mesos' scheduler API over HTTP, with tasks in its books only. Both ways it
 * loses, repeats and reorders: events of its stream, and calls, which it takes without effect, or leaves without an answer.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { SchedulerCallBody } from '../../../framework/mesos-http-client/index.js';
import {
  answerEmpty,
  answerText,
  beginStream,
  createHttpServer,
  readBody,
  writeEvent,
} from '../../../framework/mesos-local/http-server.js';
import { FakeMesos } from '../../framework/model/fake-mesos.js';
import { isLostSilently, isSentAgain, mayOvertake } from '../../framework/model/losses.js';
import type { Random } from '../../random.js';

const turnMs = 40;
/** Its clock is faster than the framework's: what it would wait for is not worth the time. */
const speed = 10;
const heartbeatEveryMs = 5000;

export class FaultyMaster {
  readonly mesos: FakeMesos;
  /** So much of what can be lost, repeated or late is. */
  faultShare = 0;
  subscriptions = 0;
  /** Calls that have arrived, whatever became of them. */
  calls = 0;
  /** Looked at whenever a call has arrived, before it has an effect. */
  onCall: () => void = () => undefined;
  /** Tasks that the framework has asked to be killed. */
  readonly killed = new Set<string>();
  readonly #random: Random;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #timer: NodeJS.Timeout;
  #stream: ServerResponse | null = null;
  #streamId = '';
  #heartbeatMs = 0;

  private constructor(agents: number, random: Random) {
    this.mesos = new FakeMesos(agents);
    this.#random = random;
    this.#server = createHttpServer('/master', (request, response) => this.#handle(request, response), null);
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#timer = setInterval(() => this.#turn(), turnMs);
  }

  static async start(agents: number, random: Random): Promise<FaultyMaster> {
    const master = new FaultyMaster(agents, random);
    master.#server.listen(0, '127.0.0.1');
    await once(master.#server, 'listening');
    return master;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Everything that a killed framework had sent has arrived. */
  async quiet(): Promise<void> {
    const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));
    await Promise.all([...this.#sockets].map(closed));
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = JSON.parse(await readBody(request)) as SchedulerCallBody | { type: 'SUBSCRIBE' };
    if (call.type === 'SUBSCRIBE') return this.#subscribe(response);
    if (request.headers['mesos-stream-id'] !== this.#streamId) return answerText(response, 400, 'wrong stream');
    this.calls += 1;
    if (call.type === 'KILL') this.killed.add(call.kill.task_id.value);
    this.onCall();
    const breaks = this.#chance(this.faultShare / 4);
    const isLost = (breaks || isLostSilently(call.type)) && this.#chance(breaks ? 0.5 : this.faultShare);
    if (!isLost) this.mesos.handle(call);
    if (breaks) request.socket.destroy();
    else answerEmpty(response, 202);
    this.#flush();
  }

  #subscribe(response: ServerResponse): void {
    this.#stream?.end();
    this.#streamId = randomUUID();
    beginStream(response, { 'Mesos-Stream-Id': this.#streamId });
    this.#stream = response;
    response.once('close', () => {
      if (this.#stream !== response) return;
      this.#stream = null;
      this.mesos.disconnect();
    });
    this.mesos.subscribe();
    this.subscriptions += 1;
    this.#flush();
  }

  /** Tasks move on, members report, offers go out. */
  #turn(): void {
    const { mesos } = this;
    for (const task of [...mesos.tasks.values()]) if (!this.#chance(this.faultShare)) mesos.progress(task);
    mesos.reports(() => this.#chance(0.3) && !this.#chance(this.faultShare));
    mesos.advance(turnMs * speed);
    this.#heartbeatMs += turnMs;
    if (this.#heartbeatMs >= heartbeatEveryMs && this.#stream) {
      this.#heartbeatMs = 0;
      writeEvent(this.#stream, { type: 'HEARTBEAT' });
    }
    this.#flush();
  }

  /** Offers and rescinds keep their order; what is late waits for a later turn. */
  #flush(): void {
    const { mesos } = this;
    const late: typeof mesos.events = [];
    for (const event of mesos.events.splice(0)) {
      const isLoose = mayOvertake(event);
      if (isLoose && this.#chance(this.faultShare)) late.push(event);
      else if (isSentAgain(event) && this.#chance(this.faultShare)) continue;
      else if (this.#stream) writeEvent(this.#stream, event);
      if (isLoose && this.#chance(this.faultShare)) late.push(structuredClone(event));
    }
    mesos.events.unshift(...late);
  }
}
