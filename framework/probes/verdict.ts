import type { ProbeOutcome } from './types.js';

/** Why what a probe has found is no success, as half a sentence; null: it is one. HTTP passes with 200 to 399. */
export function failureOf(outcome: ProbeOutcome): string | null {
  switch (outcome.type) {
    case 'failed':
      return outcome.cause;
    case 'connected':
      return null;
    case 'exited':
      return outcome.code === 0 ? null : `the command exited with status ${outcome.code}`;
    case 'answered':
      return outcome.status >= 200 && outcome.status < 400 ? null : `HTTP status ${outcome.status}`;
  }
}
