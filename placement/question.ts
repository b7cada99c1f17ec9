/** What a group's request asks of every agent: its rules and wishes, compiled. */
import { affinityRules } from './affinity.js';
import { Arrangement, type Frame } from './arrangement.js';
import { closure } from './avoidance.js';
import { compileConstraint, constraintText, type EachRule, type Rule } from './constraints.js';
import { fieldValue } from './domains.js';
import type { Question } from './filters.js';
import type { Inventory } from './inventory.js';
import { keptRules } from './kept.js';
import { ladderOf, rungRules } from './ladder.js';
import { type Ledger, roomFor } from './ledger.js';
import { type Amounts, amounts } from './resources.js';
import type { Measure } from './scores.js';
import type { Constraint, GroupRequest } from './types.js';
import { type Wish, wishFor } from './wishes.js';

export function ask(
  group: GroupRequest,
  { ledgers, largest }: Inventory,
  measure: Measure,
  recurring: readonly Amounts[],
): Question {
  const { living, spread } = group;
  const size = Math.max(group.size ?? 0, living.length + group.slots.length);
  const asked = amounts(group.demand);
  const ladder = ladderOf(spread);
  const agents = () => ledgers.map(({ agent }) => agent);
  const affinities = affinityRules(group, ladder, agents);
  const required = affinities.filter((one) => one.required).map(({ rule }) => rule);
  const each = [...keptRules(group, agents), ...eachRules(group.constraints, size), ...required];
  const isAble = (ledger: Ledger) =>
    closure(group, ledger.agent.id) === null &&
    roomFor(ledger, group.demand, asked) > 0 &&
    each.every((rule) => rule.accepts(ledger.agent));
  const compile = (constraint: Constraint) =>
    compileConstraint(constraint, size, () => knownValues(constraint.field, group, ledgers.filter(isAble)));
  const counting = group.constraints.map(compile).filter((rule) => rule.kind === 'count');
  const rules = [...counting, ...rungRules(spread, size)];
  const wishes = [...softAffinities(affinities), ...preferenceWishes(group, compile)];
  const frame: Frame = { rules, wishes, ladder, living, size, asked, largest, recurring, measure };
  return { group, asked, each, arrangement: new Arrangement(frame) };
}

/** Which constraints judge one agent does not depend on what is known of the others. */
function eachRules(constraints: readonly Constraint[], size: number): EachRule[] {
  const rules = constraints.map((constraint) => compileConstraint(constraint, size, () => new Set()));
  return rules.filter((rule) => rule.kind === 'each');
}

function softAffinities(affinities: ReturnType<typeof affinityRules>): Wish[] {
  return affinities.filter(({ required }) => !required).map(({ rule }) => wishFor(rule, rule.title));
}

function preferenceWishes({ preferences = [] }: GroupRequest, compile: (constraint: Constraint) => Rule): Wish[] {
  return preferences.map((one) => wishFor(compile(one), `preference ${constraintText(one)}`));
}

function knownValues(field: string, group: GroupRequest, able: Ledger[]): Set<string> {
  const values = [...group.living, ...able.map(({ agent }) => agent)].map((at) => fieldValue(at, field));
  return new Set(values.filter((value) => value !== null));
}
