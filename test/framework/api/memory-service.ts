import { randomUUID } from 'node:crypto';
import type { ReplicaReport } from '../../../executor/assignment.js';
import type { AppSpec } from '../../../framework/app.js';
import { EventLog } from '../../../framework/events/log.js';
import type { Picture } from '../../../framework/picture/rows.js';
import { carryOut, type PlanJob, type PlanOf } from '../../../framework/planning.js';
import { Pulse } from '../../../framework/pulse.js';
import type { SeriesPoint } from '../../../framework/series.js';
import type {
  AgentView,
  AppView,
  ClusterView,
  Command,
  CommandResult,
  FrameworkService,
  FrameworkView,
  OfferView,
  SandboxView,
  TaskView,
  Vitals,
} from '../../../framework/service.js';
import { agentsIn, type PreemptionPlan, type Selection } from '../../../placement/index.js';
import type { Plan } from '../../../placement/types.js';
import { quietReport } from '../../quiet-report.js';

const VERSIONS_MAX = 50;

/** A framework without a cluster: tasks run as soon as a deployment ends, which takes `viewsPerDeployment` looks. */
export class MemoryService implements FrameworkService {
  readonly events = new EventLog('memory', 1000);
  readonly commands: Command[] = [];
  /** Answers of the next commands, before any is carried out. */
  readonly refusals: (CommandResult & { ok: false })[] = [];
  viewsPerDeployment = 0;
  /** Guests do not do what they are asked for. */
  idle = false;
  queue: FrameworkView['queue'] = [];
  master: FrameworkView['master'] = { connected: true, address: '127.0.0.1:5050', since: '2026-11-22T10:00:00.000Z' };
  knownAgents: AgentView[] = [];
  points: SeriesPoint[] = [];
  /** Of all of them. */
  agentUrl: string | null = 'http://127.0.0.1:1';
  told: Vitals = new Pulse().vitals(null, 0);
  counts: FrameworkView['counts'] = {
    offersReceived: 7,
    offersAccepted: 1,
    offersDeclined: { unwanted: 4, unsuitable: 1 },
    offersRescinded: 0,
    agentsForgotten: 0,
    tasksLaunched: 3,
    tasksFailed: 1,
    deploymentsDone: 2,
    deploymentsFailed: 1,
    deploymentSeconds: {
      count: 3,
      sum: 12,
      buckets: [
        [1, 1],
        [10, 2],
      ],
    },
  };
  running: ClusterView = { cluster: { agents: [], groups: [] }, unknownAgents: [], oldestOfferSeconds: null };
  private readonly apps = new Map<string, AppView>();
  drains: FrameworkView['drains'] = [];
  treeChanges: FrameworkView['treeChanges'] = [];
  noPlan: Error | null = null;
  preempting: PreemptionPlan = { victims: [], seats: [], sentence: 'nobody may leave', proven: true };
  private deployments: (FrameworkView['deployments'][number] & { viewsLeft: number })[] = [];

  view(): FrameworkView {
    const deployments = this.deployments.map(({ viewsLeft: _viewsLeft, ...deployment }) => deployment);
    const view = {
      frameworkId: 'framework-1',
      role: 'gaia',
      secrets: false,
      servicePorts: null,
      principal: 'gaia',
      master: this.master,
      apps: [...this.apps.values()],
      appGroups: [],
      treeChanges: this.treeChanges,
      deployments,
      drains: this.drains,
    };
    for (const deployment of this.deployments) deployment.viewsLeft -= 1;
    for (const { affectedApps } of this.deployments.filter((one) => one.viewsLeft < 0)) affectedApps.map(this.settle);
    this.deployments = this.deployments.filter((one) => one.viewsLeft >= 0);
    return structuredClone({
      ...view,
      queue: this.queue,
      offers: { held: 2, suppressed: false, lastAt: null },
      releasing: [],
      counts: this.counts,
    });
  }

  /** Without rows of apps and agents. */
  picture(): Picture {
    const { master, deployments, apps } = this.view();
    const tasks = apps
      .flatMap((app) => app.tasks)
      .map(({ id, appId, agentId, state, startedAt }) => ({ id, appId, agentId, state, startedAt }));
    return {
      ...{ at: new Date().toISOString(), master, deployments, queue: [], agents: new Map(), apps: new Map() },
      tasks: new Map(tasks.map((row) => [row.id, row])),
    };
  }

  series(): readonly SeriesPoint[] {
    return this.points;
  }

  sandbox(appId: string, taskId: string): SandboxView | null {
    const task = this.apps.get(appId)?.tasks.find(({ id }) => id === taskId);
    return task ? { host: task.host, agentUrl: this.agentUrl, path: `/frameworks/f/${taskId}` } : null;
  }

  vitals(): Vitals {
    return this.told;
  }

  agents(): AgentView[] {
    return this.knownAgents;
  }

  lastOffers(agentIds: Iterable<string>): OfferView[] {
    return [...agentIds].map((agentId) => ({
      ...{ id: `offer-of-${agentId}`, agentId, hostname: agentId, at: '2026-11-22T10:00:00.000Z' },
      attributes: { rack: { type: 'text', value: 'r1' } },
      resources: [
        { name: 'cpus', role: '*', scalar: 1 },
        { name: 'ports', role: 'gaia', ranges: [{ begin: 31_000, end: 31_009 }] },
      ],
    }));
  }

  async command(command: Command): Promise<CommandResult> {
    await new Promise((resolve) => setImmediate(resolve));
    this.commands.push(structuredClone(command));
    const refusal = this.refusals.shift();
    return refusal ?? this.carryOut(command);
  }

  plan(spec: AppSpec): Plan {
    const slots = Array.from({ length: spec.instances }, (_, slot) => slot);
    const parts = [{ name: 'binPacking', value: 0.5, weight: 1 }];
    const assigned = slots.slice(0, 5).map((slot) => {
      return {
        group: spec.id,
        slot,
        agentId: `agent-${slot + 1}`,
        hostname: `host-${slot + 1}`,
        ports: [31000 + slot],
        score: 0.5,
        scoreParts: parts,
      };
    });
    const sentence = 'only 5 agents are offered';
    const unplaced = slots.length > 5 ? [{ group: spec.id, slots: slots.slice(5), sentence, refusals: [] }] : [];
    return { assigned, unplaced, considered: [] };
  }

  async preemption(spec: AppSpec): Promise<PreemptionPlan | null> {
    return spec.priority > 0 ? this.preempting : null;
  }

  async compute<Job extends PlanJob>(job: Job): Promise<PlanOf<Job>> {
    if (this.noPlan) throw this.noPlan;
    return carryOut(job);
  }

  cluster(): ClusterView {
    return structuredClone(this.running);
  }

  change(appId: string, edit: (app: AppView) => void): void {
    const app = this.apps.get(appId);
    if (app === undefined) throw new Error(`no app ${appId}`);
    edit(app);
  }

  private carryOut(command: Command): CommandResult {
    if ('dryRun' in command && command.dryRun)
      return { ok: true, deploymentId: null, version: new Date().toISOString(), steps: [] };
    switch (command.type) {
      case 'putApps':
        for (const spec of command.specs) this.put(spec);
        return this.deploy(command.specs.map((spec) => spec.id));
      case 'changeTree':
        for (const spec of command.specs) this.put(spec);
        for (const id of command.removedApps) this.apps.delete(id);
        return this.deploy([...command.specs.map((spec) => spec.id), ...command.removedApps]);
      case 'deleteApp':
        this.apps.delete(command.appId);
        return this.deploy([command.appId]);
      case 'restartApp':
        this.put({ ...(this.apps.get(command.appId) as AppView).spec, version: command.version });
        return this.deploy([command.appId]);
      case 'killTasks':
        for (const app of this.apps.values()) {
          app.tasks = app.tasks.filter((task) => !command.taskIds.includes(task.id));
        }
        return command.scale ? this.deploy([]) : { ok: true, deploymentId: null, version: new Date().toISOString() };
      case 'cancelDeployment':
        this.deployments = this.deployments.filter((one) => one.id !== command.deploymentId);
        this.drains = this.drains.filter((one) => one.id !== command.deploymentId);
        return this.deploy([]);
      case 'transferLeadership': {
        const { group, tasks } = this.apps.get(command.appId) as AppView;
        const heir = tasks[command.slot ?? 1]?.replica;
        if (group?.leader && heir)
          group.leader = { slot: heir.slot, member: heir.member, address: heir.address, term: group.leader.term + 1 };
        return { ok: true, deploymentId: null, version: new Date().toISOString() };
      }
      case 'syncGuest':
      case 'failOverGuest':
        return this.steer(command);
      case 'drain':
        this.drains.push(this.drainOf(command.wanted));
        return { ok: true, deploymentId: this.drains.at(-1)?.id ?? '', version: new Date().toISOString() };
      case 'rebalance':
        return this.deploy(command.moves.map(({ group }) => group));
      case 'resetDelay':
        return { ok: true, deploymentId: null, version: new Date().toISOString() };
    }
  }

  /** Of the app's first two members. */
  private steer(command: Extract<Command, { type: 'syncGuest' | 'failOverGuest' }>): CommandResult {
    const { group, tasks } = this.idle ? { group: null, tasks: [] } : (this.apps.get(command.appId) as AppView);
    const [primary, backup] = tasks.flatMap(({ replica }) => replica ?? []);
    if (command.type === 'syncGuest' && primary?.report?.guest) primary.report.guest.synced = command.request;
    if (command.type === 'failOverGuest' && group && backup)
      group.guest = { primary: backup.member, backup: null, covered: false };
    return { ok: true, deploymentId: null, version: new Date().toISOString() };
  }

  private drainOf(wanted: Selection): FrameworkView['drains'][number] {
    const { cluster } = this.running;
    const ids = agentsIn(cluster, wanted);
    const agents = cluster.agents
      .filter(({ id }) => ids.includes(id))
      .map(({ id, hostname }) => ({ agentId: id, hostname }));
    return { id: randomUUID(), wanted, agents, tasks: 1, startedAt: new Date().toISOString() };
  }

  private put(spec: AppSpec): void {
    const before = this.apps.get(spec.id);
    const versions = before === undefined ? [] : [before.spec, ...before.versions].slice(0, VERSIONS_MAX);
    const fresh = { tasks: [], deploymentIds: [], lastTaskFailure: null, reservations: [], group: null, story: [] };
    this.apps.set(spec.id, { ...fresh, ...before, spec, versions });
    if (this.viewsPerDeployment === 0) this.settle(spec.id);
  }

  private deploy(affectedApps: string[]): CommandResult {
    const id = randomUUID();
    const version = this.apps.get(affectedApps[0] ?? '')?.spec.version ?? new Date().toISOString();
    if (this.viewsPerDeployment > 0) {
      const actions = affectedApps.map((app) => ({ action: 'ScaleApplication', app }));
      const steps = [{ actions }];
      const waitingFor = `${affectedApps[0]}: replica 0 starts`;
      const viewsLeft = this.viewsPerDeployment;
      this.deployments.push({
        id,
        version,
        affectedApps,
        steps,
        currentStep: 1,
        currentActions: actions,
        waitingFor,
        stepSince: version,
        deadline: null,
        viewsLeft,
      });
    }
    return { ok: true, deploymentId: id, version };
  }

  private readonly settle = (appId: string): void => {
    const app = this.apps.get(appId);
    if (app === undefined) return;
    const { spec } = app;
    app.tasks = Array.from({ length: spec.instances }, (_, slot) => runningTask(spec, slot));
    if (spec.replication === null) return;
    const leader = { slot: 0, member: 1, address: '127.0.0.1:31000', term: 1 };
    app.group = { state: 'whole', generation: 1, leader, awaits: null, lost: null, caughtUp: 3, leaderChanges: 0 };
    app.story = [{ at: spec.version, text: 'replica 0 leads in term 1' }];
  };
}

function runningTask(spec: AppSpec, slot: number): TaskView {
  return {
    id: `${spec.id.slice(1).replaceAll('/', '_')}.instance-${slot}._app.1`,
    appId: spec.id,
    state: 'TASK_RUNNING',
    host: `agent-${slot + 1}`,
    agentId: `S${slot + 1}`,
    region: 'local',
    zone: slot < 2 ? 'a' : 'b',
    attributes: { rack: `r${slot + 1}` },
    ports: spec.portDefinitions.map((_, index) => 31000 + slot * 10 + index),
    stagedAt: spec.version,
    startedAt: spec.version,
    version: spec.version,
    message: null,
    replica: spec.replication === null ? null : replica(spec, slot),
    placement: {
      score: 0.75,
      parts: [{ name: 'binPacking', value: 0.75, weight: 1 }],
      others: [{ hostname: 'agent-9', sentence: 'agent-9: asks for 0.5 cpus, 0.1 are free' }],
    },
  };
}

function replica(spec: AppSpec, slot: number): TaskView['replica'] {
  const report: ReplicaReport = {
    group: `${spec.id}@1`,
    slot,
    member: slot + 1,
    pid: 40_000 + slot,
    role: slot === 0 ? 'leader' : 'follower',
    term: 1,
    leader: 1,
    appliedIndex: 10,
    committedIndex: 10 + slot,
    lagEntries: slot,
    configurationIndex: 1,
    configuration: [],
    peers: [
      { member: 9, connected: true, transport: 'shm', transportReason: 'same host', appliedIndex: 10 },
      {
        member: 8,
        connected: false,
        transport: 'none',
        transportReason: 'tcp ended: Connection timed out',
        appliedIndex: 9,
      },
    ],
    ...quietReport(),
    metrics: null,
  };
  return { slot, member: slot + 1, address: `127.0.0.1:${31000 + slot * 10}`, report, reportedAt: spec.version };
}
