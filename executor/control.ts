/** The control channel between executor and interposed server (ARCHITECTURE.md, "Control channel"). Pure. */
import {
  type Distribution,
  type ExecutorOrder,
  type GuestOrder,
  type OutputDifference,
  type ReplicaAssignment,
  type ReplicaMetrics,
  type ReplicaReport,
  replicaLabels,
} from './assignment.js';
import { decodeMember } from './decode.js';
import { type Fields, flag, integer, line, list, map, object, oneOf, text } from './fields.js';

export type ControlMessage =
  | { type: 'hello'; pid: number }
  | { type: 'state'; state: ReplicaState }
  | { type: 'metrics'; metrics: ReplicaMetrics }
  | { type: 'fatal'; message: string };

/** A report without what comes in lines of its own. */
export type ReplicaState = Omit<ReplicaReport, 'pid' | 'metrics' | 'guest'>;

const lineBytesMax = 64 * 1024;
const fatalCharactersMax = 2048;
/** More than the interposer's histograms have. */
const bucketsMax = 1024;

/** Cuts the channel's bytes into lines. A line beyond 64 KiB is dropped whole, so a mad server cannot fill our memory. */
export class LineSplitter {
  /** Lines that were too long. */
  dropped = 0;
  private rest = Buffer.alloc(0);
  private dropping = false;

  /** The lines that are complete with these bytes, without their line ends. */
  push(bytes: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      this.keep(bytes.subarray(start, end));
      if (this.dropping) this.dropped += 1;
      else lines.push(this.rest.toString('utf8'));
      this.rest = Buffer.alloc(0);
      this.dropping = false;
      start = end + 1;
    }
    this.keep(bytes.subarray(start));
    return lines;
  }

  private keep(bytes: Buffer): void {
    if (this.rest.length + bytes.length > lineBytesMax) this.dropping = true;
    this.rest = this.dropping ? Buffer.alloc(0) : Buffer.concat([this.rest, bytes]);
  }
}

/** Throws an error that names the field when the line is not one of the four messages. */
export function parseControlLine(received: string, replica: ReplicaAssignment): ControlMessage {
  const fields = object(JSON.parse(received), 'the message');
  const type = oneOf(fields.type, 'type', ['hello', 'state', 'metrics', 'fatal']);
  if (type === 'hello') return { type, pid: integer(fields.pid, 'pid', 1) };
  if (type === 'fatal') return { type, message: text(fields.message, 'message').slice(0, fatalCharactersMax) };
  if (type === 'metrics') return { type, metrics: readMetrics(fields) };
  return { type, state: readState(fields, replica) };
}

function readMetrics(fields: Fields): ReplicaMetrics {
  return {
    commitLatencyNs: readDistribution(fields.commitLatencyNs, 'commitLatencyNs'),
    batchEntries: readDistribution(fields.batchEntries, 'batchEntries'),
    batchBytes: readDistribution(fields.batchBytes, 'batchBytes'),
    elections: integer(fields.elections, 'elections'),
    divergences: integer(fields.divergences, 'divergences'),
    refusedConnections: map(fields.refusedConnections, 'refusedConnections', (count, name) => integer(count, name)),
    journalBytes: integer(fields.journalBytes, 'journalBytes'),
  };
}

function readDistribution(value: unknown, name: string): Distribution {
  const fields = object(value, name);
  return {
    count: integer(fields.count, `${name}.count`),
    sum: integer(fields.sum, `${name}.sum`),
    buckets: list(fields.buckets, `${name}.buckets`, bucketsMax, (bucket, place) => {
      const [valueMax, count] = list(bucket, place, 2, (part, partName) => integer(part, partName));
      return [integer(valueMax, place), integer(count, place)];
    }),
  };
}

function readState(fields: Fields, replica: ReplicaAssignment): ReplicaState {
  const appliedIndex = integer(fields.appliedIndex, 'appliedIndex');
  const committedIndex = integer(fields.committedIndex, 'committedIndex');
  return {
    group: replica.group,
    slot: replica.self.slot,
    member: replica.self.member,
    role: oneOf(fields.role, 'role', ['leader', 'candidate', 'follower', 'learner']),
    term: integer(fields.term, 'term'),
    leader: integer(fields.leader, 'leader'),
    appliedIndex,
    committedIndex,
    lagEntries: Math.max(0, committedIndex - appliedIndex),
    configurationIndex: integer(fields.configurationIndex, 'configurationIndex'),
    configuration: list(fields.configuration, 'configuration', 64, decodeMember),
    peers: list(fields.peers, 'peers', 64, readPeer),
    label: oneOf(fields.label, 'label', replicaLabels),
    unexpected: map(fields.unexpected, 'unexpected', (count, name) => integer(count, name)),
    divergence: fields.divergence === null ? null : readDivergence(object(fields.divergence, 'divergence')),
    journalError: fields.journalError === null ? null : text(fields.journalError, 'journalError'),
    diskError: fields.diskError === null ? null : text(fields.diskError, 'diskError'),
    persistedIndex: fields.persistedIndex === null ? null : integer(fields.persistedIndex, 'persistedIndex'),
    journalFrom: integer(fields.journalFrom, 'journalFrom'),
    journalTo: integer(fields.journalTo, 'journalTo'),
    snapshotIndex: integer(fields.snapshotIndex, 'snapshotIndex'),
    snapshotError: fields.snapshotError === null ? null : text(fields.snapshotError, 'snapshotError'),
    joining: fields.joining === null ? null : readJoining(object(fields.joining, 'joining')),
  };
}

function readPeer(value: unknown, name: string): ReplicaReport['peers'][number] {
  const fields = object(value, name);
  return {
    member: integer(fields.member, `${name}.member`),
    connected: flag(fields.connected, `${name}.connected`),
    transport: line(fields.transport, `${name}.transport`),
    transportReason: text(fields.transportReason, `${name}.transportReason`),
    appliedIndex: integer(fields.appliedIndex, `${name}.appliedIndex`),
  };
}

function readJoining(fields: Fields): ReplicaReport['joining'] {
  return {
    provider: integer(fields.provider, 'joining.provider'),
    bytesDone: integer(fields.bytesDone, 'joining.bytesDone'),
    bytesTotal: integer(fields.bytesTotal, 'joining.bytesTotal'),
  };
}

function readDivergence(fields: Fields): ReplicaReport['divergence'] {
  return {
    index: integer(fields.index, 'divergence.index'),
    otherMember: integer(fields.otherMember, 'divergence.otherMember'),
    difference: fields.difference == null ? null : readDifference(object(fields.difference, 'divergence.difference')),
  };
}

function readDifference(fields: Fields): OutputDifference {
  const name = (field: string) => `divergence.difference.${field}`;
  return {
    connection: fields.connection === null ? null : integer(fields.connection, name('connection')),
    fromByte: integer(fields.fromByte, name('fromByte')),
    here: text(fields.here, name('here')),
    there: fields.there === null ? null : text(fields.there, name('there')),
    clockCallsHere: integer(fields.clockCallsHere, name('clockCallsHere')),
    clockCallsThere: integer(fields.clockCallsThere, name('clockCallsThere')),
  };
}

/** The line that carries an order of the framework to the server. */
export function orderLine(order: Exclude<ExecutorOrder, GuestOrder>): string {
  return order.type === 'removeMember' ? `remove ${order.slot} ${order.member}` : `transfer ${order.toMember}`;
}

/** Asks the server to hand leadership over and to take part no longer. */
export const stopLine = 'stop';
