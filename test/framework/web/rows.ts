import type { AgentRow, AppRow, TaskRow } from '../../../framework/web/model/rows.js';

export const agent = (id: string, more: Partial<AgentRow> = {}): AgentRow => ({
  ...{ id, hostname: `host-${id}`, region: null, zone: null, attributes: {}, draining: false, offered: true },
  total: { cpus: 4, mem: 4096, disk: 10_000 },
  free: { cpus: 2, mem: 1024, disk: 10_000 },
  ...more,
});

export const app = (id: string, more: Partial<AppRow> = {}): AppRow => ({
  ...{ id, instances: 1, cpus: 0.5, mem: 64, replicated: false, vm: false, version: '1' },
  ...{ tasksRunning: 1, tasksStaged: 0, tasksUnhealthy: 0, waiting: 0 },
  ...{ deploymentIds: [], group: null },
  ...more,
});

export const task = (id: string, appId: string, agentId: string, more: Partial<TaskRow> = {}): TaskRow => ({
  ...{ id, appId, agentId, state: 'TASK_RUNNING' },
  ...more,
});
