/** How equal a replica is kept, and what it has done that makes it less so, in sentences that say what to do. */
import type { Divergence, ReplicaLabel, ReplicaReport } from '../executor/assignment.js';

/** `diverged`: it and another replica have put out different bytes, whatever label it has earned else. */
export type Label = ReplicaLabel | 'diverged';

export interface LabelView {
  label: Label;
  /** Empty where every turn is compared. */
  reasons: string[];
}

/** By the names that the interposer counts (`unexpected.h`), and the gateway. */
export const unexpectedReasons: Record<string, string> = {
  addressRandomization:
    'the kernel did not let it switch address randomisation off, so that its addresses differ; allow personality(2) where the agent runs',
  descriptorAboveRange:
    'it has opened so many files that their numbers reach those of clients; let it keep fewer than a hundred open',
  descriptorCopied:
    'it has copied a client’s descriptor to a number of its own choice (dup2), which was refused; a program that needs it goes into a virtual machine',
  socketOption:
    'it has asked for an option of a client’s socket that is not carried; each replica was told 0 or an error',
  controlCall: 'it has made a control call on a client that is not carried, which was refused',
  connect:
    'it has connected to another server; each replica does so for itself, and what it hears there is not ordered',
  foreignThread:
    'it has more threads than can be ordered, or some that were started past the C library (clone) and run beside the order; use fewer threads, or put it into a virtual machine',
  foreignProcess:
    'it has started a process past the C library, whose number and end are each replica’s own; let it start processes by fork or posix_spawn, or put it into a virtual machine',
  threadWasAway:
    'one of its threads has waited in the kernel for something that is not ordered; what it learnt there is not compared',
  childStatus: 'a process that it has started ended differently than at the leader, or could not be started',
  fsync: 'a file could not be synchronised in the background; look at the disk of its agent',
  programDescriptorReady:
    'it waits for a descriptor that is not a client’s; all replicas are told when the leader’s is ready, and read their own',
  turnOrder:
    'a turn had not the form that it had at the leader: this replica is not where the others are; let it be rebuilt',
  sendWithAncillaryData: 'it has sent a descriptor or credentials with data; the data was sent only',
  clientInChild:
    'a process that it has started has touched a client, which was refused; let it serve clients in one process',
  acceptInChild:
    'a process that it has started waits for clients, which was refused: only the process that listens is replicated; let it serve clients in one process (nginx: master_process off)',
  ioUring:
    'it uses io_uring, by which nothing is ordered or compared; switch that off in its configuration, or put it into a virtual machine',
  signalBetweenThreads:
    'one of its threads has sent another a signal (pthread_kill); the handler ran when the kernel said, at another time on each replica; let threads tell each other by a condition or an eventfd',
  fedBeforeRest:
    'it was given an input before it had come to rest after the one before: its order of the two may differ; let it answer sooner',
  joinedBySnapshot:
    'it began from a snapshot: its data are equal, the layout of its memory is not; replicas that replay the log stay exact',
};

const lanes: Partial<Record<Label, string>> = {
  gateway:
    'the program cannot be preloaded: clock, randomness and the order of its threads are its own, and its answers are compared',
  vm: 'its whole machine is replicated: memories are made equal at each round, not at each turn',
};

const divergedReason = ({ index, otherMember }: Divergence) =>
  `it and member ${otherMember} have put out different bytes at entry ${index}; what a program takes from the processor’s counter (rdtsc), from the kernel without the C library, or from threads that order themselves (futex) is each replica’s own: if its answers come from there, put it into a replicated virtual machine`;

export function labelOf(report: ReplicaReport): LabelView {
  const { label, reasons } = earnedBy(report);
  if (!report.divergence) return { label, reasons };
  return { label: 'diverged', reasons: [divergedReason(report.divergence), ...reasons] };
}

function earnedBy({ label, unexpected }: ReplicaReport): LabelView {
  const counted = Object.keys(unexpected);
  const reasons = counted.map((name) => unexpectedReasons[name] ?? `it has done what is counted as ${name}`);
  const lane = lanes[label];
  return { label, reasons: lane === undefined ? reasons : [lane, ...reasons] };
}
