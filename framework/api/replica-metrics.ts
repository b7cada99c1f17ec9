/** What replicas have reported about themselves, as Prometheus' families. */
import { Counter, Gauge, type Metric, type Registry } from 'prom-client';
import type { Distribution, ReplicaMetrics, ReplicaReport } from '../../executor/assignment.js';
import { decades } from '../distribution.js';
import { labelOf } from '../label.js';
import type { FrameworkView, ReplicaView } from '../service.js';
import { Counted, type Labels, labelNames, type Scale } from './counted.js';
import { addGuests } from './guest-metrics.js';
import { known } from './known-labels.js';

/** Null: not for this one. */
const gauges: [name: string, help: string, value: (of: ReplicaReport) => number | null][] = [
  ['gaia_replica_term', 'Term of the highest ballot the replica knows', (report) => report.term],
  ['gaia_replica_applied_index', 'Index of the last entry the replica has executed', (report) => report.appliedIndex],
  [
    'gaia_replica_committed_index',
    'Index of the last committed entry the replica knows of',
    (report) => report.committedIndex,
  ],
  [
    'gaia_replica_persisted_index',
    'Index of the newest entry on the disk of the replica (durability "disk")',
    (report) => report.persistedIndex,
  ],
  [
    'gaia_replica_snapshot_index',
    'Index of the entry whose state the replica keeps for joiners; 0: none',
    (report) => report.snapshotIndex,
  ],
  ['gaia_replica_lag_entries', 'Committed entries the replica has not executed', (report) => report.lagEntries],
  [
    'gaia_replica_exact',
    '1 while every turn of the replica is compared and found to be equal (label "exact")',
    (report) => Number(labelOf(report).label === 'exact'),
  ],
];
const counters: [name: string, help: string, value: (of: ReplicaMetrics) => number][] = [
  ['gaia_replica_elections_total', 'Times the replica stood for election', (metrics) => metrics.elections],
  [
    'gaia_replica_divergences_total',
    "Times the replica's output was seen to differ from another's",
    (metrics) => metrics.divergences,
  ],
];

/** As leader. */
const scales: (Scale & { of: (metrics: ReplicaMetrics) => Distribution })[] = [
  {
    name: 'gaia_replica_commit_latency_seconds',
    help: 'From handing a turn to the group to its commit, as the leader sees it',
    of: (metrics) => metrics.commitLatencyNs,
    bounds: decades(-7, 1, [1, 2.5, 5]),
    scale: 1e9,
  },
  {
    name: 'gaia_replica_commit_entries',
    help: 'Entries per commit, as the leader',
    of: (metrics) => metrics.batchEntries,
    bounds: [1, 2, 4, 8, 16, 32, 64, 128],
    scale: 1,
  },
  {
    name: 'gaia_replica_commit_bytes',
    help: 'Bytes of payload per commit, as the leader',
    of: (metrics) => metrics.batchBytes,
    bounds: [64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304],
    scale: 1,
  },
];

export interface Reported {
  labels: Labels;
  report: ReplicaReport;
}

export function addReplicas(registry: Registry, { apps }: FrameworkView): void {
  const replicas = apps.flatMap(({ spec, tasks }) => tasks.flatMap(({ replica }) => reported(spec.id, replica)));
  const counting = replicas.flatMap(({ labels, report: { metrics } }) => (metrics ? [{ labels, metrics }] : []));
  for (const [name, help, value] of gauges) {
    const gauge = new Gauge({ name, help, labelNames, registers: [registry] });
    for (const { labels, report } of replicas) {
      const told = value(report);
      if (told !== null) gauge.set(labels, told);
    }
  }
  for (const [name, help, value] of counters) {
    const counter = new Counter({ name, help, labelNames, registers: [registry] });
    for (const { labels, metrics } of counting) counter.inc(labels, value(metrics));
  }
  for (const row of scales) {
    const counted = new Counted(row);
    registry.registerMetric(counted as unknown as Metric);
    for (const { labels, metrics } of counting) counted.add(labels, row.of(metrics));
  }
  addRefusals(registry, counting);
  addUnexpected(registry, replicas);
  addStates(registry, replicas);
  addGuests(registry, replicas);
}

function addUnexpected(registry: Registry, replicas: Reported[]): void {
  const gauge = new Gauge<string>({
    name: 'gaia_replica_unexpected',
    help: 'What the replica has done since it started that its label is "checked" for, by name',
    labelNames: [...labelNames, 'name'],
    registers: [registry],
  });
  for (const { labels, report } of replicas)
    for (const [name, count] of Object.entries(report.unexpected))
      gauge.inc({ ...labels, name: known('name', name) }, count);
}

function addRefusals(registry: Registry, counting: { labels: Labels; metrics: ReplicaMetrics }[]): void {
  const counter = new Counter({
    name: 'gaia_replica_refused_connections_total',
    help: 'Connections to its consensus port that the replica ended, by cause',
    labelNames: [...labelNames, 'cause'],
    registers: [registry],
  });
  for (const { labels, metrics } of counting)
    for (const [cause, count] of Object.entries(metrics.refusedConnections))
      counter.inc({ ...labels, cause: known('cause', cause) }, count);
}

function reported(app: string, replica: ReplicaView | null): Reported[] {
  if (!replica?.report) return [];
  const labels = { app, slot: String(replica.slot), member: String(replica.member) };
  return [{ labels, report: replica.report }];
}

/** Series whose labels say what is the case. */
function addStates(registry: Registry, replicas: Reported[]): void {
  const gauge = (name: string, help: string, ...more: string[]) =>
    new Gauge<string>({ name, help, labelNames: [...labelNames, ...more], registers: [registry] });
  const role = gauge('gaia_replica_role', '1 for the role the replica has', 'role');
  const connected = gauge('gaia_replica_connected', '1 while connected to the peer', 'peer', 'transport');
  const journal = gauge('gaia_replica_journal_bytes', 'Kept for others to join by replay');
  for (const { labels, report } of replicas) {
    role.set({ ...labels, role: known('role', report.role) }, 1);
    for (const { member: peer, transport, connected: is } of report.peers)
      connected.set({ ...labels, peer: String(peer), transport: known('transport', transport) }, Number(is));
    if (report.metrics) journal.set({ ...labels }, report.metrics.journalBytes);
  }
}
