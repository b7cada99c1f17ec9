/** Of masters and agents that tests step by hand, and of allocators. */
import type { AgentSettings } from '../../../framework/mesos-local/agent/state.js';
import type { AllocatorInput } from '../../../framework/mesos-local/master/allocator.js';
import type { MasterSettings } from '../../../framework/mesos-local/master/state.js';
import { AGENT_TIMINGS, MASTER_TIMINGS } from '../../../framework/mesos-local/timings.js';

export const masterSettings: MasterSettings = {
  masterId: 'm',
  ip: '127.0.0.1',
  port: 1,
  hostname: 'm',
  domain: null,
  seed: 7,
  ...MASTER_TIMINGS,
};

export const agentSettings: AgentSettings = {
  ip: '127.0.0.1',
  commandExecutor: ['mesos-executor'],
  ...AGENT_TIMINGS,
};

/** Nobody holds anything, is promised anything, or weighs more than another. */
export const plainAllocation: Omit<AllocatorInput, 'agents' | 'frameworks'> = {
  held: [],
  quotas: new Map(),
  weightOf: () => 1,
  timesChosen: () => 0,
  isFiltered: () => false,
  random: () => 0,
};
