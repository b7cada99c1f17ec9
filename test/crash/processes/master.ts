/**
 * The model's Mesos (`../../framework/model/fake-mesos.ts`) behind Mesos' scheduler API over HTTP, with tasks in its books only. Both ways it
 * loses, repeats and reorders: events of its stream, and calls, which it takes without effect, or leaves without an answer.
 */
import type { SchedulerCallBody } from '../../../framework/mesos-http-client/index.js';
import { SchedulerApi } from '../../fake-master/scheduler-api.js';
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
  /** Calls that have arrived, whatever became of them. */
  calls = 0;
  /** Looked at whenever a call has arrived, before it has an effect. */
  onCall: () => void = () => undefined;
  /** Tasks that the framework has asked to be killed. */
  readonly killed = new Set<string>();
  readonly #api: SchedulerApi;
  readonly #timer: NodeJS.Timeout;
  #heartbeatMs = 0;

  private constructor(
    agents: number,
    private readonly random: Random,
  ) {
    this.mesos = new FakeMesos(agents);
    this.#api = new SchedulerApi({
      subscribed: () => {
        this.mesos.subscribe();
        this.#flush();
      },
      left: () => this.mesos.disconnect(),
      called: (call) => this.#called(call),
    });
    this.#timer = setInterval(() => this.#turn(), turnMs);
  }

  static async start(agents: number, random: Random): Promise<FaultyMaster> {
    const master = new FaultyMaster(agents, random);
    await master.#api.listen();
    return master;
  }

  get address(): string {
    return this.#api.address;
  }

  get subscriptions(): number {
    return this.#api.subscriptions;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#api.stop();
  }

  quiet(): Promise<void> {
    return this.#api.quiet();
  }

  #chance(share: number): boolean {
    return this.random() < share;
  }

  /** @returns whether it is answered */
  #called(call: SchedulerCallBody): boolean {
    this.calls += 1;
    if (call.type === 'KILL') this.killed.add(call.kill.task_id.value);
    this.onCall();
    const breaks = this.#chance(this.faultShare / 4);
    const isLost = (breaks || isLostSilently(call.type)) && this.#chance(breaks ? 0.5 : this.faultShare);
    if (!isLost) this.mesos.handle(call);
    this.#flush();
    return !breaks;
  }

  /** Tasks move on, members report, offers go out. */
  #turn(): void {
    const { mesos } = this;
    for (const task of [...mesos.tasks.values()]) if (!this.#chance(this.faultShare)) mesos.progress(task);
    mesos.reports(() => this.#chance(0.3) && !this.#chance(this.faultShare));
    mesos.advance(turnMs * speed);
    this.#heartbeatMs += turnMs;
    if (this.#heartbeatMs >= heartbeatEveryMs && this.#api.isSubscribed) {
      this.#heartbeatMs = 0;
      this.#api.send({ type: 'HEARTBEAT' });
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
      else this.#api.send(event);
      if (isLoose && this.#chance(this.faultShare)) late.push(structuredClone(event));
    }
    mesos.events.unshift(...late);
  }
}
