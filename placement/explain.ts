/** Why an agent was not taken, agent by agent. */
import { Arrangement, type Candidate } from './arrangement.js';
import type { Attempt } from './attempt.js';
import { avoidance } from './avoidance.js';
import { countRules, refusal, refuse } from './filters.js';
import type { Ledger } from './ledger.js';
import type { Plan, Refusal, ScorePart } from './types.js';

/** A sentence for every agent that a placed group did not take, and for those it took although they are to be avoided. */
export function considered({
  question,
  ledgers,
  refused,
  candidates,
  arrangement,
  onCopyset,
}: Attempt): Plan['considered'] {
  const { group } = question;
  const beforeLast = new Arrangement(arrangement.frame);
  for (const item of arrangement.taken.slice(0, -1)) beforeLast.take(item);
  const last = arrangement.taken.at(-1) as Candidate;
  const standard = { name: last.name, ...beforeLast.scoreParts(last) };
  const byId = new Map(candidates.map((item) => [item.agent.id, item]));
  return ledgers.flatMap((ledger) => {
    const item = byId.get(ledger.agent.id);
    const taken = item !== undefined && arrangement.usesOf(item) > 0;
    if (taken && !item.avoided) return [];
    const reason =
      refused.get(ledger)?.sentence ??
      (taken ? '' : countRules(ledger, { arrangement: beforeLast })?.sentence) ??
      (onCopyset ? `${ledger.name}: not of the copyset that was taken` : null) ??
      `${ledger.name}: ${comparison(beforeLast.scoreParts(item as Candidate), standard)}`;
    const why = item?.avoided ? avoidance(group, ledger.agent) : null;
    const sentence = why === null ? reason : avoidedSentence(ledger, why, taken);
    return [{ group: group.id, agentId: ledger.agent.id, hostname: ledger.agent.hostname, sentence }];
  });
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
