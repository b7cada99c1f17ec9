import type { ExecutorOrder, ReplicaAssignment } from '../../../executor/assignment.js';
import type {
  PlainResources,
  SchedulerCallBody,
  SchedulerEvent,
  TaskInfo,
  TaskState,
} from '../../../framework/mesos-http-client/index.js';
import { type BookedAgent, giveBack, newAgents, offerOf, takeFrom } from '../scheduler/agents.js';
import { foundedBook, type GroupBook, type Reporter, replicaOf, reportData } from '../scheduler/reports.js';

/** Mesos without sockets: agents and tasks in books, in simulated time. It answers the scheduler's calls with the events of a master. */

export const frameworkId = 'scale-0000';
const role = 'gaia';
const allocationMs = 1000;
const refuseSecondsDefault = 5;
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
  #down = new Set<string>();
  #events: SchedulerEvent[] = [];
  #taken = 0;
  #offers = new Map<string, BookedAgent>();
  #suppressed = false;
  #offerNumber = 0;
  #allocateMs = 0;

  constructor(agentCount: number) {
    this.agents = newAgents(agentCount, zones);
  }

  get waiting(): number {
    return this.#events.length - this.#taken;
  }

  subscribe(): void {
    this.#offers.clear();
    for (const agent of this.agents.values()) Object.assign(agent, { offerId: null, refusedUntilMs: 0 });
    this.#suppressed = false;
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
        this.#release(call.accept.offer_ids, now, call.accept.filters?.refuse_seconds);
        return;
      case 'DECLINE':
        this.#release(call.decline.offer_ids, now, call.decline.filters?.refuse_seconds);
        return;
      case 'SUPPRESS':
        this.#suppressed = true;
        return;
      case 'REVIVE':
        this.#suppressed = false;
        for (const agent of this.agents.values()) agent.refusedUntilMs = 0;
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
    }
  }

  /** So many tasks say once more how they stand, `from` this one on. */
  update(count: number, from = 0): void {
    const ids = [...this.tasks.keys()].slice(from, from + count);
    for (const id of ids) this.#tell(id, 'TASK_RUNNING');
  }

  /** Its agents are removed: Mesos says so of each, and that their tasks are gone. */
  loseZone(zone: string): number {
    for (const agent of this.agents.values())
      if (agent.zone === zone) {
        this.#down.add(agent.id);
        if (agent.offerId !== null) this.#rescind(agent, agent.offerId);
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

  #rescind(agent: BookedAgent, offerId: string): void {
    this.#offers.delete(offerId);
    agent.offerId = null;
    this.#events.push({ type: 'RESCIND', rescind: { offer_id: { value: offerId } } });
  }

  #launch(info: TaskInfo): void {
    const id = info.task_id.value;
    const agent = this.agents.get(info.agent_id.value);
    if (!agent || this.tasks.has(id)) throw new Error(`the scheduler launches ${id} where it cannot`);
    if (this.#down.has(agent.id)) return;
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

  #release(offerIds: { value: string }[], now: number, refuseSeconds = refuseSecondsDefault): void {
    for (const { value } of offerIds) {
      const agent = this.#offers.get(value);
      if (!agent) continue;
      this.#offers.delete(value);
      agent.offerId = null;
      agent.refusedUntilMs = now + refuseSeconds * 1000;
    }
  }

  /** All agents that may be offered, in one event, as Mesos does. */
  #allocate(now: number): void {
    if (this.#suppressed || now < this.#allocateMs) return;
    this.#allocateMs = now + allocationMs;
    const isDue = (agent: BookedAgent) =>
      agent.offerId === null && agent.refusedUntilMs <= now && !this.#down.has(agent.id);
    const offers = [...this.agents.values()].filter(isDue).map((agent) => {
      agent.offerId = `scale-O${this.#offerNumber++}`;
      this.#offers.set(agent.offerId, agent);
      return offerOf(agent, agent.offerId, frameworkId, role);
    });
    if (offers.length > 0) this.#events.push({ type: 'OFFERS', offers: { offers } });
  }
}
