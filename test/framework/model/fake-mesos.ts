/** A tiny Mesos in memory: one master, agents, tasks, unreliable updates. Time and choices come from outside. */
import type { Assignment, GuestGroup } from '../../../executor/assignment.js';
import type {
  OfferOperation,
  Resource,
  ResourceOperation,
  SchedulerCallBody,
  SchedulerEvent,
  TaskInfo,
  TaskState,
  TaskStatus,
} from '../../../framework/mesos-http-client/index.js';
import {
  contains,
  conversionOf,
  converted,
  isResourceOperation,
  namedBy,
  subtract,
} from '../../../framework/mesos-http-client/index.js';
import { OfferBook } from '../../fake-master/offer-book.js';
import { cpusOf, type FakeAgent, newAgent, offerOf, totalOf } from './fake-agent.js';
import { type FakeGroup, FakeGroups, joinsNobody } from './fake-group.js';
import { executorStatus, masterStatus } from './fake-status.js';

const resendMs = 10_000;
const nextStates: Partial<Record<TaskState, TaskState>> = {
  TASK_STAGING: 'TASK_STARTING',
  TASK_STARTING: 'TASK_RUNNING',
};
/** Messages arrive soon or never. */
const messageMsMax = 4000;

export interface FakeTask {
  info: TaskInfo;
  assignment: Assignment;
  agentId: string;
  state: TaskState;
  ended: boolean;
  /** Not acknowledged yet; the first is sent again and again. */
  updates: { status: TaskStatus; sentMs: number | null }[];
}

export class FakeMesos {
  readonly agents = new Map<string, FakeAgent>();
  readonly tasks = new Map<string, FakeTask>();
  readonly groups = new FakeGroups();
  /** On their way to the framework. */
  events: SchedulerEvent[] = [];
  connected = false;
  nowMs = 0;
  /** With which the framework has subscribed. */
  role = 'gaia';
  /** So many processors may be given and offered to the role. */
  #quotaCpus = Number.POSITIVE_INFINITY;
  /** Agents that an operator has given up. */
  readonly #gone = new Set<string>();
  /** Called before a kill takes effect. */
  onKill: (task: FakeTask) => void = () => undefined;
  /** Called before a volume is destroyed. */
  onDestroy: (volume: Resource) => void = () => undefined;
  onLaunch: (info: TaskInfo, assignment: Assignment) => void = () => undefined;
  readonly #offers = new OfferBook<FakeAgent>(this.agents);
  readonly #sentMs = new WeakMap<SchedulerEvent, number>();
  #counter = 0;

  constructor(agentCount: number) {
    for (let i = 1; i <= agentCount; i++) this.agents.set(`S${i}`, newAgent(i));
  }

  subscribe(): void {
    this.connected = true;
    this.events = [];
    this.#offers.begin();
    for (const task of this.tasks.values()) for (const update of task.updates) update.sentMs = null;
    this.events.push({
      type: 'SUBSCRIBED',
      subscribed: { framework_id: { value: 'fw-1' }, heartbeat_interval_seconds: 15 },
    });
  }

  disconnect(): void {
    this.connected = false;
    this.events = [];
    this.#offers.forget();
  }

  handle(call: SchedulerCallBody): void {
    if (!this.connected) return;
    switch (call.type) {
      case 'ACCEPT':
        this.#accept(
          call.accept.offer_ids.map(({ value }) => value),
          call.accept.operations,
        );
        return;
      case 'KILL':
        this.#kill(call.kill.task_id.value, call.kill.agent_id?.value);
        return;
      case 'ACKNOWLEDGE': {
        const task = this.tasks.get(call.acknowledge.task_id.value);
        if (task?.updates[0]?.status.uuid === call.acknowledge.uuid) task.updates.shift();
        return;
      }
      case 'RECONCILE':
        if (call.reconcile.tasks.length === 0) for (const id of this.tasks.keys()) this.#answer(id, undefined, true);
        for (const { task_id, agent_id } of call.reconcile.tasks) this.#answer(task_id.value, agent_id?.value, false);
        return;
      case 'MESSAGE': {
        const replica = this.tasks.get(call.message.executor_id.value)?.assignment.replica;
        const order = JSON.parse(Buffer.from(call.message.data, 'base64').toString());
        if (replica) this.groups.of(replica).order(replica.self.member, order);
        return;
      }
      default:
        this.#offers.heed(call, this.nowMs);
    }
  }

  /** Lets time pass: offers go out, unacknowledged updates are sent again. */
  advance(ms: number): void {
    this.nowMs += ms;
    this.events = this.events.filter(
      (event) => event.type !== 'MESSAGE' || this.nowMs - (this.#sentMs.get(event) ?? 0) < messageMsMax,
    );
    if (!this.connected) return;
    for (const agent of this.agents.values()) this.#offer(agent);
    for (const task of this.tasks.values()) {
      const first = task.updates[0];
      const due = first && (first.sentMs === null || this.nowMs - first.sentMs > resendMs);
      if (!first || !due || !this.agents.get(task.agentId)?.up) continue;
      first.sentMs = this.nowMs;
      this.events.push({ type: 'UPDATE', update: { status: first.status } });
    }
  }

  /** Moves a task on: staging, starting, running. */
  progress(task: FakeTask): void {
    const state = nextStates[task.state];
    if (!state || task.ended || !this.agents.get(task.agentId)?.up) return;
    const replica = state === 'TASK_RUNNING' ? task.assignment.replica : null;
    if (replica && joinsNobody(replica)) return void this.end(task, 'TASK_FAILED');
    this.#become(task, state);
    if (replica) this.groups.of(replica).start(replica, guestGroup(task.assignment));
  }

  /** Its executor's word of the check that it makes. */
  tellHealth(task: FakeTask, healthy: boolean, consecutiveFailures = 0): void {
    const labels = { labels: [{ key: 'consecutiveFailures', value: String(consecutiveFailures) }] };
    this.#become(task, task.state, healthy ? { healthy } : { healthy, labels, message: 'it does not answer' });
  }

  end(task: FakeTask, state: TaskState, more: Partial<TaskStatus> = {}): void {
    if (task.ended) return;
    task.ended = true;
    this.#become(task, state, more);
    if (task.assignment.replica) this.groups.of(task.assignment.replica).end(task.assignment.replica.self.member);
  }

  setUp(agentId: string, up: boolean): void {
    const agent = this.agents.get(agentId) as FakeAgent;
    if (agent.up === up || agent.lost) return;
    agent.up = up;
    this.#rescind(agent);
    for (const task of this.tasks.values()) {
      if (task.agentId !== agentId) continue;
      const replica = task.assignment.replica;
      if (replica) this.groups.of(replica).connect(replica.self.member, up);
      if (!task.ended) this.#answer(task.info.task_id.value, agentId, false);
    }
  }

  /** An operator marks the agent as gone: it does not come back, and the master forgets what it kept. */
  markGone(agentId: string): void {
    const open = [...this.tasks.values()].filter((task) => task.agentId === agentId && !isForgotten(task));
    this.#endAll(agentId);
    this.#gone.add(agentId);
    this.agents.delete(agentId);
    for (const { info } of open) this.#answer(info.task_id.value, agentId, false);
    if (this.connected) this.events.push({ type: 'FAILURE', failure: { agent_id: { value: agentId } } });
  }

  /** Its machine burns: nobody says so. */
  lose(agentId: string): void {
    this.setUp(agentId, false);
    this.#endAll(agentId);
    (this.agents.get(agentId) as FakeAgent).lost = true;
  }

  #endAll(agentId: string): void {
    this.#rescind(this.agents.get(agentId) as FakeAgent);
    for (const task of this.tasks.values()) {
      if (task.agentId !== agentId || task.ended) continue;
      Object.assign(task, { ended: true, updates: [] });
      const replica = task.assignment.replica;
      if (replica) this.groups.of(replica).end(replica.self.member);
    }
  }

  /** One that is not known yet registers. */
  addAgent(): void {
    const number = this.agents.size + this.#gone.size + 1;
    this.agents.set(`S${number}`, newAgent(number));
  }

  /** Offers that are out are taken back first. */
  setQuota(cpus: number): void {
    this.#quotaCpus = cpus;
    this.rescindAll();
  }

  rescindAll(): void {
    for (const agent of this.#offers.offered) this.#rescind(agent);
  }

  /** Mesos would offer a part; here it is all or nothing. */
  #exceedsQuota(free: Resource[]): boolean {
    if (this.#quotaCpus === Number.POSITIVE_INFINITY) return false;
    const given = this.living().flatMap(({ info }) => info.resources ?? []);
    const offered = this.#offers.offered.flatMap((agent) => agent.offered);
    return cpusOf(given) + cpusOf(offered) + cpusOf(free) > this.#quotaCpus;
  }

  /** Each living replica tells what it knows; `heard` decides which reports arrive. */
  reports(heard: (index: number) => boolean): void {
    let index = 0;
    for (const group of this.groups.values()) this.#endUseless(group);
    for (const task of this.tasks.values()) {
      const replica = task.assignment.replica;
      if (!replica || task.ended || task.state !== 'TASK_RUNNING' || !this.agents.get(task.agentId)?.up) continue;
      const report = this.groups.of(replica).report(replica.self.member);
      if (!report || !heard(index++) || !this.connected) continue;
      const data = Buffer.from(JSON.stringify(report)).toString('base64');
      const id = { value: task.info.task_id.value };
      const message: SchedulerEvent = {
        type: 'MESSAGE',
        message: { agent_id: { value: task.agentId }, executor_id: id, data },
      };
      this.#sentMs.set(message, this.nowMs);
      this.events.push(message);
    }
  }

  /** Whoever is away hears of it later. */
  #endUseless({ name, guest }: FakeGroup): void {
    guest?.advance();
    const tasks = [...this.tasks.values()];
    for (const member of guest?.useless.splice(0) ?? []) {
      const task = tasks.find(
        ({ assignment: { replica } }) => replica?.group === name && replica.self.member === member,
      );
      if (task && !this.agents.get(task.agentId)?.up) guest?.useless.push(member);
      else if (task) this.end(task, member === guest?.handedOver ? 'TASK_FINISHED' : 'TASK_FAILED');
    }
  }

  /** Of this app; left out: of all. */
  living(appId?: string): FakeTask[] {
    const all = [...this.tasks.values()].filter(({ ended }) => !ended);
    return appId === undefined ? all : all.filter(({ assignment }) => assignment.appId === appId);
  }

  /** What the agent has, whoever uses it. */
  total(agentId: string): Resource[] {
    return totalOf(this.agents.get(agentId) as FakeAgent);
  }

  #free(agentId: string) {
    const used = this.living().flatMap((task) => (task.agentId === agentId ? (task.info.resources ?? []) : []));
    return subtract(this.total(agentId), used);
  }

  #offer(agent: FakeAgent): void {
    const isTaken = (agent.takenUntilMs ?? 0) > this.nowMs;
    if (!agent.up || isTaken || !this.#offers.isDue(agent, this.nowMs)) return;
    const free = this.#free(agent.id);
    if (this.#exceedsQuota(free)) return;
    const offer = offerOf(agent, this.#offers.give(agent), free, this.role);
    agent.offered = offer.resources ?? [];
    this.events.push({ type: 'OFFERS', offers: { offers: [offer] } });
  }

  #rescind({ offerId }: FakeAgent): void {
    if (offerId === null) return;
    this.#offers.take(offerId);
    if (this.connected) this.events.push({ type: 'RESCIND', rescind: { offer_id: { value: offerId } } });
  }

  #accept(ids: string[], operations: OfferOperation[]): void {
    const agents = ids.map((id) => this.#offers.take(id));
    const [first] = agents;
    let available = agents.every((agent) => agent) ? agents.flatMap((agent) => agent?.offered ?? []) : null;
    for (const operation of operations) {
      if (operation.type === 'LAUNCH')
        for (const info of operation.launch.task_infos) available = this.#launch(info, available);
      else if (available && first && isResourceOperation(operation))
        available = this.#convert(first, available, operation);
    }
  }

  /** `available`: null where an offer was not valid; returns what is left. */
  #launch(info: TaskInfo, available: Resource[] | null): Resource[] | null {
    const assignment = JSON.parse(Buffer.from(info.data as string, 'base64').toString()) as Assignment;
    this.onLaunch(info, assignment);
    if (!available || !contains(available, info.resources ?? [])) {
      this.#master(info.task_id.value, info.agent_id.value, available ? 'TASK_ERROR' : 'TASK_DROPPED');
      return available;
    }
    const agentId = info.agent_id.value;
    const task: FakeTask = { info, assignment, agentId, state: 'TASK_STAGING', ended: false, updates: [] };
    this.tasks.set(info.task_id.value, task);
    return subtract(available, info.resources ?? []);
  }

  /** A bad operation without an id vanishes. */
  #convert(agent: FakeAgent, available: Resource[], operation: ResourceOperation): Resource[] {
    const from = namedBy(operation).map((named) => conversionOf(operation.type, named).from);
    if (!contains(available, from)) return available;
    if (operation.type === 'DESTROY') for (const volume of operation.destroy.volumes) this.onDestroy(volume);
    agent.resources = converted(totalOf(agent), operation);
    return converted(available, operation);
  }

  #kill(id: string, agentId: string | undefined): void {
    const task = this.tasks.get(id);
    if (!task || isForgotten(task)) {
      this.#answer(id, agentId, false);
      return;
    }
    if (task.ended || !this.agents.get(task.agentId)?.up) return;
    this.onKill(task);
    this.end(task, 'TASK_KILLED');
  }

  #become(task: FakeTask, state: TaskState, more: Partial<TaskStatus> = {}): void {
    task.state = state;
    const status = executorStatus(task.info.task_id, task.agentId, state, ++this.#counter);
    task.updates.push({ status: { ...status, ...more }, sentMs: null });
  }

  /** As reconciliation answers; silent about what it has forgotten when asked for everything. */
  #answer(id: string, agentId: string | undefined, implicit: boolean): void {
    const task = this.tasks.get(id);
    const agent = this.agents.get(task?.agentId ?? agentId ?? '');
    const known = task && !isForgotten(task);
    if (implicit && (!known || !agent?.up)) return;
    if (this.#gone.has(task?.agentId ?? agentId ?? '')) {
      this.#master(id, task?.agentId ?? agentId, 'TASK_GONE_BY_OPERATOR');
      return;
    }
    if (!agent) {
      this.#master(id, undefined, 'TASK_UNKNOWN');
      return;
    }
    if (!agent.up) {
      this.#master(id, agent.id, 'TASK_UNREACHABLE');
      return;
    }
    if (!known) {
      this.#master(id, agent.id, 'TASK_GONE');
      return;
    }
    // The master shows what was last acknowledged or is on its way.
    this.#master(id, agent.id, task.updates[0]?.status.state ?? task.state);
  }

  #master(id: string, agentId: string | undefined, state: TaskState): void {
    if (this.connected) this.events.push({ type: 'UPDATE', update: { status: masterStatus(id, agentId, state) } });
  }
}

export const isForgotten = ({ ended, updates }: FakeTask): boolean => ended && updates.length === 0;

function guestGroup({ command }: Assignment): GuestGroup | null {
  return 'vm' in command ? command.vm.group : null;
}
