/** What members of replicated guests have reported, as Prometheus' families. */
import { Counter, Gauge, type Metric, type Registry } from 'prom-client';
import type { GuestMetrics } from '../../executor/assignment.js';
import { decades } from '../distribution.js';
import { Counted, type Labels, labelNames, type Scale } from './counted.js';
import { known } from './known-labels.js';
import type { Reported } from './replica-metrics.js';

const pause: Scale = {
  name: 'gaia_guest_pause_seconds',
  help: "The standstill of the primary's guest in a round, as the primary has counted it",
  bounds: decades(-4, 2, [1, 2.5, 5]),
  scale: 1e6,
};

/** One series for each value of the label. */
interface Family {
  name: string;
  help: string;
  label: string;
  values: (of: GuestMetrics) => [value: string, count: number][];
}
const counters: Family[] = [
  {
    name: 'gaia_guest_rounds_total',
    help: 'Rounds of this primary, by what they were begun for',
    label: 'trigger',
    values: ({ triggers }) => Object.entries(triggers).map(([name, count]) => [known('trigger', name), count]),
  },
  {
    name: 'gaia_guest_pages_total',
    help: 'Pages that the primary had written, by what became of them in rounds',
    label: 'became',
    values: ({ rounds }) => [
      ['unchanged', rounds.unchangedPages],
      ['zero', rounds.zeroPages],
      ['equal', rounds.equalPages],
      ['sent', Math.max(0, rounds.sentPages - rounds.wholePages)],
      ['whole', rounds.wholePages],
    ],
  },
  {
    name: 'gaia_guest_round_bytes_total',
    help: "Bytes of rounds: of QEMU's stream, and those that crossed to the backup",
    label: 'of',
    values: ({ rounds }) => [
      ['stream', rounds.streamBytes],
      ['sent', rounds.toBackupBytes],
    ],
  },
  {
    name: 'gaia_guest_frames_total',
    help: 'Frames for the guest that the log had, those that left, those lost, and those that both guests put out',
    label: 'what',
    values: ({ frames }) =>
      frames === null
        ? []
        : [
            ['inputs', frames.inputs],
            ['outputs', frames.outputs],
            ['lost', frames.lost],
            ['equal', frames.equalOutputs],
          ],
  },
];

export function addGuests(registry: Registry, replicas: Reported[]): void {
  const counting = replicas.flatMap(({ labels, report }) =>
    report.metrics?.guest ? [{ labels, guest: report.metrics.guest }] : [],
  );
  for (const { name, help, label, values } of counters) {
    const counter = new Counter<string>({ name, help, labelNames: [...labelNames, label], registers: [registry] });
    for (const { labels, guest } of counting)
      for (const [value, count] of values(guest)) counter.inc({ ...labels, [label]: value }, count);
  }
  const pauses = new Counted(pause);
  registry.registerMetric(pauses as unknown as Metric);
  for (const { labels, guest } of counting) if (guest.recent !== null) pauses.add(labels, guest.pauseUs);
  addOutput(registry, counting);
  addStandings(registry, replicas);
}

function addOutput(registry: Registry, counting: { labels: Labels; guest: GuestMetrics }[]): void {
  const mismatches = new Counter({
    ...{ name: 'gaia_guest_output_mismatches_total', labelNames, registers: [registry] },
    help: "Times the backup's guest put out something else than the primary's",
  });
  const held = new Gauge({
    ...{ name: 'gaia_guest_held_bytes', labelNames, registers: [registry] },
    help: 'Output of the primary that waits for a round or for the backup',
  });
  const unheard = new Gauge({
    ...{ name: 'gaia_guest_unheard_seconds', labelNames, registers: [registry] },
    help: 'For how long the guest has answered no client of the member, nor an ARP request; 0: less than five seconds',
  });
  for (const { labels, guest } of counting) {
    if (guest.frames === null) continue;
    mismatches.inc(labels, guest.frames.mismatches);
    held.set(labels, guest.frames.heldBytes);
    unheard.set(labels, guest.frames.unheardMs / 1000);
  }
}

function addStandings(registry: Registry, replicas: Reported[]): void {
  const gauge = new Gauge<string>({
    ...{ name: 'gaia_guest_standing', labelNames: [...labelNames, 'standing'], registers: [registry] },
    help: '1 for how the guest of the member stands; "covered": a backup would go on',
  });
  for (const { labels, report } of replicas)
    if (report.guest) gauge.set({ ...labels, standing: known('standing', report.guest.standing) }, 1);
}
