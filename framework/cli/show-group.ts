import type { ReplicaReport } from '../../executor/assignment.js';
import { mean, quantile } from '../distribution.js';
import { labelOf } from '../label.js';
import { witnessSlot } from '../replicated-guest.js';
import type { GuestView } from '../service.js';
import { type AppJson, placeOf, type TaskJson } from './app-json.js';
import { inCommands } from './in-commands.js';
import type { Output } from './output.js';
import { dim, green, red, yellow } from './terminal/colour.js';

/** The replicated part of `gaia app show`: a row for each replica, and what is to be said of them in words. */
export function showGroup(output: Output, app: AppJson): void {
  const leader = app.group?.leader ?? null;
  const guest = app.group?.guest ?? null;
  const text = leader === null ? 'none known' : `slot ${leader.slot} at ${leader.address}, term ${leader.term}`;
  output.line(`  leader: ${text}`);
  if (app.group?.lost) output.line(red(`  ${inCommands(app.group.lost)}`));
  else if (app.group?.guest) output.line(guestText(app.group.guest, app.tasks));
  if (app.group?.awaits) output.line(yellow(`  ${app.group.awaits}`));
  if (app.tasks.length === 0) return;
  output.line();
  output.table(
    [
      'SLOT',
      'MEMBER',
      'ROLE',
      ...(guest ? ['GUEST'] : []),
      { title: 'TERM', wide: true },
      'AGENT',
      'PLACE',
      'ADDRESS',
      'LAG',
      'TRANSPORT',
      { title: 'ELECTIONS', wide: true },
      'LABEL',
      'PID',
      'STATE',
    ],
    [...app.tasks]
      .sort((a, b) => (a.replica?.slot ?? 0) - (b.replica?.slot ?? 0))
      .map((task) => replicaRow(task, guest)),
  );
  showCommits(output, app.tasks);
  showTransports(output, app.tasks);
  for (const { slot, report } of reports(app.tasks)) showLabel(output, slot, report);
  for (const { slot, report } of reports(app.tasks)) showKept(output, slot, report);
  for (const { slot, report } of reports(app.tasks)) showJoining(output, slot, report);
}

function reports(tasks: TaskJson[]): { slot: number; report: ReplicaReport }[] {
  const known = tasks.flatMap(({ replica }) =>
    replica?.report ? [{ slot: replica.slot, report: replica.report }] : [],
  );
  return known.sort((a, b) => a.slot - b.slot);
}

/** Why it is no better. */
function showLabel(output: Output, slot: number, report: ReplicaReport): void {
  const { label, reasons } = labelOf(report);
  for (const reason of reasons) output.line(dim(`  slot ${slot} is ${label}: ${reason}`));
}

/** What others can join from, and what a loss of power would leave. */
function showKept(output: Output, slot: number, report: ReplicaReport): void {
  const { journalFrom, journalTo, snapshotIndex, persistedIndex, snapshotError } = report;
  if (snapshotError !== null) output.line(yellow(`  slot ${slot}: ${snapshotError}`));
  if (journalFrom === 0) return;
  const entries = (index: number) => index.toLocaleString('en');
  const parts = [`entries ${entries(journalFrom)} to ${entries(journalTo)}`];
  if (snapshotIndex > 0) parts.push(`a snapshot of entry ${entries(snapshotIndex)}`);
  if (persistedIndex !== null) parts.push(`on its disk up to entry ${entries(persistedIndex)}`);
  output.line(dim(`  slot ${slot} keeps ${parts.join(', ')}`));
}

function showJoining(output: Output, slot: number, { joining }: ReplicaReport): void {
  if (joining === null) return;
  const { provider, bytesDone, bytesTotal } = joining;
  const percent = Math.floor((100 * bytesDone) / bytesTotal);
  const how =
    bytesTotal === 0
      ? 'waits for a snapshot of the group'
      : `${percent} % of ${size(bytesTotal)} from member ${provider}`;
  output.line(yellow(`  replica in slot ${slot} joins: ${how}`));
}

function size(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  const step = Math.min(units.length, Math.max(1, Math.floor(Math.log2(bytes) / 10)));
  return `${Number((bytes / 2 ** (10 * step)).toPrecision(2))} ${units[step - 1]}`;
}

/** Of the leader, since its process started. */
function showCommits(output: Output, tasks: TaskJson[]): void {
  const report = tasks.map(({ replica }) => replica?.report).find((one) => one?.role === 'leader');
  const metrics = report?.metrics;
  if (!metrics || metrics.batchEntries.count === 0) return;
  const [p50, p99] = [0.5, 0.99].map((share) => duration(quantile(metrics.commitLatencyNs, share)));
  const count = metrics.batchEntries.count.toLocaleString('en');
  const bytes = Math.round(mean(metrics.batchBytes) ?? 0).toLocaleString('en');
  output.line(`  commits of the leader: ${count}, p50 ${p50}, p99 ${p99}, ${bytes} bytes each`);
}

function duration(ns: number | null): string {
  if (ns === null) return '?';
  const [divisor, unit] = ns < 1e6 ? [1e3, 'µs'] : [1e6, 'ms'];
  return `${Number((ns / divisor).toPrecision(2))} ${unit}`;
}

/** Why pairs of replicas do not use a better transport or are not connected, each reason once. */
function showTransports(output: Output, tasks: TaskJson[]): void {
  const peers = tasks.flatMap(({ replica }) => replica?.report?.peers ?? []);
  const reasons = peers.filter((peer) => peer.transportReason !== '');
  for (const text of new Set(reasons.map(transportText))) output.line(dim(`  ${text}`));
}

function transportText({ connected, member, transport, transportReason }: ReplicaReport['peers'][number]): string {
  return `${connected ? transport : `not connected to member ${member}`}: ${transportReason}`;
}

function guestText({ primary, backup, covered }: GuestView, tasks: TaskJson[]): string {
  const isThere = tasks.some(({ replica }) => replica?.member === primary);
  if (primary !== null && !isThere) return red(`  guest: nobody runs it: member ${primary}, its primary, has ended`);
  const who = primary === null ? 'nobody runs it' : `member ${primary} is its primary`;
  if (covered) return green(`  guest: ${who}, covered by member ${backup}`);
  const seeding = backup !== null && backup !== primary;
  return yellow(`  guest: ${who}, not covered${seeding ? `: member ${backup} is being seeded` : ''}`);
}

/** 'primary (covered)' */
function standingText({ replica }: TaskJson, guest: GuestView): string {
  if (replica?.slot === witnessSlot) return 'witness';
  const role = replica?.member === guest.primary ? 'primary' : replica?.member === guest.backup ? 'backup' : 'none yet';
  const standing = replica?.report?.guest?.standing;
  return standing && standing !== role ? `${role} (${standing})` : role;
}

function replicaRow(task: TaskJson, guest: GuestView | null): string[] {
  const report = task.replica?.report ?? null;
  const transports = [...new Set(report?.peers.filter((peer) => peer.connected).map((peer) => peer.transport))];
  return [
    ...[task.replica?.slot ?? '?', task.replica?.member ?? '?', roleText(report?.role)],
    ...(guest ? [standingText(task, guest)] : []),
    ...[report?.term ?? '?'],
    ...[task.host, placeOf(task), task.replica?.address ?? '?', report?.lagEntries ?? '?'],
    ...[
      transports.join(', ') || '–',
      report?.metrics?.elections ?? '?',
      labelText(report),
      report?.pid ?? '?',
      task.state,
    ],
  ].map(String);
}

function labelText(report: ReplicaReport | null): string {
  if (report === null) return '?';
  const { label } = labelOf(report);
  return label === 'diverged' ? red(`diverged at ${report.divergence?.index}`) : label;
}

function roleText(role: string | undefined): string {
  if (role === undefined) return '?';
  return role === 'leader' ? green(role) : role;
}
