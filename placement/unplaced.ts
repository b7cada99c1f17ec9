/** One sentence on why a group is not placed: the narrowest reason, and what would make it fit. */
import { Arrangement } from './arrangement.js';
import type { Attempt } from './attempt.js';
import type { CountRule } from './constraints.js';
import type { Located } from './domains.js';
import type { Ledger } from './ledger.js';
import { type Dimension, dimensions, plain, quantity } from './resources.js';
import type { Refusal } from './types.js';

export function unplacedSentence(attempt: Attempt): string {
  const { question, ledgers, candidates, arrangement, gaveUp } = attempt;
  const { group } = question;
  const found = arrangement.taken.length;
  const start = !group.whole && found > 0 ? `${found} of ${group.slots.length} replicas placed; ` : '';
  if (ledgers.length === 0) return 'no agent offers anything; start agents, or wait for their offers';
  if (candidates.length === 0) return noAgent(attempt);
  const why = roomSentence(attempt) ?? ruleSentence(attempt);
  if (why) return start + why;
  if (gaveUp)
    return `${start}the search stopped at its limit with ${found} of ${group.slots.length}; ${remedy(attempt)}`;
  const titles = arrangement.frame.rules.map(({ title }) => title).join(' and ');
  return `${start}${titles} together leave room for ${found} of ${group.slots.length} replicas; ${remedy(attempt)}`;
}

function remedy({ question, arrangement }: Attempt): string {
  if (arrangement.frame.rules.some(({ bySize }) => bySize)) return 'relax a constraint or add agents';
  return `relax a constraint, add agents or lower instances to ${question.group.living.length + arrangement.taken.length}`;
}

/** Not a single replica fits anywhere. */
function noAgent(attempt: Attempt): string {
  const { ledgers, refused, question } = attempt;
  const all = [...refused.values()];
  const tooBig = dimensions.find((d) => ledgers.every(({ total }) => total[d] < question.asked[d]));
  if (tooBig) return neverFits(tooBig, question.asked[tooBig], ledgers);
  const [rule, alike] = largestRule(all);
  const dimension = dimensions.find((d) => d === rule);
  if (alike.length < all.length) return `none of ${all.length} agents does: ${tallyText(all)}; ${cure(rule, alike)}`;
  if (dimension)
    return `no agent has ${quantity(dimension, question.asked[dimension])} free: ${nearest(alike)}; ${cure(rule, alike)}`;
  return `no agent does: ${(alike[0] as Refusal).sentence}${alike.length > 1 ? ', and alike on the others' : ''}; ${cure(rule, alike)}`;
}

function neverFits(dimension: Dimension, asked: number, ledgers: readonly Ledger[]): string {
  const largest = ledgers.reduce((a, b) => (b.total[dimension] > a.total[dimension] ? b : a));
  const has = plain(largest.total[dimension]);
  return (
    `no agent offers ${quantity(dimension, asked)}; the largest, ${largest.name}, has ${has}; ` +
    `lower ${dimension} to ${has} or add a larger agent`
  );
}

function largestRule(all: Refusal[]): [string, Refusal[]] {
  const rules = groupByRule(all);
  return [...rules].reduce((a, b) => (b[1].length > a[1].length ? b : a));
}

function groupByRule(all: Refusal[]): Map<string, Refusal[]> {
  const rules = new Map<string, Refusal[]>();
  for (const item of all) {
    const alike = rules.get(item.rule);
    if (alike) alike.push(item);
    else rules.set(item.rule, [item]);
  }
  return rules;
}

/** '3 lack cpus (agent-3 comes nearest: asked 0.5, free 0.2, missing 0.3), 2 by constraint (...)' */
function tallyText(all: Refusal[]): string {
  const parts = [...groupByRule(all)].map(([rule, alike]) => {
    if ((alike[0] as Refusal).missing !== null) return `${alike.length} lack ${rule} (${nearest(alike)})`;
    return `${alike.length} by ${rule} (${(alike[0] as Refusal).sentence}${alike.length > 1 ? ', ...' : ''})`;
  });
  return parts.join(', ');
}

function nearest(alike: Refusal[]): string {
  const least = leastMissing(alike);
  return `${nameOf(least)} comes nearest, asked ${least.asked}, free ${least.free}, missing ${least.missing}`;
}

function leastMissing(alike: Refusal[]): Refusal {
  return alike.reduce((a, b) => ((b.missing ?? 0) < (a.missing ?? 0) ? b : a));
}

/** The sentence starts with the agent's name. */
function nameOf({ sentence }: Refusal): string {
  return sentence.slice(0, sentence.indexOf(': '));
}

function cure(rule: string, alike: Refusal[]): string {
  const least = leastMissing(alike);
  if (rule === 'distinctAgents') return 'add an agent';
  if (rule === 'closed') return 'wait until one is open again, or add an agent';
  if (rule === 'kept') return 'wait for the agent that has it, or give it up';
  if (rule === 'spread') return 'add an agent in another domain, set a higher maxPerDomain, or do not require it';
  if (rule === 'affinity') return 'add an agent that satisfies the affinity, or do not require it';
  if (rule === 'constraint') return 'add an agent that satisfies the constraint, or change the constraint';
  return `free ${least.missing} ${rule} on ${nameOf(least)}, ask for less, or add an agent`;
}

/** Too few agents, whatever the constraints that count. Null when there is room enough. */
function roomSentence({ question, refused, candidates }: Attempt): string | null {
  const { group } = question;
  const count = group.slots.length;
  const room = candidates.reduce((sum, candidate) => sum + candidate.room, 0);
  if (room >= count) return null;
  const others = refused.size === 0 ? '' : ` (of the others, ${tallyText([...refused.values()])})`;
  const instances = group.living.length + room;
  const lower = instances > 0 ? ` or lower instances to ${instances}` : '';
  if (!group.distinctAgents)
    return `the agents have room for ${room} of ${count} replicas${others}; add agents${lower}`;
  const more = group.living.length > 0 ? ' more' : '';
  const beside = group.living.length > 0 ? ` beside the ${group.living.length} in use` : '';
  return (
    `${plural(count, `${more.trim()} replica`.trim())} ${count === 1 ? 'needs' : 'need'} ${plural(count, 'different agent')}${beside}, ` +
    `${plural(room, 'agent')} ${room === 1 ? 'offers' : 'offer'}${others}; add ${plural(count - room, 'agent')}${lower}`
  );
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** One rule that counts leaves too little room by itself. Null when none does. */
function ruleSentence({ question, candidates, arrangement }: Attempt): string | null {
  const { group } = question;
  const start = new Arrangement(arrangement.frame);
  for (const [index, rule] of arrangement.frame.rules.entries()) {
    const room = start.boundByRule(index, candidates);
    if (room >= group.slots.length) continue;
    const { title, field, cure } = rule;
    const values = shownValues(
      rule,
      candidates.map(({ agent }) => agent),
    );
    const full = shownValues(
      rule,
      group.living.filter((at) => start.roomOf(index, rule.valueAt(at) ?? '') < 1),
    );
    const instances = group.living.length + room;
    const lower = rule.bySize || instances === 0 ? '' : `, or lower instances to ${instances}`;
    return (
      `${title} leaves room for ${room} of ${group.slots.length} replicas: the agents that ` +
      `could take one have ${field} ${values}${full && `, and ${field} ${full} is full`}; add agents with another ${field}, ` +
      `${cure}${lower}`
    );
  }
  return null;
}

/** 'r1, r2', at most five. */
function shownValues(rule: CountRule, at: readonly Located[]): string {
  const values = [...new Set(at.map((one) => rule.shown(one)))].filter((value) => value !== null).sort();
  return values.slice(0, 5).join(', ') + (values.length > 5 ? ', ...' : '');
}
