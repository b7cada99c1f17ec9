import type { ReplicaMetrics } from '../../executor/assignment.js';
import { mean, quantile } from '../distribution.js';
import { labelOf } from '../label.js';
import type { AppView, TaskView } from '../service.js';
import { ApiError } from './errors.js';

/** `/v2/apps/{id}/replicas`: the group and one row per replica, as they last reported. */
export function replicasJson(app: AppView) {
  requireReplicated(app);
  return {
    appId: app.spec.id,
    instances: app.spec.instances,
    group: app.group,
    replicas: app.tasks.flatMap(replicaRow).sort((a, b) => a.slot - b.slot || a.member - b.member),
  };
}

/** @throws ApiError */
export function requireReplicated({ spec }: AppView): void {
  if (spec.replication !== null) return;
  const remedy = 'Give the app a block replication to replicate it.';
  throw new ApiError(404, `App '${spec.id}' is not replicated`, remedy);
}

/** What is not known yet (before the first report) is null, never guessed. */
function replicaRow(task: TaskView) {
  const { replica } = task;
  if (replica === null) return [];
  const { report } = replica;
  const label = report && labelOf(report);
  return [
    {
      slot: replica.slot,
      member: replica.member,
      address: replica.address,
      state: task.state,
      pid: report?.pid ?? null,
      role: report?.role ?? null,
      ...(report?.guest && { guest: report.guest }),
      term: report?.term ?? null,
      appliedIndex: report?.appliedIndex ?? null,
      committedIndex: report?.committedIndex ?? null,
      lagEntries: report?.lagEntries ?? null,
      label: label?.label ?? null,
      labelReasons: label?.reasons ?? null,
      transports: report?.peers.map(({ member, connected, transport, transportReason }) => {
        return { member, connected, transport, transportReason };
      }),
      divergence: report?.divergence ?? null,
      unexpected: report?.unexpected ?? null,
      persistedIndex: report?.persistedIndex ?? null,
      journal: report && { from: report.journalFrom, to: report.journalTo },
      journalError: report?.journalError ?? null,
      snapshotIndex: report?.snapshotIndex ?? null,
      snapshotError: report?.snapshotError ?? null,
      joining: report?.joining ?? null,
      metrics: report?.metrics ? summary(report.metrics) : null,
      reportedAt: replica.reportedAt,
      taskId: task.id,
      host: task.host,
      agentId: task.agentId,
      region: task.region,
      zone: task.zone,
      attributes: task.attributes,
      message: task.message,
    },
  ];
}

/** Since the replica started; commits are those it made as leader. Whole distributions: GET /metrics. */
function summary({ commitLatencyNs, batchEntries, batchBytes, ...counts }: ReplicaMetrics) {
  return {
    commits: batchEntries.count,
    commitLatencyP50Ns: quantile(commitLatencyNs, 0.5),
    commitLatencyP99Ns: quantile(commitLatencyNs, 0.99),
    entriesPerCommit: mean(batchEntries),
    bytesPerCommit: mean(batchBytes),
    ...counts,
  };
}
