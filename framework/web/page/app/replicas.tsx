import type { GuestRoles, ReplicaRow, ReplicasJson } from '../../model/app-json.js';
import { duration, nanoseconds, taskState, UNKNOWN } from '../../model/format.js';
import { placeText, remarksOn, roleOf, transportsOf } from '../../model/replica-words.js';
import type { AppRow } from '../../model/rows.js';
import { useNow } from '../clock.js';
import { NotNow } from '../failure.js';
import { usePolled } from '../polled.js';
import { appPath } from '../session.js';
import { type Column, Table } from '../table.js';
import { Kill } from './kill.js';

const INTERVAL_MS = 2000;

export function Replicas({ row }: { row: AppRow }) {
  const leader = row.group?.leader?.member;
  const { value, failure } = usePolled<ReplicasJson>(appPath(row.id, 'replicas'), INTERVAL_MS, leader);
  const nowMs = useNow();
  const replicas = value?.replicas ?? [];
  const guest = value?.group?.guest ?? null;
  return (
    <>
      <NotNow failure={failure} />
      {value?.group?.awaits && <p class="busy">{value.group.awaits}</p>}
      {guest !== null && <p class={guest.covered ? 'good' : 'busy'}>{guestText(guest)}</p>}
      <Table
        caption={`Replicas of ${row.id}`}
        columns={columnsOf(row.id, guest, nowMs)}
        rows={replicas}
        keyOf={({ taskId }) => taskId}
        empty={value === null ? 'Not known yet.' : 'No replica runs.'}
      />
      <Commits replicas={replicas} />
      <ul class="remarks">
        {replicas.flatMap(remarksOn).map((remark) => (
          <li key={remark}>{remark}</li>
        ))}
      </ul>
    </>
  );
}

function guestText({ primary, backup, covered }: GuestRoles): string {
  if (primary === null) return 'Nobody runs the guest.';
  if (covered) return `Member ${primary} runs the guest, covered by member ${backup}.`;
  return `Member ${primary} runs the guest, and no backup covers it.`;
}

function columnsOf(appId: string, guest: GuestRoles | null, nowMs: number): Column<ReplicaRow>[] {
  return [
    { name: 'Slot', head: true, cell: ({ slot }) => slot },
    { name: 'Member', kind: 'wide', cell: ({ member }) => member },
    { name: 'Role', cell: (one) => <span class={one.role === 'leader' ? 'good' : ''}>{roleOf(one, guest)}</span> },
    { name: 'Ballot', kind: 'wide number', cell: ({ term }) => (term === null ? UNKNOWN : `term ${term}`) },
    { name: 'Agent', cell: ({ host }) => host },
    { name: 'Place', kind: 'wide', cell: ({ zone, attributes }) => placeText(zone, attributes) },
    { name: 'Address', kind: 'wide', cell: ({ address }) => address },
    { name: 'Lag', kind: 'number', cell: ({ lagEntries }) => lagEntries ?? UNKNOWN },
    { name: 'Transport', kind: 'wide', cell: transportsOf },
    { name: 'Label', kind: 'wide', cell: (one) => <LabelOf replica={one} /> },
    { name: 'State', kind: 'wide', cell: ({ state }) => taskState(state) },
    { name: 'Told', kind: 'wide', cell: ({ reportedAt }) => ageOf(reportedAt, nowMs) },
    { name: 'Action', cell: ({ taskId, slot }) => <Kill taskId={taskId} name={`slot ${slot} of ${appId}`} /> },
  ];
}

const ageOf = (at: string | null, nowMs: number) => (at === null ? 'never' : `${duration(nowMs - Date.parse(at))} ago`);

function LabelOf({ replica: { divergence, label } }: { replica: ReplicaRow }) {
  return divergence === null ? (
    <span>{label ?? UNKNOWN}</span>
  ) : (
    <span class="bad">diverged at {divergence.index}</span>
  );
}

/** Of the leader, since its process started. */
function Commits({ replicas }: { replicas: ReplicaRow[] }) {
  const metrics = replicas.find(({ role }) => role === 'leader')?.metrics;
  if (!metrics || metrics.commits === 0) return null;
  const { commits, commitLatencyP50Ns, commitLatencyP99Ns } = metrics;
  return (
    <p class="muted">
      {commits.toLocaleString('en')} commits of the leader, p50 {nanoseconds(commitLatencyP50Ns)}, p99{' '}
      {nanoseconds(commitLatencyP99Ns)}
    </p>
  );
}
