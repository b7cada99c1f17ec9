/** The only file that knows the native addon: where it is and, in the order of native/addon.cc, all that crosses. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { NativeMissingError } from './errors.js';

export interface NativeMember {
  slot: number;
  number: number;
  host: string;
  consensusPort: number;
  servicePort: number;
}

export type NativeEvent = 'entry' | 'committed' | 'refused' | 'unknown' | 'snapshot' | 'restore' | 'status' | 'ended';

export interface NativeOptions {
  group: string;
  secret: Uint8Array;
  self: NativeMember;
  peers: NativeMember[];
  join: boolean;
  transport: 'auto' | 'shm' | 'verbs' | 'tcp';
  suspicionMs: number;
  durability: 'memory' | 'disk';
  journalDirectory: string;
  journalBytesMax: number;
  ringBytes: number;
  snapshots: boolean;
  snapshotLogBytes: number;
}

export interface NativePeer {
  member: NativeMember;
  connected: boolean;
  transport: 'none' | 'shm' | 'verbs' | 'tcp';
  transportReason: string;
  applied: number;
}

export interface NativeStatus {
  role: 'learner' | 'follower' | 'candidate' | 'leader';
  term: number;
  leader: number;
  applied: number;
  committed: number;
  configurationIndex: number;
  configuration: NativeMember[];
  peers: NativePeer[];
  journalError: string | null;
  /** Entries that others can replay from this member's journal; 0: none yet. */
  journalFrom: number;
  journalTo: number;
  /** The state after this entry is kept here for joiners; 0: none is. */
  snapshotIndex: number;
  /** Why the last snapshot could not be taken or fetched. */
  snapshotError: string | null;
  /** A snapshot on its way to this member, and the member it comes from. */
  joining: { provider: number; bytesDone: number; bytesTotal: number } | null;
  /** This member lacks entries that nobody keeps any more and cannot restore a snapshot: replace it. */
  stranded: boolean;
  /** Null with durability `memory`. */
  disk: NativeDisk | null;
}

export interface NativeDisk {
  /** The newest entry on this member's disk, decided or not. */
  persisted: number;
  /** Entries found in the directory at the start. */
  recovered: number;
  /** Synchronisations of the log, the bytes they wrote and the time they took. */
  syncs: number;
  bytes: number;
  syncNs: number;
  /** Why this member does not count at the moment; null while it does. */
  error: string | null;
}

export interface NativeHistogram {
  /** Observations, and their sum. */
  count: number;
  sum: number;
  /** Ascending, without empty ones: the largest value a bucket holds, which is at most 1/16 above its smallest. */
  buckets: [valueMax: number, count: number][];
}

export interface NativeMetrics {
  commitLatencyNs: NativeHistogram;
  batchEntries: NativeHistogram;
  batchBytes: NativeHistogram;
  elections: number;
  divergences: number;
  /** Ended by this member, by cause (consensus/native/transport/refusals.h). */
  refusedConnections: Record<string, number>;
  journalBytes: number;
}

declare const handleBrand: unique symbol;
export type NativeHandle = { [handleBrand]: never };

export interface NativeAddon {
  /** Throws an Error with cause and remedy. `payload` comes with 'entry' and 'restore' only; 0 stands for no index or proposal. */
  open(
    options: NativeOptions,
    onEvent: (event: NativeEvent, index: number, proposal: number, payload: Uint8Array | null) => void,
  ): NativeHandle;
  propose(handle: NativeHandle, proposal: number, bytes: Uint8Array): 'queued' | 'notLeading' | 'full';
  /** True: it was still queued, and its event will not come. */
  withdraw(handle: NativeHandle, proposal: number): boolean;
  saveSnapshot(handle: NativeHandle, bytes: Uint8Array | null): void;
  status(handle: NativeHandle): NativeStatus;
  metrics(handle: NativeHandle): NativeMetrics;
  removeMember(handle: NativeHandle, slot: number, number: number): void;
  transferLeadership(handle: NativeHandle, number: number): void;
  close(handle: NativeHandle): void;
  entryBytesMax: number;
  /** Of what waits for its decision. */
  proposalsMax: number;
  proposalBytesMax: number;
  snapshotBytesMax: number;
}

const binary = fileURLToPath(new URL('../../build/native/gaia.node', import.meta.url));
let loaded: NativeAddon | null = null;

/** The addon of this installation, loaded once. Throws NativeMissingError. */
export function native(): NativeAddon {
  if (loaded) return loaded;
  try {
    loaded = createRequire(import.meta.url)(binary) as NativeAddon;
  } catch (error) {
    throw new NativeMissingError(binary, error);
  }
  return loaded;
}
