/** What the page knows of the cluster, and how what the server says changes it. Pure. */
import type { AgentRow, AppRow, Changes, DeploymentRow, MasterRow, QueueRow, Snapshot, TaskRow } from './rows.js';

export interface ClusterState {
  connection: Connection;
  agents: ReadonlyMap<string, AgentRow>;
  apps: ReadonlyMap<string, AppRow>;
  tasks: ReadonlyMap<string, TaskRow>;
  /** By agent and by app. */
  tasksOfAgent: ReadonlyMap<string, readonly TaskRow[]>;
  tasksOfApp: ReadonlyMap<string, readonly TaskRow[]>;
  deployments: readonly DeploymentRow[];
  queue: readonly QueueRow[];
  master: MasterRow | null;
  version: string | null;
  leader: string | null;
}

/** Times are of the page's clock, in milliseconds: the server's may differ. */
export interface Connection {
  /** `connecting`: nothing has come yet. `lost`: what is shown is of `heardAtMs`. */
  state: 'connecting' | 'live' | 'lost';
  /** When the server last said anything; null: never. */
  heardAtMs: number | null;
  /** Why it is not live, in a sentence. */
  reason: string | null;
}

export type ClusterEvent =
  | { type: 'snapshot'; nowMs: number; snapshot: Snapshot }
  | { type: 'changes'; nowMs: number; changes: Changes[] }
  | { type: 'alive'; nowMs: number }
  | { type: 'lost'; reason: string }
  | { type: 'signedOut' };

const nothing: ReadonlyMap<string, never> = new Map<string, never>();

export const initialState: ClusterState = {
  connection: { state: 'connecting', heardAtMs: null, reason: null },
  agents: nothing,
  apps: nothing,
  tasks: nothing,
  tasksOfAgent: nothing,
  tasksOfApp: nothing,
  deployments: [],
  queue: [],
  master: null,
  version: null,
  leader: null,
};

export function reduce(state: ClusterState, event: ClusterEvent): ClusterState {
  switch (event.type) {
    case 'snapshot':
      return { ...fromSnapshot(event.snapshot), connection: live(event.nowMs) };
    case 'changes':
      return { ...event.changes.reduce(apply, state), connection: live(event.nowMs) };
    case 'alive':
      return { ...state, connection: live(event.nowMs) };
    case 'lost':
      return { ...state, connection: lostSince(state.connection, event.reason) };
    case 'signedOut':
      return initialState;
  }
}

const live = (nowMs: number): Connection => ({ state: 'live', heardAtMs: nowMs, reason: null });

function lostSince({ heardAtMs }: Connection, reason: string): Connection {
  return { state: heardAtMs === null ? 'connecting' : 'lost', heardAtMs, reason };
}

function fromSnapshot(snapshot: Snapshot): Omit<ClusterState, 'connection'> {
  const { agents, apps, tasks, deployments, queue, master, version, leader } = snapshot;
  return {
    agents: byId(agents),
    apps: byId(apps),
    ...indexed(byId(tasks)),
    deployments,
    queue,
    master,
    version,
    leader,
  };
}

const byId = <Row extends { id: string }>(rows: Row[]) => new Map(rows.map((row) => [row.id, row]));

function apply(state: ClusterState, changes: Changes): ClusterState {
  const tasks = merged(state.tasks, changes.tasks, changes.tasksGone);
  return {
    ...state,
    agents: merged(state.agents, changes.agents, changes.agentsGone),
    apps: merged(state.apps, changes.apps, changes.appsGone),
    ...(tasks === state.tasks ? {} : indexed(tasks)),
    deployments: changes.deployments ?? state.deployments,
    queue: changes.queue ?? state.queue,
    master: changes.master ?? state.master,
  };
}

/** The same map when nothing is new, so that who shows it need not look. */
function merged<Row extends { id: string }>(
  known: ReadonlyMap<string, Row>,
  rows: Row[] = [],
  gone: string[] = [],
): ReadonlyMap<string, Row> {
  if (rows.length === 0 && gone.length === 0) return known;
  const next = new Map(known);
  for (const row of rows) next.set(row.id, row);
  for (const id of gone) next.delete(id);
  return next;
}

/** Made anew as a whole: ten thousand tasks take about a millisecond. */
function indexed(tasks: ReadonlyMap<string, TaskRow>) {
  const tasksOfAgent = new Map<string, TaskRow[]>();
  const tasksOfApp = new Map<string, TaskRow[]>();
  for (const task of tasks.values()) {
    add(tasksOfAgent, task.agentId, task);
    add(tasksOfApp, task.appId, task);
  }
  return { tasks, tasksOfAgent, tasksOfApp };
}

function add(lists: Map<string, TaskRow[]>, key: string, task: TaskRow): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [task]);
  else list.push(task);
}
