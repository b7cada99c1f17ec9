import lodash from 'lodash';
import type { AgentState, OperatorResponse, Task } from '../../mesos-http-client/calls.js';
import { add, allocate, reservationRole } from '../../mesos-http-client/resources.js';
import type { Resource } from '../../mesos-http-client/types.js';
import { flatAttributes, flatResources } from '../flat-values.js';
import { drainFields } from './drain.js';
import { MASTER_CAPABILITIES, MESOS_VERSION, masterInfo } from './master-info.js';
import { isActive, offersOfAgent, usedOnAgent } from './offers.js';
import type { Agent, Framework, MasterState, TaskRecord } from './state.js';

/** What operators see: the old JSON pages and the v1 operator API (mesos-api 6; only the keys named there). */

const AGENT_CAPABILITIES = ['MULTI_ROLE', 'HIERARCHICAL_ROLE', 'RESERVATION_REFINEMENT'];
export const VERSION = { version: MESOS_VERSION, build_user: 'mesos-local' };

const used = (state: MasterState, agent: Agent): Resource[] =>
  add(...usedOnAgent(state, agent).map(({ resources }) => resources));
const offered = (state: MasterState, agent: Agent): Resource[] =>
  add(...offersOfAgent(state, agent.id).map(({ resources }) => resources));

function agentPage(state: MasterState, agent: Agent): object {
  const { hostname, port, attributes, domain, resources = [] } = agent.info;
  const { '*': unreserved = [], ...byRole } = lodash.groupBy(resources, reservationRole);
  return {
    id: agent.id,
    hostname,
    port,
    attributes: flatAttributes(attributes),
    ...(domain && { domain }),
    pid: `slave(1)@${state.settings.ip}:${port}`,
    registered_time: agent.registeredAtMs / 1000,
    ...(agent.reregisteredAtMs !== null && { reregistered_time: agent.reregisteredAtMs / 1000 }),
    resources: flatResources(resources),
    used_resources: flatResources(used(state, agent)),
    offered_resources: flatResources(offered(state, agent)),
    reserved_resources: lodash.mapValues(byRole, (own) => flatResources(own)),
    unreserved_resources: flatResources(unreserved),
    active: isActive(state, agent),
    deactivated: state.deactivatedAgents.has(agent.id),
    ...drainFields(state, agent.id),
    version: MESOS_VERSION,
    capabilities: AGENT_CAPABILITIES,
  };
}

export function agentsPage(state: MasterState): object {
  const recovered = [...state.recoveredAgents].map(([id, { info }]) => ({
    id,
    hostname: info.hostname,
    port: info.port,
  }));
  return { slaves: [...state.agents.values()].map((agent) => agentPage(state, agent)), recovered_slaves: recovered };
}

function taskPage(task: TaskRecord): object {
  const statuses = task.statuses.map(({ state, timestamp, labels, container_status, healthy }) => ({
    state,
    timestamp,
    ...(labels && { labels: labels.labels }),
    ...(container_status && { container_status }),
    ...(healthy !== undefined && { healthy }),
  }));
  return {
    id: task.id,
    name: task.name,
    framework_id: task.frameworkId,
    executor_id: task.executorId ?? '',
    slave_id: task.agentId,
    state: task.latestState,
    resources: flatResources(task.resources),
    role: task.role,
    statuses,
  };
}

function frameworkPage(state: MasterState, framework: Framework, unregisteredAtMs: number): object {
  const { info } = framework;
  const offers = [...state.offers.values()].filter((offer) => offer.frameworkId === framework.id);
  const executors = [...state.agents.values()].flatMap((agent) =>
    [...agent.executors.values()]
      .filter((executor) => executor.frameworkId === framework.id)
      .map(({ info: executor }) => ({ executor_id: executor.executor_id.value, slave_id: agent.id })),
  );
  return {
    id: framework.id,
    name: info.name,
    capabilities: (info.capabilities ?? []).map(({ type }) => type),
    hostname: info.hostname ?? '',
    webui_url: info.webui_url ?? '',
    active: framework.stream !== null,
    connected: framework.stream !== null,
    recovered: framework.recovered,
    user: info.user,
    failover_timeout: info.failover_timeout ?? 0,
    checkpoint: info.checkpoint ?? false,
    registered_time: framework.registeredAtMs / 1000,
    unregistered_time: unregisteredAtMs / 1000,
    ...(info.roles && info.roles.length > 0 ? { roles: info.roles } : { role: info.role ?? '*' }),
    tasks: [...framework.tasks.values()].map(taskPage),
    unreachable_tasks: [...framework.unreachableTasks.values()].map(taskPage),
    completed_tasks: framework.completedTasks.map(taskPage),
    offers: offers.map((offer) => ({
      id: offer.id,
      framework_id: offer.frameworkId,
      allocation_info: { role: offer.role },
      slave_id: offer.agentId,
      resources: flatResources(offer.resources),
    })),
    executors,
  };
}

export function statePage(state: MasterState, startedAtMs: number): object {
  const { masterId, ip, port, hostname, domain } = state.settings;
  const { ip: _, ...leader } = masterInfo(state.settings);
  const completed = state.completedFrameworks.filter(({ framework }) => framework !== null);
  return {
    ...VERSION,
    start_time: startedAtMs / 1000,
    elected_time: startedAtMs / 1000,
    id: masterId,
    pid: `master@${ip}:${port}`,
    hostname,
    capabilities: MASTER_CAPABILITIES,
    activated_slaves: [...state.agents.values()].filter((agent) => isActive(state, agent)).length,
    deactivated_slaves: [...state.agents.values()].filter((agent) => !isActive(state, agent)).length,
    unreachable_slaves: state.unreachableAgents.size,
    ...(domain && { domain }),
    leader: `master@${ip}:${port}`,
    leader_info: leader,
    flags: {},
    ...agentsPage(state),
    frameworks: [...state.frameworks.values()].map((framework) => frameworkPage(state, framework, 0)),
    completed_frameworks: completed.map(({ framework, unregisteredAtMs }) =>
      frameworkPage(state, framework as Framework, unregisteredAtMs),
    ),
    orphan_tasks: [],
    unregistered_frameworks: [],
  };
}

const nanoseconds = (ms: number) => ({ nanoseconds: ms * 1e6 });

function agentMessage(state: MasterState, agent: Agent): AgentState {
  const allocatedResources = usedOnAgent(state, agent).flatMap(({ resources, role }) => allocate(resources, role));
  const offeredResources = offersOfAgent(state, agent.id).flatMap(({ resources, role }) => allocate(resources, role));
  return {
    agent_info: agent.info,
    active: isActive(state, agent),
    deactivated: state.deactivatedAgents.has(agent.id),
    ...drainFields(state, agent.id),
    version: MESOS_VERSION,
    pid: `slave(1)@${state.settings.ip}:${agent.info.port}`,
    registered_time: nanoseconds(agent.registeredAtMs),
    ...(agent.reregisteredAtMs !== null && { reregistered_time: nanoseconds(agent.reregisteredAtMs) }),
    total_resources: agent.info.resources ?? [],
    allocated_resources: add(allocatedResources),
    offered_resources: offeredResources,
    capabilities: AGENT_CAPABILITIES.map((type) => ({ type })),
  };
}

function getAgents(state: MasterState) {
  return {
    agents: [...state.agents.values()].map((agent) => agentMessage(state, agent)),
    recovered_agents: [...state.recoveredAgents.values()].map(({ info }) => info),
  };
}

function taskMessage(task: TaskRecord): Task {
  return {
    name: task.name,
    task_id: { value: task.id },
    framework_id: { value: task.frameworkId },
    ...(task.executorId !== null && { executor_id: { value: task.executorId } }),
    agent_id: { value: task.agentId },
    state: task.latestState,
    resources: task.resources,
    statuses: task.statuses,
  };
}

/** GET_* of the operator API. */
export function operatorResponse(
  state: MasterState,
  type: 'GET_HEALTH' | 'GET_VERSION' | 'GET_AGENTS' | 'GET_STATE',
): OperatorResponse {
  switch (type) {
    case 'GET_HEALTH':
      return { type, get_health: { healthy: true } };
    case 'GET_VERSION':
      return { type, get_version: { version_info: VERSION } };
    case 'GET_AGENTS':
      return { type, get_agents: getAgents(state) };
    case 'GET_STATE': {
      const frameworks = [...state.frameworks.values()];
      const tasks = (of: (framework: Framework) => Iterable<TaskRecord>) =>
        frameworks.flatMap((framework) => [...of(framework)].map(taskMessage));
      return {
        type,
        get_state: {
          get_tasks: {
            tasks: tasks((framework) => framework.tasks.values()),
            unreachable_tasks: tasks((framework) => framework.unreachableTasks.values()),
            completed_tasks: tasks((framework) => framework.completedTasks),
          },
          get_frameworks: {
            frameworks: frameworks.map(({ info, stream, recovered }) => ({
              framework_info: info,
              active: stream !== null,
              connected: stream !== null,
              recovered,
            })),
          },
          get_agents: getAgents(state),
        },
      };
    }
  }
}
