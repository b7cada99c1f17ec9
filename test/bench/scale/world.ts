import type { ExecutorOrder, ReplicaAssignment } from '../../../executor/assignment.js';
import type {
  PlainResources,
  SchedulerCallBody,
  SchedulerEvent,
  TaskInfo,
  TaskState,
} from '../../../framework/mesos-http-client/index.js';
import { OfferBook } from '../../fake-master/offer-book.js';
import { type BookedAgent, giveBack, newAgents, offersDue, takeFrom } from '../scheduler/agents.js';
import { foundedBook, type GroupBook, type Reporter, replicaOf, reportData } from '../scheduler/reports.js';

/** Mesos without sockets: agents and tasks in books, in simulated time. It answers the scheduler's calls with the events of a master. */

export const frameworkId = 'scale-0000';
const role = 'gaia';
const allocationMs = 1000;
const takenMax = 50_000;
export const zones = 3;

interface BookedTask {
  agentId: string;
  replica: Reporter | null;
  taken: PlainResources;
  sent: number;
}

export class World {
  readonly agents: Map<string, BookedAgent>;
  readonly tasks = new Map<string, BookedTask>();
  readonly #groups = new Map<string, GroupBook & { tasks: Map<number, string> }>();
  launched = 0;
  /** Agents that are lost. What was on its way to them vanishes. */
  readonly #down = new Set<string>();
  #events: SchedulerEvent[] = [];
  #taken = 0;
  readonly #offers: OfferBook<BookedAgent>;
  #allocateMs = 0;

  constructor(agentCount: number) {
    this.agents = newAgents(agentCount, zones);
    this.#offers = new OfferBook(this.agents);
  }

  get waiting(): number {
    return this.#events.length - this.#taken;
  }

  subscribe(): void {
    this.#offers.begin();
    this.#allocateMs = 0;
    this.#events = [
      { type: 'SUBSCRIBED', subscribed: { framework_id: { value: frameworkId }, heartbeat_interval_seconds: 15 } },
    ];
    this.#taken = 0;
  }

  /** The next events, after the offers that are due. */
  take(max: number, now: number): SchedulerEvent[] {
    this.#allocate(now);
    const events = this.#events.slice(this.#taken, this.#taken + max);
    this.#taken += events.length;
    // What has been taken is not kept: there may be a million.
    if (this.#taken === this.#events.length || this.#taken > takenMax) {
      this.#events = this.#events.slice(this.#taken);
      this.#taken = 0;
    }
    return events;
  }

  call(call: SchedulerCallBody, now: number): void {
    switch (call.type) {
      case 'ACCEPT':
        for (const operation of call.accept.operations)
          if (operation.type === 'LAUNCH') for (const info of operation.launch.task_infos) this.#launch(info);
        this.#offers.refuse(call.accept.offer_ids, now, call.accept.filters?.refuse_seconds);
        return;
      case 'RECONCILE':
        this.#reconcile(call.reconcile.tasks.map(({ task_id }) => task_id.value));
        return;
      case 'MESSAGE': {
        const order = JSON.parse(Buffer.from(call.message.data, 'base64').toString()) as ExecutorOrder;
        if (order.type === 'removeMember') this.#remove(call.message.executor_id.value, order.member);
        return;
      }
      case 'KILL':
        this.#kill(call.kill.task_id.value);
        return;
      default:
        this.#offers.heed(call, now);
    }
  }

  /** So many tasks say once more how they stand, `from` this one on. */
  update(count: number, from = 0): void {
    const ids = [...this.tasks.keys()].slice(from, from + count);
    for (const id of ids) this.#tell(id, 'TASK_RUNNING');
  }

  /** Its agents are removed: Mesos says so of each, and that their tasks are gone. */
  loseZone(zone: string): number {
    for (const agent of [...this.agents.values()])
      if (agent.zone === zone) {
        this.agents.delete(agent.id);
        this.#down.add(agent.id);
        if (agent.offerId !== null) this.#rescind(agent.offerId);
        this.#events.push({ type: 'FAILURE', failure: { agent_id: { value: agent.id } } });
      }
    const lost = [...this.tasks].filter(([, { agentId }]) => this.#down.has(agentId));
    for (const [id] of lost) {
      this.#tell(id, 'TASK_GONE');
      this.#end(id);
    }
    for (const book of this.#groups.values()) this.#elect(book);
    return lost.length;
  }

  #rescind(offerId: string): void {
    this.#offers.take(offerId);
    this.#events.push({ type: 'RESCIND', rescind: { offer_id: { value: offerId } } });
  }

  #launch(info: TaskInfo): void {
    const id = info.task_id.value;
    if (this.#down.has(info.agent_id.value)) return;
    const agent = this.agents.get(info.agent_id.value);
    if (!agent || this.tasks.has(id)) throw new Error(`the scheduler launches ${id} where it cannot`);
    const taken = takeFrom(agent, info);
    this.launched += 1;
    const replica = replicaOf(info.data);
    const reporter = replica && { group: replica.group, self: replica.self };
    this.tasks.set(id, { agentId: agent.id, replica: reporter, taken, sent: 0 });
    this.#tell(id, 'TASK_STARTING');
    if (replica) this.#join(id, replica);
    this.#tell(id, 'TASK_RUNNING');
  }

  /** A joiner counts as soon as it is there. */
  #join(id: string, replica: ReplicaAssignment): void {
    const { group, self } = replica;
    const book = this.#groups.get(group) ?? { ...foundedBook(replica), tasks: new Map() };
    this.#groups.set(group, book);
    book.tasks.set(self.member, id);
    if (book.configuration.some(({ member }) => member === self.member)) return;
    book.configuration = [...book.configuration, self];
    book.configurationIndex += 1;
    this.#leads(book);
  }

  #end(id: string): void {
    const { replica } = this.tasks.get(id) as BookedTask;
    if (replica) this.#groups.get(replica.group)?.tasks.delete(replica.self.member);
    this.tasks.delete(id);
  }

  #remove(executorId: string, member: number): void {
    const replica = this.tasks.get(executorId)?.replica;
    const book = replica && this.#groups.get(replica.group);
    if (!book?.configuration.some((one) => one.member === member)) return;
    book.configuration = book.configuration.filter((one) => one.member !== member);
    book.configurationIndex += 1;
    this.#leads(book);
  }

  /** The lowest number that lives leads when the leader does not. */
  #elect(book: GroupBook & { tasks: Map<number, string> }): void {
    if (book.tasks.has(book.leader) || book.tasks.size === 0) return;
    book.leader = Math.min(...book.tasks.keys());
    book.term += 1;
    this.#leads(book);
  }

  #leads({ tasks, leader }: GroupBook & { tasks: Map<number, string> }): void {
    const id = tasks.get(leader);
    if (id !== undefined) this.#tell(id, 'TASK_RUNNING');
  }

  #kill(id: string): void {
    const task = this.tasks.get(id);
    if (!task) return;
    this.#tell(id, 'TASK_KILLED');
    this.#end(id);
    giveBack(this.agents.get(task.agentId) as BookedAgent, task.taken);
  }

  #tell(id: string, state: TaskState): void {
    const task = this.tasks.get(id) as BookedTask;
    task.sent += 1;
    const data =
      state === 'TASK_RUNNING' && task.replica
        ? { data: reportData(task.replica, task.sent, this.#groups.get(task.replica.group) as GroupBook) }
        : {};
    const status = { task_id: { value: id }, state, agent_id: { value: task.agentId }, uuid: `${task.sent}`, ...data };
    this.#events.push({ type: 'UPDATE', update: { status } });
  }

  #reconcile(ids: string[]): void {
    for (const id of ids.length > 0 ? ids : this.tasks.keys()) {
      const task = this.tasks.get(id);
      const agent_id = task && { agent_id: { value: task.agentId } };
      const status = { task_id: { value: id }, state: 'TASK_RUNNING' as const, ...agent_id };
      if (task) this.#events.push({ type: 'UPDATE', update: { status } });
    }
  }

  #allocate(now: number): void {
    if (this.#offers.isSuppressed || now < this.#allocateMs) return;
    this.#allocateMs = now + allocationMs;
    this.#events.push(...offersDue(this.agents, this.#offers, now, { frameworkId, role }));
  }
}
