import { useEffect, useMemo, useState } from 'preact/hooks';
import { type Finding, found, problemsIn, readDraft } from '../../model/draft.js';
import type { Schema } from '../../model/schema-check.js';
import { ApiFailure, askJson } from '../session.js';

export interface PlanJson {
  exists: boolean;
  plan: {
    assigned: { slot: number; hostname: string; ports: number[]; score: number }[];
    unplaced: { slots: number[]; sentence: string; refusals: { sentence: string }[] }[];
  };
}

export interface Verdict {
  /** `asking`: the API has not judged this text yet. */
  state: 'notJson' | 'asking' | 'refused' | 'acceptable' | 'unknown';
  findings: Finding[];
  /** Of this text; null: there is none. */
  plan: PlanJson | null;
  /** Why the API could not be asked. */
  failure: Error | null;
}

const REST_MS = 400;

type Answer = Verdict & { text: string };

export function useVerdict(text: string, schema: Schema | null): Verdict {
  const draft = useMemo(() => readDraft(text, schema), [text, schema]);
  const [answer, setAnswer] = useState<Answer | null>(null);
  useEffect(() => {
    if (draft.state === 'notJson') return;
    const stopping = new AbortController();
    const timer = setTimeout(() => {
      judge(text, stopping.signal).then(setAnswer, () => {});
    }, REST_MS);
    return () => {
      clearTimeout(timer);
      stopping.abort();
    };
  }, [text, draft.state]);
  if (draft.state === 'notJson') return { state: 'notJson', findings: draft.findings, plan: null, failure: null };
  if (answer?.text === text) return answer;
  return { state: 'asking', findings: draft.findings, plan: null, failure: null };
}

/** Rejects when it was told to stop. */
async function judge(text: string, signal: AbortSignal): Promise<Answer> {
  const none = { text, findings: [], plan: null, failure: null };
  try {
    const plan = await askJson<PlanJson>('/v2/plan?strict=true', { method: 'POST', body: text, signal });
    return { ...none, state: 'acceptable', plan };
  } catch (error) {
    if (signal.aborted) throw error;
    if (!(error instanceof ApiFailure) || error.status === 0)
      return { ...none, state: 'unknown', failure: error as Error };
    const findings = found(text, problemsIn(error.details));
    return { ...none, state: 'refused', findings, failure: findings.length === 0 ? error : null };
  }
}
