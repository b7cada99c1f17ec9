/** Writes `.gaia/replica.conf`, through which the interposer learns who it is (ARCHITECTURE.md, "Control channel"). */
import { writeFileSync } from 'node:fs';
import type { MemberAddress, ReplicaAssignment, SnapshotSource } from './assignment.js';
import { memberDirectory } from './data-directory.js';

const journalBytesMax = 8 * 2 ** 30;
/** With durability `disk` a member is its journal; only the disk limits it. */
const diskJournalBytesMax = 2 ** 50;

/** The file's text: one `key=value` a line. Values were checked to be of one line when the assignment was decoded. */
export function replicaConf(replica: ReplicaAssignment, trace: string): string {
  const pairs: [key: string, value: string | number][] = [
    ['group', replica.group],
    ['secret', replica.secretHex],
    ['seed', replica.seedHex],
    ['epoch_ms', replica.epochMs],
    ['join', replica.join ? 1 : 0],
    ['transport', replica.transport],
    ['suspicion_ms', replica.suspicionMs],
    ['self', memberText(replica.self)],
    ...replica.peers.map((peer): [string, string] => ['peer', memberText(peer)]),
    ['durability', replica.durability],
    ['journal', memberDirectory(replica) ?? '.gaia/journal'],
    ['journal_bytes_max', replica.durability === 'disk' ? diskJournalBytesMax : journalBytesMax],
    ...snapshotPairs(replica.snapshot),
    ...(replica.gateway === null
      ? []
      : [['compare_output', replica.gateway.compareOutput ? 1 : 0] as [string, number]]),
    ['trace', trace],
  ];
  return pairs.map(([key, value]) => `${key}=${value}\n`).join('');
}

const hex = (text: string) => Buffer.from(text).toString('hex');

function snapshotPairs(snapshot: SnapshotSource): [key: string, value: string | number][] {
  if (snapshot.provider !== 'hook') return [];
  return [
    ['snapshot_file', snapshot.file],
    ['snapshot_send', hex(snapshot.send)],
    ['snapshot_expect', hex(snapshot.expect)],
    ['snapshot_log_bytes', snapshot.logBytes],
  ];
}

/** Mode 0600 from the first byte on: the file holds the group's secret and seed. Refuses to replace a file. */
export function writeReplicaConf(path: string, replica: ReplicaAssignment, trace: string): void {
  writeFileSync(path, replicaConf(replica, trace), { mode: 0o600, flag: 'wx' });
}

function memberText({ slot, member, host, consensusPort, servicePort }: MemberAddress): string {
  return [slot, member, host, consensusPort, servicePort].join(',');
}
