/** What a run has shown: one check after the other, each with what was found. */
import type { Value, Verdict } from './checker/index.js';

/** `inconclusive`: something took longer than it may, on a machine that had no processor for it. */
export type Outcome = 'kept' | 'broken' | 'inconclusive';

export interface Finding {
  check: string;
  outcome: Outcome;
  /** What was found, in a sentence; when it is not well, what exactly. */
  said: string;
}

export interface Judged {
  group: string;
  type: string;
  calls: number;
  verdict: Verdict<any, Value>;
}

export function linearizability({ group, type, calls, verdict }: Judged): Finding {
  const check = `${group}: every ${type} is linearizable`;
  if (verdict.verdict === 'linearizable')
    return { check, outcome: calls > 0 ? 'kept' : 'broken', said: calls > 0 ? `${calls} calls` : 'no call was made' };
  const { object } = verdict;
  if (verdict.verdict === 'unknown')
    return { check, outcome: 'broken', said: `${object}: not decided: ${verdict.reason}` };
  return { check, outcome: 'broken', said: `${object}: ${JSON.stringify(verdict.violation)}` };
}

export function none(check: string, found: readonly string[], all: string): Finding {
  return { check, outcome: found.length === 0 ? 'kept' : 'broken', said: found.length === 0 ? all : found.join('\n') };
}

/**
 * Of something that did not come to pass in its time.
 *
 * @param starved why the machine was too slow to judge that; null: it was not
 */
export function late(check: string, said: string, starved: string | null): Finding {
  if (starved === null) return { check, outcome: 'broken', said };
  return { check, outcome: 'inconclusive', said: `${said}\n${starved}` };
}

/** One that is broken is broken, whatever else is not known. */
export function outcomeOf(findings: readonly Finding[]): Outcome {
  const has = (sought: Outcome) => findings.some(({ outcome }) => outcome === sought);
  if (has('broken')) return 'broken';
  return has('inconclusive') ? 'inconclusive' : 'kept';
}
