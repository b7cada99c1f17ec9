/**
 * What executors tell, as the scheduler may rely on it: whoever is in the place of one must not bring the scheduler down. Fields that
 * came with later versions may be absent, since executors live on over an upgrade. Pure.
 */
import type { HostReport, ReplicaReport } from '../../executor/assignment.js';
import { shapes } from '../mesos-http-client/index.js';

const { count, fields, listOf, mapOf, number, optional, text, truth } = shapes;

const address = fields({ slot: number, member: number, host: text, consensusPort: number, servicePort: number });

const distribution = fields({ count, sum: count, buckets: listOf(pair) });

function pair(value: unknown): string | null {
  const isPair = Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
  return isPair ? null : ' is not two numbers';
}

const round = fields({
  ...{ number, trigger: text, dirtyPages: number, unchangedPages: number, zeroPages: number, equalPages: number },
  ...{ sentPages: number, wholePages: optional(number), streamBytes: number, toBackupBytes: number, pauseUs: number },
  sleeps: optional(truth),
});

const metrics = fields({
  ...{ commitLatencyNs: distribution, batchEntries: distribution, batchBytes: distribution },
  ...{ elections: count, divergences: count, refusedConnections: mapOf(count), journalBytes: count },
  guest: optional(
    fields({
      rounds: mapOf(count),
      triggers: mapOf(count),
      pauseUs: distribution,
      recent: optional(fields({ pausesUs: listOf(number), spanMs: number, last: round })),
      frames: optional(mapOf(count)),
      takeover: optional(mapOf(number)),
    }),
  ),
});

const guest = fields({
  ...{ standing: text, relayPort: number, epoch: number, primary: number, backup: number, synced: optional(number) },
});

const peer = fields({ member: number, connected: truth, transport: text, transportReason: text, appliedIndex: number });

const report = fields({
  ...{ group: text, slot: number, member: number, pid: optional(number), role: text, term: number, leader: number },
  ...{ appliedIndex: number, committedIndex: number, lagEntries: number, configurationIndex: number },
  ...{ configuration: listOf(address), peers: listOf(peer), label: text, unexpected: mapOf(number) },
  divergence: optional(fields({ index: number, otherMember: number })),
  ...{ journalError: optional(text), diskError: optional(text), snapshotError: optional(text) },
  ...{ persistedIndex: optional(number), snapshotIndex: optional(number) },
  ...{ journalFrom: optional(number), journalTo: optional(number) },
  joining: optional(fields({ provider: number, bytesDone: number, bytesTotal: number })),
  ...{ metrics: optional(metrics), guest: optional(guest) },
});

export const isReport = (value: unknown): value is ReplicaReport => report(value) === null;

const host = fields({
  ...{ rdmaDevices: listOf(text), rdmaLibrariesMissing: optional(listOf(text)), memlockBytesMax: optional(number) },
  ...{ localPorts: optional(fields({ begin: number, end: number })), kvm: optional(truth) },
  ...{
    programsMissing: optional(listOf(text)),
    release: optional(text),
    fixedAddresses: optional(truth),
    disk: fields({ directory: optional(text), freeBytes: number }),
  },
});

const hostReport = fields({ host, nowMs: number });

export const isHostReport = (value: unknown): value is HostReport => hostReport(value) === null;
