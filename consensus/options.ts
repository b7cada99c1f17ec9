/** What a replica is opened with: types, defaults and checks. */
import { isIP } from 'node:net';
import { ArgumentError } from './errors.js';
import type { NativeOptions } from './native.js';

/** One life of one replica. `number` is never used again in a group: what lost its memory comes back with a new one. */
export interface Member {
  /** Stable place in the group, 0..8. */
  slot: number;
  /** 1..1048575 */
  number: number;
  /** A literal address, such as 10.0.0.7; names are not resolved. */
  host: string;
  /** Where other members connect to. */
  consensusPort: number;
  /** Where clients of the embedder connect to; handed on to others, not used here. 0: none. */
  servicePort: number;
}

export type Transport = 'auto' | 'shm' | 'verbs' | 'tcp';

/**
 * When a member has accepted an entry: once it lies in its memory, or once it has been synchronised to its disk. With
 * `disk` a member that starts again with its `journalDirectory` goes on as the same member, and is handed all entries
 * again from the first on, or its own newest snapshot and those after it.
 */
export type Durability = 'memory' | 'disk';

export interface ReplicaOptions {
  /** Unique name of the group and its generation. */
  group: string;
  /** 32 bytes that all members share and nobody else knows. */
  secret: Uint8Array;
  self: Member;
  /** Founding: the other founders. Joining: members known to be alive. */
  peers: Member[];
  /**
   * Entries are kept here, so that others can join by replay. Of this member alone. With durability `disk` it is all the
   * member is: a member whose directory is lost must never start again under its number.
   */
  journalDirectory: string;
  /** The same at all members. Default `memory`. */
  durability?: Durability;
  /** True: catch up and take over `self.slot` in a running group. False (default): one of the founders. */
  join?: boolean;
  /** Default `auto`: shared memory between members of one host, else RDMA (`verbs`) where both have it, else TCP. */
  transport?: Transport;
  /** Default 8 GiB. Beyond it nobody can join by replay from this member; snapshots keep the journal below half of it. */
  journalBytesMax?: number;
  /** A snapshot is taken when the log has grown so much since the newest. Default 256 MiB, at least 1 MiB. */
  snapshotLogBytes?: number;
  /** A leader that shows no sign of life this long is suspected, and another elected. Default 400, at least 50. */
  suspicionMs?: number;
  /** Of each ring, one per possible leader; a power of two, the same at all members. Default 16 MiB. */
  ringBytes?: number;
}

const membersMax = 9;
const memberNumberMax = 2 ** 20 - 1;
const secretBytes = 32;
const journalSegmentBytes = 16 * 2 ** 20;
const ringBytesMin = 16 * 2 ** 20;
const ringBytesMax = 2 ** 30;
const transports: Transport[] = ['auto', 'shm', 'verbs', 'tcp'];
const durabilities: Durability[] = ['memory', 'disk'];

/** Checks `options` and fills in the defaults; `snapshots`: the embedder takes and restores them. Throws ArgumentError. */
export function toNativeOptions(options: ReplicaOptions, snapshots: boolean): NativeOptions {
  if (typeof options !== 'object' || options === null)
    throw new ArgumentError('options', 'is not an object', 'Pass ReplicaOptions');
  const complete: NativeOptions = {
    group: nonEmpty('group', options.group, 255),
    secret: checkSecret(options.secret),
    self: checkMember('self', options.self),
    peers: checkPeers(options),
    join: checkBoolean('join', options.join ?? false),
    transport: checkChoice('transport', options.transport ?? 'auto', transports),
    durability: checkChoice('durability', options.durability ?? 'memory', durabilities),
    journalDirectory: nonEmpty('journalDirectory', options.journalDirectory, 3000),
    journalBytesMax: checkWhole(
      'journalBytesMax',
      options.journalBytesMax ?? 8 * 2 ** 30,
      journalSegmentBytes,
      2 ** 50,
    ),
    suspicionMs: checkWhole('suspicionMs', options.suspicionMs ?? 400, 50, 60_000),
    ringBytes: checkWhole('ringBytes', options.ringBytes ?? 16 * 2 ** 20, ringBytesMin, ringBytesMax),
    snapshots,
    snapshotLogBytes: checkWhole('snapshotLogBytes', options.snapshotLogBytes ?? 256 * 2 ** 20, 2 ** 20, 2 ** 50),
  };
  if (!Number.isInteger(Math.log2(complete.ringBytes))) {
    throw new ArgumentError('ringBytes', `is ${complete.ringBytes}`, 'Give a power of two, such as 16777216');
  }
  return complete;
}

/** A whole number within `min`..`max`. Throws ArgumentError. */
export function checkWhole(field: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw new ArgumentError(field, `is ${shown(value)}`, `Give a whole number within ${min}..${max}`);
  }
  return value;
}

export function checkMemberNumber(field: string, value: unknown): number {
  return checkWhole(field, value, 1, memberNumberMax);
}

export function checkSlot(field: string, value: unknown): number {
  return checkWhole(field, value, 0, membersMax - 1);
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value);
}

function nonEmpty(field: string, value: unknown, lengthMax: number): string {
  if (typeof value !== 'string' || value === '' || value.length > lengthMax || value.includes('\0')) {
    throw new ArgumentError(field, `is ${shown(value)}`, `Give a text of 1..${lengthMax} characters`);
  }
  return value;
}

/** The value is a secret and stays out of the message. */
function checkSecret(value: unknown): Uint8Array {
  if (value instanceof Uint8Array && value.byteLength === secretBytes) return value;
  const problem = value instanceof Uint8Array ? `has ${value.byteLength} bytes` : 'is not a Uint8Array';
  throw new ArgumentError('secret', problem, `Give ${secretBytes} random bytes, the same to all members`);
}

function checkBoolean(field: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new ArgumentError(field, `is ${shown(value)}`, 'Give true or false');
  return value;
}

function checkChoice<T extends string>(field: string, value: T, choices: T[]): T {
  if (!choices.includes(value))
    throw new ArgumentError(field, `is ${shown(value)}`, `Give one of ${choices.join(', ')}`);
  return value;
}

function checkMember(field: string, member: Member): Member {
  if (typeof member !== 'object' || member === null)
    throw new ArgumentError(field, `is ${shown(member)}`, 'Give a Member');
  if (typeof member.host !== 'string' || (member.host !== 'localhost' && isIP(member.host) === 0)) {
    throw new ArgumentError(`${field}.host`, `is ${shown(member.host)}`, 'Give a literal address, such as 10.0.0.7');
  }
  return {
    slot: checkSlot(`${field}.slot`, member.slot),
    number: checkMemberNumber(`${field}.number`, member.number),
    host: member.host,
    consensusPort: checkWhole(`${field}.consensusPort`, member.consensusPort, 1, 65535),
    servicePort: checkWhole(`${field}.servicePort`, member.servicePort, 0, 65535),
  };
}

function checkPeers(options: ReplicaOptions): Member[] {
  if (!Array.isArray(options.peers))
    throw new ArgumentError('peers', `is ${shown(options.peers)}`, 'Give an array of Members');
  const countMax = options.join ? 2 * membersMax - 1 : membersMax - 1;
  if (options.peers.length > countMax)
    throw new ArgumentError('peers', `has ${options.peers.length} members`, `Give at most ${countMax}`);
  if (options.join && options.peers.length === 0) {
    throw new ArgumentError('peers', 'is empty', 'To join, name at least one member that is alive');
  }
  const peers = options.peers.map((peer, i) => checkMember(`peers[${i}]`, peer));
  const everyone = [options.self, ...peers];
  peers.forEach((peer, i) => {
    const others = everyone.filter((_, place) => place !== i + 1);
    if (others.some((other) => other.number === peer.number)) {
      throw new ArgumentError(
        `peers[${i}].number`,
        `is ${peer.number} and so is another member's`,
        'Give each member a number of its own',
      );
    }
    if (!options.join && others.some((other) => other.slot === peer.slot)) {
      throw new ArgumentError(
        `peers[${i}].slot`,
        `is ${peer.slot} and so is another member's`,
        'Give each founder a slot of its own',
      );
    }
  });
  return peers;
}
