import type { CheckStatusInfo } from '../mesos-http-client/index.js';
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

/** As Mesos tells it in updates: without a value where there is no answer. */
export function checkStatusOf(outcome: ProbeOutcome): CheckStatusInfo {
  switch (outcome.type) {
    case 'answered':
      return { type: 'HTTP', http: { status_code: outcome.status } };
    case 'connected':
      return { type: 'TCP', tcp: { succeeded: true } };
    case 'exited':
      return { type: 'COMMAND', command: { exit_code: outcome.code } };
    case 'failed':
      return noAnswer[outcome.of];
  }
}

const noAnswer: Record<Extract<ProbeOutcome, { type: 'failed' }>['of'], CheckStatusInfo> = {
  http: { type: 'HTTP', http: {} },
  tcp: { type: 'TCP', tcp: { succeeded: false } },
  command: { type: 'COMMAND', command: {} },
};
