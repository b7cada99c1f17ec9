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
    ...counts(fields, 'dirtyPages', 'unchangedPages', 'zeroPages', 'equalPages', 'sentPages'),
    ...counts(fields, 'wholePages', 'streamBytes', 'toBackupBytes', 'pauseUs'),
    number: integer(fields.number, 'number', 1),
    trigger: text(fields.trigger, 'trigger'),
    sleeps: flag(fields.sleeps, 'sleeps'),
  };
}

function readTakeover(fields: Record<string, unknown>): Takeover {
  return {
    ...counts(fields, 'suspectedMs', 'electedMs', 'primaryMs', 'outputMs'),
    epoch: integer(fields.epoch, 'epoch', 1),
  };
}

function readFrames(fields: Record<string, unknown>): FrameCounts {
  return counts(fields, 'inputs', 'outputs', 'lost', 'equalOutputs', 'mismatches', 'heldBytes', 'unheardMs');
}

function counts<Name extends string>(fields: Record<string, unknown>, ...names: Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, integer(fields[name], name)])) as Record<Name, number>;
}
