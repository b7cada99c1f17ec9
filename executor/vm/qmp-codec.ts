/** The lines of QEMU's machine protocol (QMP): one JSON object each. Pure. */
import { type Fields, integer, object, text } from '../fields.js';
import type { QmpEvent, QmpVersion } from './qmp-types.js';

export type QmpMessage =
  | { type: 'greeting'; version: QmpVersion }
  | { type: 'answer'; id: number; value: unknown }
  | { type: 'refusal'; id: number | null; class: string; description: string }
  | { type: 'event'; event: QmpEvent };

/** Throws an error that names the field when the line is not one of the four. */
export function parseQmpLine(received: string): QmpMessage {
  const fields = object(JSON.parse(received), 'the message');
  if (fields.QMP !== undefined) return { type: 'greeting', version: readVersion(object(fields.QMP, 'QMP')) };
  if (fields.event !== undefined) {
    const name = text(fields.event, 'event');
    return { type: 'event', event: { event: name, data: fields.data ?? {} } as QmpEvent };
  }
  if (fields.error !== undefined) return readRefusal(fields);
  return { type: 'answer', id: integer(fields.id, 'id'), value: fields.return };
}

/** Of a line that QEMU could not parse it does not know the id. */
function readRefusal(fields: Fields): QmpMessage {
  const error = object(fields.error, 'error');
  return {
    type: 'refusal',
    id: fields.id === undefined ? null : integer(fields.id, 'id'),
    class: text(error.class, 'error.class'),
    description: text(error.desc, 'error.desc'),
  };
}

function readVersion(greeting: Fields): QmpVersion {
  const version = object(greeting.version, 'QMP.version');
  const qemu = object(version.qemu, 'QMP.version.qemu');
  const numbers = ['major', 'minor', 'micro'].map((name) => integer(qemu[name], `QMP.version.qemu.${name}`));
  return { version: numbers.join('.'), package: text(version.package, 'QMP.version.package') };
}
