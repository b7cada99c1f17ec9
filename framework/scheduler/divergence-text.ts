/** What is told of two replicas whose outputs differ. */
import type { Divergence, OutputDifference } from '../../executor/assignment.js';
import type { MemberTask } from './quorum.js';
import { nameOf } from './tasks.js';

export function divergenceText(task: MemberTask, { index, otherMember, difference }: Divergence): string {
  const { member } = task.replica.self;
  const what = difference
    ? differenceText(difference, member, otherMember)
    : 'what they put out then is no longer kept, they may have differed before';
  return `${nameOf(task)} and member ${otherMember} of ${task.appId} have diverged at index ${index}: ${what}`;
}

function differenceText(difference: OutputDifference, member: number, otherMember: number): string {
  const { connection, fromByte, here, there, clockCallsHere, clockCallsThere } = difference;
  if (connection !== null)
    return `to connection ${connection}, from byte ${fromByte} on, member ${member} has said ${hex(here)}, member ${otherMember} ${there === null ? 'other bytes, which are not known here' : hex(there)}`;
  if (clockCallsHere !== clockCallsThere)
    return `member ${member} has asked for the time ${clockCallsHere} times, member ${otherMember} ${clockCallsThere} times`;
  return 'the bytes that differ are not kept';
}

function hex(bytes: string): string {
  return bytes === '' ? 'nothing' : `0x${bytes}`;
}
