/** What `gaia-vm` says on its control channel of guest and relay (consensus/native/vm/README.md). Pure. */
import type { FrameCounts, RoundReport, Takeover } from '../assignment.js';
import { flag, integer, line, object, oneOf, text } from '../fields.js';

export const roundWishes = ['mismatch', 'full', 'idle', 'waiting', 'disk'] as const;

export interface GuestStatus {
  epoch: number;
  /** Member numbers; 0: none. */
  primary: number;
  backup: number;
  /** A QEMU is connected. */
  connected: boolean;
  /** The round that inputs wait for; 0: none. */
  cut: number;
  /** The guest has taken all inputs before the cut; of the primary: both guests have. */
  drained: boolean;
  /** The last that counts. */
  round: number;
  /** `idle`: output waits, and the guest has nothing to do; `waiting`: it has waited for long; `disk`: it has written much. */
  roundWanted: (typeof roundWishes)[number] | null;
}

export interface RelayStatus {
  end: 'primary' | 'backup' | null;
  /** Where a backup's end is to be dialed; else 0. */
  port: number;
  /** Why there is no end any more. */
  why: string;
}

export type PlaneLine =
  | { type: 'guest'; guest: GuestStatus }
  | { type: 'relay'; relay: RelayStatus }
  | { type: 'round'; round: RoundReport }
  | { type: 'refused'; order: string; message: string }
  | { type: 'frames'; frames: FrameCounts }
  | { type: 'takeover'; takeover: Takeover }
  /** It ends, and says why. */
  | { type: 'fatal'; message: string };

/** null: a line of another kind. Throws an error that names the field when it is none of these. */
export function parsePlaneLine(received: string): PlaneLine | null {
  const fields = object(JSON.parse(received), 'the message');
  const type = text(fields.type, 'type');
  if (type === 'guest') return { type, guest: readGuest(fields) };
  if (type === 'relay') return { type, relay: readRelay(fields) };
  if (type === 'round') return { type, round: readRound(fields) };
  if (type === 'frames') return { type, frames: readFrames(fields) };
  if (type === 'takeover') return { type, takeover: readTakeover(fields) };
  if (type === 'fatal') return { type, message: text(fields.message, 'message') };
  if (type !== 'refused') return null;
  return { type, order: line(fields.order, 'order'), message: text(fields.message, 'message') };
}

function readGuest(fields: Record<string, unknown>): GuestStatus {
  return {
    epoch: integer(fields.epoch, 'epoch'),
    primary: integer(fields.primary, 'primary'),
    backup: integer(fields.backup, 'backup'),
    connected: flag(fields.connected, 'connected'),
    cut: integer(fields.cut, 'cut'),
    drained: flag(fields.drained, 'drained'),
    round: integer(fields.round, 'round'),
    roundWanted: fields.roundWanted === null ? null : oneOf(fields.roundWanted, 'roundWanted', roundWishes),
  };
}

function readRelay(fields: Record<string, unknown>): RelayStatus {
  return {
    end: fields.end === null ? null : oneOf(fields.end, 'end', ['primary', 'backup'] as const),
    port: fields.port === undefined ? 0 : integer(fields.port, 'port', 1, 65535),
    why: fields.why === undefined ? '' : text(fields.why, 'why'),
  };
}

function readRound(fields: Record<string, unknown>): RoundReport {
  return {
    number: integer(fields.number, 'number', 1),
    trigger: text(fields.trigger, 'trigger'),
    dirtyPages: integer(fields.dirtyPages, 'dirtyPages'),
    unchangedPages: integer(fields.unchangedPages, 'unchangedPages'),
    zeroPages: integer(fields.zeroPages, 'zeroPages'),
    equalPages: integer(fields.equalPages, 'equalPages'),
    sentPages: integer(fields.sentPages, 'sentPages'),
    streamBytes: integer(fields.streamBytes, 'streamBytes'),
    toBackupBytes: integer(fields.toBackupBytes, 'toBackupBytes'),
    pauseUs: integer(fields.pauseUs, 'pauseUs'),
    sleeps: flag(fields.sleeps, 'sleeps'),
  };
}

function readTakeover(fields: Record<string, unknown>): Takeover {
  return {
    epoch: integer(fields.epoch, 'epoch', 1),
    suspectedMs: integer(fields.suspectedMs, 'suspectedMs'),
    electedMs: integer(fields.electedMs, 'electedMs'),
    primaryMs: integer(fields.primaryMs, 'primaryMs'),
    outputMs: integer(fields.outputMs, 'outputMs'),
  };
}

function readFrames(fields: Record<string, unknown>): FrameCounts {
  return {
    inputs: integer(fields.inputs, 'inputs'),
    outputs: integer(fields.outputs, 'outputs'),
    lost: integer(fields.lost, 'lost'),
    equalOutputs: integer(fields.equalOutputs, 'equalOutputs'),
    mismatches: integer(fields.mismatches, 'mismatches'),
    heldBytes: integer(fields.heldBytes, 'heldBytes'),
    unheardMs: integer(fields.unheardMs, 'unheardMs'),
  };
}
