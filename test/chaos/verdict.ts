/** What a run has shown: one check after the other, each with what was found. */
import type { Value, Verdict } from './checker/index.js';

export interface Finding {
  check: string;
  ok: boolean;
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
    return { check, ok: calls > 0, said: calls > 0 ? `${calls} calls` : 'no call was made' };
  const { object } = verdict;
  if (verdict.verdict === 'unknown') return { check, ok: false, said: `${object}: not decided: ${verdict.reason}` };
  return { check, ok: false, said: `${object}: ${JSON.stringify(verdict.violation)}` };
}

export function none(check: string, found: readonly string[], all: string): Finding {
  return { check, ok: found.length === 0, said: found.length === 0 ? all : found.join('\n') };
}

export const isGood = (findings: readonly Finding[]): boolean => findings.every(({ ok }) => ok);
