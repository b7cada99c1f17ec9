import lodash from 'lodash';
import type { ReplicaAssignment } from '../../../executor/assignment.js';
import {
  newUuid,
  type PlainResources,
  type SchedulerCallBody,
  type TaskInfo,
  type TaskState,
} from '../../../framework/mesos-http-client/index.js';
import { OfferBook } from '../../fake-master/offer-book.js';
import { SchedulerApi } from '../../fake-master/scheduler-api.js';
import { type BookedAgent, giveBack, newAgents, offersDue, takeFrom } from './agents.js';
import { foundedBook, replicaOf, reportData } from './reports.js';

/**
 * A master that speaks Mesos' scheduler API over HTTP and has agents in its books only. A task runs as soon as it is launched; like an
 * agent, it sends one update of a task after the other, each when the one before has been acknowledged.
 */

const FRAMEWORK_ID = 'bench-0000';
const ALLOCATION_MS = 200;

interface BookedTask {
  id: string;
  agentId: string;
  replica: ReplicaAssignment | null;
  /** Waits for its acknowledgement. */
  uuid: string | null;
  /** Further updates of it. */
  queue: TaskState[];
  sent: number;
  taken: PlainResources;
  /** Its last update is TASK_FAILED. */
  ended: boolean;
}

export class FakeMaster {
  readonly tasks = new Map<string, BookedTask>();
  /** Updates that were acknowledged. */
  acknowledged = 0;
  /** Answers to explicit reconciliation. */
  reconciled = 0;
  /** Whatever the master saw that no framework should do. */
  readonly wrong: string[] = [];
  readonly #agents: Map<string, BookedAgent>;
  readonly #offers: OfferBook<BookedAgent>;
  readonly #api: SchedulerApi;
  readonly #timer: NodeJS.Timeout;
  #role = '';
  #waiting: { condition: () => boolean; resolve: () => void }[] = [];

  private constructor(agents: number) {
    this.#agents = newAgents(agents);
    this.#offers = new OfferBook(this.#agents);
    this.#api = new SchedulerApi({
      subscribed: (role) => this.#subscribed(role),
      left: () => this.#offers.forget(),
      called: (call) => this.#called(call),
    });
    this.#timer = setInterval(() => this.#allocate(), ALLOCATION_MS);
  }

  static async start(agents: number): Promise<FakeMaster> {
    const master = new FakeMaster(agents);
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

  /** Resolves when it holds; looked at after every call. @throws Error when the time is over */
  async reached(what: string, condition: () => boolean, timeoutMs: number): Promise<void> {
    if (condition()) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const say = () => reject(new Error(`${what}: not within ${timeoutMs} ms; ${JSON.stringify(this.#figures())}`));
      timer = setTimeout(say, timeoutMs);
    });
    const held = new Promise<void>((resolve) => this.#waiting.push({ condition, resolve }));
    await Promise.race([held, late]).finally(() => clearTimeout(timer));
  }

  #figures(): object {
    return {
      tasks: this.tasks.size,
      acknowledged: this.acknowledged,
      offers: this.#offers.offered.length,
      wrong: this.wrong,
    };
  }

  /** Further updates for `count` times the tasks in turn. */
  update(count: number): void {
    const tasks = [...this.tasks.values()];
    for (let index = 0; index < count; index += 1)
      this.#enqueue(tasks[index % tasks.length] as BookedTask, 'TASK_RUNNING');
  }

  /** So many of the plain tasks that have run longest end. */
  fail(count: number): void {
    const plain = [...this.tasks.values()].filter(({ replica, ended }) => replica === null && !ended);
    for (const task of plain.slice(0, count)) {
      task.ended = true;
      this.#enqueue(task, 'TASK_FAILED');
    }
  }

  #forget({ id, agentId, taken }: BookedTask): void {
    this.tasks.delete(id);
    giveBack(this.#agents.get(agentId) as BookedAgent, taken);
  }

  /** The stream ends, as when a master fails over with everything it knows. */
  disconnect(): void {
    this.#api.disconnect();
  }

  #enqueue(task: BookedTask, state: TaskState): void {
    task.queue.push(state);
    if (task.uuid === null) this.#sendNext(task);
  }

  #sendNext(task: BookedTask): void {
    const state = task.queue.shift();
    task.uuid = state === undefined ? null : newUuid();
    if (state === undefined || task.uuid === null) return;
    task.sent += 1;
    const told = state === 'TASK_RUNNING' && task.replica !== null;
    this.#api.send({
      type: 'UPDATE',
      update: {
        status: {
          task_id: { value: task.id },
          state,
          source: 'SOURCE_EXECUTOR',
          agent_id: { value: task.agentId },
          executor_id: { value: task.id },
          timestamp: Date.now() / 1000,
          uuid: task.uuid,
          ...(told && { data: foundedReport(task.replica as ReplicaAssignment, task.sent) }),
        },
      },
    });
  }

  #subscribed(role: string): void {
    this.#role = role;
    this.#offers.begin();
    this.#api.send({
      type: 'SUBSCRIBED',
      subscribed: { framework_id: { value: FRAMEWORK_ID }, heartbeat_interval_seconds: 600 },
    });
    this.#allocate();
  }

  #called(call: SchedulerCallBody): true {
    this.#take(call);
    const [held, others] = lodash.partition(this.#waiting, ({ condition }) => condition());
    this.#waiting = others;
    for (const { resolve } of held) resolve();
    return true;
  }

  #take(call: SchedulerCallBody): void {
    switch (call.type) {
      case 'ACCEPT':
        this.#accept(call);
        return;
      case 'ACKNOWLEDGE':
        this.#acknowledge(call.acknowledge.task_id.value, call.acknowledge.uuid);
        return;
      case 'RECONCILE':
        this.#reconcile(call.reconcile.tasks.map(({ task_id }) => task_id.value));
        return;
      case 'DECLINE':
      case 'SUPPRESS':
      case 'REVIVE':
        this.#offers.heed(call, Date.now());
        if (call.type === 'REVIVE') this.#allocate();
        return;
      default:
        this.wrong.push(call.type);
    }
  }

  #accept({ accept }: Extract<SchedulerCallBody, { type: 'ACCEPT' }>): void {
    for (const operation of accept.operations) {
      if (operation.type !== 'LAUNCH') this.wrong.push(operation.type);
      else for (const task of operation.launch.task_infos) this.#launch(task);
    }
    this.#offers.refuse(accept.offer_ids, Date.now(), accept.filters?.refuse_seconds);
  }

  #launch(info: TaskInfo): void {
    const id = info.task_id.value;
    const agent = this.#agents.get(info.agent_id.value);
    if (!agent || this.tasks.has(id)) {
      this.wrong.push(`LAUNCH of ${id}`);
      return;
    }
    const taken = takeFrom(agent, info);
    const replica = replicaOf(info.data);
    const task = { id, agentId: agent.id, replica, uuid: null, queue: [], sent: 0, taken, ended: false };
    this.tasks.set(id, task);
    this.#enqueue(task, 'TASK_STARTING');
    this.#enqueue(task, 'TASK_RUNNING');
  }

  #acknowledge(taskId: string, uuid: string): void {
    const task = this.tasks.get(taskId);
    if (!task || task.uuid !== uuid) {
      this.wrong.push(`ACKNOWLEDGE of ${taskId}`);
      return;
    }
    this.acknowledged += 1;
    this.#sendNext(task);
    if (task.ended && task.uuid === null) this.#forget(task);
  }

  #reconcile(ids: string[]): void {
    for (const id of ids.length > 0 ? ids : this.tasks.keys()) {
      const task = this.tasks.get(id);
      if (!task) continue;
      if (ids.length > 0) this.reconciled += 1;
      this.#api.send({
        type: 'UPDATE',
        update: {
          status: {
            task_id: { value: id },
            state: 'TASK_RUNNING',
            message: 'Reconciliation: Latest task state',
            source: 'SOURCE_MASTER',
            reason: 'REASON_RECONCILIATION',
            agent_id: { value: task.agentId },
            timestamp: Date.now() / 1000,
          },
        },
      });
    }
  }

  #allocate(): void {
    if (!this.#api.isSubscribed) return;
    const to = { frameworkId: FRAMEWORK_ID, role: this.#role };
    for (const event of offersDue(this.#agents, this.#offers, Date.now(), to)) this.#api.send(event);
  }
}

/** Of a group whose members are those that were founded. */
const foundedReport = (replica: ReplicaAssignment, index: number) => reportData(replica, index, foundedBook(replica));
