import lodash from 'lodash';
import { add, reservationRole } from '../../mesos-http-client/resources.js';
import type { Resource } from '../../mesos-http-client/types.js';
import { flatAttributes, flatResources } from '../flat-values.js';
import { drainFields } from './drain.js';
import { MASTER_CAPABILITIES, MESOS_VERSION, masterInfo } from './master-info.js';
import { isActive, offersOfAgent, usedOnAgent } from './offers.js';
import type { Agent, Framework, MasterState, TaskRecord } from './state.js';

/** What operators see on the older JSON pages; of their keys those that clients commonly read. */

export const AGENT_CAPABILITIES = ['MULTI_ROLE', 'HIERARCHICAL_ROLE', 'RESERVATION_REFINEMENT'];
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
    pid: `slave(1)@${agent.ip}:${port}`,
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

export function statePage(state: MasterState): object {
  const { masterId, ip, port, hostname, domain } = state.settings;
  const { ip: _, ...leader } = masterInfo(state.settings);
  const completed = state.completedFrameworks.filter(({ framework }) => framework !== null);
  return {
    ...VERSION,
    start_time: state.startedAtMs / 1000,
    elected_time: state.startedAtMs / 1000,
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
