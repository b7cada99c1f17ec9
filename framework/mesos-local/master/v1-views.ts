import type {
  AgentState,
  FrameworkState,
  GetAgents,
  GetState,
  OfferOperation,
  Task,
} from '../../mesos-http-client/calls.js';
import { add, allocate, reservationsOf } from '../../mesos-http-client/resources.js';
import type { Resource } from '../../mesos-http-client/types.js';
import { drainFields } from './drain.js';
import { MESOS_VERSION, masterInfo } from './master-info.js';
import { isActive, offerMessage, offersOfAgent, usedEverywhere, usedOnAgent } from './offers.js';
import { statusOf } from './operation-statuses.js';
import type { Agent, CompletedFramework, Framework, MasterState, TaskRecord } from './state.js';
import { AGENT_CAPABILITIES, VERSION } from './views.js';

/** What operators see by the v1 operator API. */

const nanoseconds = (ms: number) => ({ nanoseconds: ms * 1e6 });

/** Operators are shown both formats at once, as far as the older one can say it. */
function inBothFormats(resource: Resource): Resource {
  const [only, refined] = reservationsOf(resource);
  if (!only) return { ...resource, role: '*' };
  if (refined) return resource;
  const { type, role = '*', ...reservation } = only;
  return { ...resource, role, ...(type === 'DYNAMIC' && { reservation }) };
}

export function agentMessage(state: MasterState, agent: Agent): AgentState {
  const allocated = usedOnAgent(state, agent).flatMap(({ resources, role }) => allocate(resources, role));
  const offered = offersOfAgent(state, agent.id).flatMap(({ resources, role }) => allocate(resources, role));
  return {
    agent_info: agent.info,
    active: isActive(state, agent),
    deactivated: state.deactivatedAgents.has(agent.id),
    ...drainFields(state, agent.id),
    version: MESOS_VERSION,
    pid: `slave(1)@${agent.ip}:${agent.info.port}`,
    registered_time: nanoseconds(agent.registeredAtMs),
    ...(agent.reregisteredAtMs !== null && { reregistered_time: nanoseconds(agent.reregisteredAtMs) }),
    total_resources: (agent.info.resources ?? []).map(inBothFormats),
    allocated_resources: add(allocated).map(inBothFormats),
    offered_resources: offered.map(inBothFormats),
    capabilities: AGENT_CAPABILITIES.map((type) => ({ type })),
  };
}

export function taskMessage(task: TaskRecord): Task {
  const newest = task.statuses.at(-1);
  return {
    name: task.name,
    task_id: { value: task.id },
    framework_id: { value: task.frameworkId },
    ...(task.executorId !== null && { executor_id: { value: task.executorId } }),
    agent_id: { value: task.agentId },
    state: task.latestState,
    resources: task.resources,
    statuses: task.statuses,
    ...(newest?.uuid !== undefined && { status_update_state: newest.state, status_update_uuid: newest.uuid }),
  };
}

export function frameworkMessage(state: MasterState, framework: Framework): FrameworkState {
  const { info, stream, recovered, registeredAtMs, reregisteredAtMs } = framework;
  const offers = [...state.offers.values()].filter(({ frameworkId }) => frameworkId === framework.id);
  const held = usedEverywhere(state).filter((one) => one.frameworkId === framework.id);
  const inRole = ({ resources, role }: { resources: readonly Resource[]; role: string }) => allocate(resources, role);
  return {
    framework_info: info,
    active: stream !== null,
    connected: stream !== null,
    recovered,
    registered_time: nanoseconds(registeredAtMs),
    reregistered_time: nanoseconds(reregisteredAtMs ?? registeredAtMs),
    offers: offers.map((offer) => offerMessage(state, framework, offer)),
    allocated_resources: add(held.flatMap(inRole)).map(inBothFormats),
    offered_resources: add(offers.flatMap(inRole)).map(inBothFormats),
  };
}

function completedMessage({ framework, unregisteredAtMs }: CompletedFramework): FrameworkState[] {
  if (!framework) return [];
  const times = {
    registered_time: nanoseconds(framework.registeredAtMs),
    unregistered_time: nanoseconds(unregisteredAtMs),
  };
  return [{ framework_info: framework.info, active: false, connected: false, recovered: false, ...times }];
}

function getAgents(state: MasterState): GetAgents {
  return {
    agents: [...state.agents.values()].map((agent) => agentMessage(state, agent)),
    recovered_agents: [...state.recoveredAgents.values()].map(({ info }) => info),
  };
}

function getTasks(state: MasterState): NonNullable<GetState['get_tasks']> {
  const frameworks = [...state.frameworks.values()];
  const completed = state.completedFrameworks.flatMap(({ framework }) => (framework ? [framework] : []));
  return {
    tasks: frameworks.flatMap(({ tasks }) => [...tasks.values()].map(taskMessage)),
    unreachable_tasks: frameworks.flatMap(({ unreachableTasks }) => [...unreachableTasks.values()].map(taskMessage)),
    completed_tasks: [...frameworks, ...completed].flatMap(({ completedTasks }) => completedTasks.map(taskMessage)),
  };
}

function getFrameworks(state: MasterState): NonNullable<GetState['get_frameworks']> {
  return {
    frameworks: [...state.frameworks.values()].map((framework) => frameworkMessage(state, framework)),
    completed_frameworks: state.completedFrameworks.flatMap(completedMessage),
  };
}

function getExecutors(state: MasterState): NonNullable<GetState['get_executors']> {
  const executors = [...state.agents.values()].flatMap((agent) =>
    [...agent.executors.values()].map(({ info }) => ({ executor_info: info, agent_id: { value: agent.id } })),
  );
  return { executors };
}

/** Mesos shows no empty lists. */
function withoutEmptySource(operation: OfferOperation): OfferOperation {
  if (operation.type !== 'RESERVE' || operation.reserve.source?.length !== 0) return operation;
  return { ...operation, reserve: { resources: operation.reserve.resources } };
}

/** Those that a framework is told of until it acknowledges what became of them. */
function getOperations({ operations }: MasterState): object {
  if (operations.size === 0) return {};
  const messages = [...operations.values()].map((record) => {
    const { frameworkId, agentId, info, operationUuid } = record;
    const status = statusOf(record);
    const ids = { framework_id: { value: frameworkId }, agent_id: { value: agentId }, uuid: { value: operationUuid } };
    return { ...ids, info: withoutEmptySource(info), latest_status: status, statuses: [status] };
  });
  return { operations: messages };
}

export function getState(state: MasterState): GetState {
  return {
    get_tasks: getTasks(state),
    get_executors: getExecutors(state),
    get_frameworks: getFrameworks(state),
    get_agents: getAgents(state),
  };
}

/** Questions that need nothing but the state. */
export const ANSWERS = {
  GET_HEALTH: () => ({ get_health: { healthy: true } }),
  GET_VERSION: () => ({ get_version: { version_info: VERSION } }),
  GET_MASTER: ({ settings, startedAtMs }) => ({
    get_master: { master_info: masterInfo(settings), start_time: startedAtMs / 1000, elected_time: startedAtMs / 1000 },
  }),
  GET_AGENTS: (state) => ({ get_agents: getAgents(state) }),
  GET_FRAMEWORKS: (state) => ({ get_frameworks: getFrameworks(state) }),
  GET_TASKS: (state) => ({ get_tasks: getTasks(state) }),
  GET_EXECUTORS: (state) => ({ get_executors: getExecutors(state) }),
  GET_OPERATIONS: (state) => ({ get_operations: getOperations(state) }),
  GET_STATE: (state) => ({ get_state: getState(state) }),
} satisfies Record<string, (state: MasterState) => object>;
