/** Reads the checks of an assignment. */
import type { CheckAssignment, HealthAssignment } from './assignment.js';
import { type Fields, flag, integer, line, object, oneOf, text } from './fields.js';

const dayMs = 24 * 3600 * 1000;

export function decodeCheck(fields: Fields, name: string): CheckAssignment {
  return {
    probe: decodeProbe(object(fields.probe, `${name}.probe`), `${name}.probe`),
    delayMs: integer(fields.delayMs, `${name}.delayMs`),
    intervalMs: integer(fields.intervalMs, `${name}.intervalMs`, 1),
    timeoutMs: integer(fields.timeoutMs, `${name}.timeoutMs`, 1, dayMs),
  };
}

export function decodeHealth(fields: Fields, name: string): HealthAssignment {
  return {
    ...decodeCheck(fields, name),
    gracePeriodMs: integer(fields.gracePeriodMs, `${name}.gracePeriodMs`),
    failuresToldMax: integer(fields.failuresToldMax, `${name}.failuresToldMax`, 1),
  };
}

function decodeProbe(fields: Fields, name: string): CheckAssignment['probe'] {
  const type = oneOf(fields.type, `${name}.type`, ['http', 'tcp', 'command']);
  if (type === 'command') return { type, shell: text(fields.shell, `${name}.shell`) };
  const port = integer(fields.port, `${name}.port`, 1, 65535);
  if (type === 'tcp') return { type, port };
  return { type, port, secure: flag(fields.secure, `${name}.secure`), path: line(fields.path, `${name}.path`) };
}
