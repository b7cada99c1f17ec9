import type { Assignment, MemberAddress, ReplicaAssignment, ReplicaReport } from '../../../executor/assignment.js';
import { quietReport } from '../../quiet-report.js';

/** What executors of replicas would report, made from what the framework ordered: the founder with the lowest number leads. */

export function replicaOf(data: string | undefined): ReplicaAssignment | null {
  if (data === undefined) return null;
  return (JSON.parse(Buffer.from(data, 'base64').toString()) as Assignment).replica;
}

/** What the members of a group agree on. */
export interface GroupBook {
  term: number;
  leader: number;
  configurationIndex: number;
  configuration: MemberAddress[];
}

/** Of founders: the one with the lowest number leads. */
export function foundedBook({ self, peers }: ReplicaAssignment): GroupBook {
  const configuration = [self, ...peers].sort((a, b) => a.member - b.member);
  const leader = (configuration[0] as MemberAddress).member;
  return { term: 1, leader, configurationIndex: 1, configuration };
}

/** Which member reports. */
export type Reporter = Pick<ReplicaAssignment, 'group' | 'self'>;

/** @param index the entry that all of them have applied; @returns base64, as in `TaskStatus.data` */
export function reportData({ group, self }: Reporter, index: number, book: GroupBook): string {
  const { term, leader, configurationIndex, configuration } = book;
  const peers = configuration.filter(({ member }) => member !== self.member);
  const report: ReplicaReport = {
    group,
    slot: self.slot,
    member: self.member,
    pid: 1000 + self.member,
    role: self.member === leader ? 'leader' : 'follower',
    term,
    leader,
    appliedIndex: index,
    committedIndex: index,
    lagEntries: 0,
    configurationIndex,
    configuration,
    peers: peers.map(({ member }) => ({
      member,
      connected: true,
      transport: 'tcp',
      transportReason: 'other host',
      appliedIndex: index,
    })),
    ...quietReport(),
    journalTo: index,
    metrics: null,
  };
  return Buffer.from(JSON.stringify(report)).toString('base64');
}
