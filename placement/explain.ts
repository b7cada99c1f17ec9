/** Why an agent was not taken, agent by agent. */
import { Arrangement, type Candidate } from './arrangement.js';
import type { Attempt } from './attempt.js';
import { avoidance } from './avoidance.js';
import { countRules, refusal, refuse } from './filters.js';
import type { Ledger } from './ledger.js';
import type { Plan, Refusal, ScorePart } from './types.js';

/**
 * A sentence for every agent that a placed group did not take, and for those it took although they are to be avoided or do
 * not fulfil a wish; of the first `max` of them.
 */
export function considered(attempt: Attempt, max: number): Plan['considered'] {
  const { question, ledgers, arrangement } = attempt;
  const trace = retraced(arrangement);
  const found: Plan['considered'] = [];
  for (const ledger of ledgers) {
    if (found.length >= max) break;
    const { id: agentId, hostname } = ledger.agent;
    const sentence = sentenceOf(attempt, ledger, trace);
    if (sentence !== null) found.push({ group: question.group.id, agentId, hostname, sentence });
  }
  return found;
}

function sentenceOf(attempt: Attempt, ledger: Ledger, trace: Trace): string | null {
  const { question, arrangement } = attempt;
  const refusal = refuse(ledger, question);
  if (refusal) return refusal.sentence;
  const item = attempt.candidateOf(ledger);
  const taken = arrangement.usesOf(item) > 0;
  const why = item.avoided ? avoidance(question.group, ledger.agent) : null;
  if (why !== null) return avoidedSentence(ledger, why, taken);
  return taken ? unmetSentence(ledger, trace.unmet.get(item)) : reasonNotTaken(attempt, ledger, item, trace);
}

interface Trace {
  /** The arrangement before its last replica. */
  beforeLast: Arrangement;
  /** What the others are measured by: the agent of that replica. */
  last: Scored & { name: string };
  /** Which wishes did not hold for the agents it took, when it took them. */
  unmet: Map<Candidate, string[]>;
}

function retraced({ frame, taken }: Arrangement): Trace {
  const beforeLast = new Arrangement(frame);
  const unmet = new Map<Candidate, string[]>();
  for (const [i, item] of taken.entries()) {
    unmet.set(item, [...new Set([...(unmet.get(item) ?? []), ...beforeLast.unmet(item)])]);
    if (i < taken.length - 1) beforeLast.take(item);
  }
  const last = taken.at(-1) as Candidate;
  return { beforeLast, last: { name: last.name, ...beforeLast.scoreParts(last) }, unmet };
}

function unmetSentence({ name }: Ledger, unmet: readonly string[] = []): string | null {
  return unmet.length > 0 ? `${name}: taken although this does not hold there: ${unmet.join(', ')}` : null;
}

/** It could take a replica if it were alone. */
function reasonNotTaken({ onCopyset }: Attempt, ledger: Ledger, item: Candidate, { beforeLast, last }: Trace): string {
  const refusal = countRules(ledger, { arrangement: beforeLast });
  if (refusal) return refusal.sentence;
  if (onCopyset) return `${ledger.name}: not of the copyset that was taken`;
  const unmet = beforeLast.unmet(item);
  const wishes = unmet.length > 0 ? `; does not hold there: ${unmet.join(', ')}` : '';
  return `${ledger.name}: ${comparison(beforeLast.scoreParts(item), last)}${wishes}`;
}

function avoidedSentence(ledger: Ledger, why: string, taken: boolean): string {
  return taken
    ? `${ledger.name}: taken although it is to be avoided (${why}): the others do not do`
    : `${ledger.name}: avoided (${why}) while others do`;
}

interface Scored {
  score: number;
  parts: ScorePart[];
}

/** 'score 0.412 against 0.624 of agent-2, which was taken: spread over zone 0.667 against 1' */
function comparison(other: Scored, taken: Scored & { name: string }): string {
  const text = `score ${short(other.score)} against ${short(taken.score)} of ${taken.name}, which was taken`;
  const index = taken.parts.findIndex((part, i) => part.value !== other.parts[i]?.value);
  const [mine, theirs] = [other.parts[index], taken.parts[index]];
  if (!mine || !theirs) return `${text}: equal, so the seed decided`;
  return `${text}: ${mine.name} ${short(mine.value)} against ${short(theirs.value)}`;
}

function short(value: number): number {
  return Number(value.toFixed(3));
}

/**
 * Why each agent does not take one (more) replica of a group that was not placed, or not in full. For a group that is
 * placed in part, call it once its replicas are withdrawn from the ledgers.
 */
export function refusals(attempt: Attempt): Refusal[] {
  return attempt.ledgers.map((ledger) =>
    attempt.question.group.whole ? wholeRefusal(attempt, ledger) : restRefusal(attempt, ledger),
  );
}

function restRefusal(attempt: Attempt, ledger: Ledger): Refusal {
  const { question, arrangement, gaveUp } = attempt;
  const why = gaveUp ? 'the search reached its limit' : 'no further replica goes with those that are placed';
  return refuse(ledger, { ...question, arrangement }) ?? refusal(ledger, 'group', `could take a replica, but ${why}`);
}

function wholeRefusal({ question, refused, arrangement }: Attempt, ledger: Ledger): Refusal {
  const alone = refused.get(ledger);
  if (alone) return alone;
  const [asked, free] = [question.group.slots.length, arrangement.taken.length];
  const taken = arrangement.taken.some((item) => item.agent.id === ledger.agent.id);
  const beside = taken ? null : countRules(ledger, { arrangement });
  if (beside) return { ...beside, sentence: `${beside.sentence} (counting ${free} that could be placed)` };
  const reason = `could take a replica, but only ${free} of ${asked} find an agent, and the group is placed whole or not at all`;
  return { ...refusal(ledger, 'group', reason), asked, free, missing: asked - free };
}
