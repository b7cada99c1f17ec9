/**
 * The pure core: which agent takes which replica. Groups are placed in the order given, each seeing what the ones
 * before it have left. The same request, agents and seed give the same plan, whatever the order of the agents.
 */
import { Arrangement, type Candidate, type Frame } from './arrangement.js';
import { type CountRule, compileConstraint, type EachRule } from './constraints.js';
import { domainKeys, fieldValue } from './domains.js';
import { type Attempt, considered, refusals } from './explain.js';
import { type Question, refusal, refuse } from './filters.js';
import { type Ledger, openLedgers, withdraw } from './ledger.js';
import { groupFault } from './request.js';
import { amounts, roomFor, specificPorts } from './resources.js';
import { choose } from './search.js';
import type { AgentSnapshot, Assigned, Constraint, GroupRequest, PlacementRequest, Plan, Refusal } from './types.js';
import { unplacedSentence } from './unplaced.js';

/**
 * Plans all groups of the request.
 * @param agents one entry per agent: offers of one agent are to be merged
 * @throws RangeError when an agent or a group id occurs twice; anything wrong with one group only leaves it unplaced
 */
export function place(request: PlacementRequest, agents: AgentSnapshot[]): Plan {
  const plan: Plan = { assigned: [], unplaced: [], considered: [] };
  const ledgers = openLedgers(agents);
  const ids = new Set<string>();
  const wanted = new Set(request.groups.flatMap((group) => specificPorts(group.demand)));
  for (const group of request.groups) {
    if (ids.has(group.id)) throw new RangeError(`group ${group.id} is twice in the request; merge its slots`);
    ids.add(group.id);
    if (group.slots.length > 0) placeGroup(plan, group, ledgers, request.seed, wanted);
  }
  return plan;
}

function placeGroup(plan: Plan, group: GroupRequest, ledgers: Ledger[], seed: number, wanted: Set<number>): void {
  const fault = groupFault(group);
  if (fault) {
    const all = ledgers.map((ledger) => refusal(ledger, 'request', fault));
    plan.unplaced.push({ group: group.id, slots: [...group.slots], sentence: fault, refusals: all });
    return;
  }
  const attempt = attemptGroup(group, ledgers, seed);
  const found = attempt.arrangement.taken.length;
  const keep = found === group.slots.length || !group.whole ? found : 0;
  const sentence = found < group.slots.length ? unplacedSentence(attempt) : '';
  if (keep > 0) plan.assigned.push(...assign(attempt, seed, wanted));
  if (keep === group.slots.length) plan.considered.push(...considered(attempt));
  if (keep < group.slots.length) {
    plan.unplaced.push({ group: group.id, slots: group.slots.slice(keep), sentence, refusals: refusals(attempt) });
  }
}

/** Finds agents without taking anything from them yet. Agents to avoid come in only when the others do not do. */
function attemptGroup(group: GroupRequest, ledgers: Ledger[], seed: number): Attempt {
  const question = ask(group, ledgers);
  const { frame } = question.arrangement;
  const refused = new Map<Ledger, Refusal>();
  const candidates: Candidate[] = [];
  for (const ledger of ledgers) {
    const reason = refuse(ledger, question);
    if (reason) refused.set(ledger, reason);
    else candidates.push(candidate(ledger, question));
  }
  sortBySeed(candidates, seed, group.id);
  const calm = candidates.filter(({ avoided }) => !avoided);
  const count = group.slots.length;
  let arrangement = new Arrangement(frame);
  let { gaveUp } = choose(arrangement, calm, count);
  if (arrangement.taken.length < count && calm.length < candidates.length) {
    const wider = new Arrangement(frame);
    const outcome = choose(wider, candidates, count);
    gaveUp = outcome.gaveUp;
    if (wider.taken.length > arrangement.taken.length) arrangement = wider;
  }
  return { question, ledgers, refused, candidates, arrangement: ordered(arrangement), gaveUp };
}

function ask(group: GroupRequest, ledgers: Ledger[]): Question {
  const size = group.living.length + group.slots.length;
  const asked = amounts(group.demand);
  const compile = (constraint: Constraint, known: () => ReadonlySet<string>) =>
    compileConstraint(constraint, size, known);
  const fixed = group.constraints.map((constraint) => compile(constraint, () => new Set()));
  const each = fixed.filter((rule): rule is EachRule => rule.kind === 'each');
  const isAble = ({ agent, left, ports }: Ledger) =>
    roomFor(left, ports, group.demand, asked) > 0 && each.every((rule) => rule.accepts(agent));
  const rules = group.constraints
    .map((constraint) => compile(constraint, () => knownValues(constraint.field, group, ledgers.filter(isAble))))
    .filter((rule): rule is CountRule => rule.kind === 'count');
  const frame: Frame = { rules, ladder: group.spread, living: group.living, size, asked };
  return { group, asked, each, arrangement: new Arrangement(frame) };
}

function knownValues(field: string, group: GroupRequest, able: Ledger[]): Set<string> {
  const values = [...group.living, ...able.map(({ agent }) => agent)].map((at) => fieldValue(at, field));
  return new Set(values.filter((value) => value !== null));
}

function candidate(ledger: Ledger, { group, asked, arrangement }: Question): Candidate {
  const { agent, name, total } = ledger;
  const most = group.distinctAgents ? 1 : group.slots.length;
  return {
    agent,
    name,
    left: { ...ledger.left },
    total,
    room: Math.min(most, roomFor(ledger.left, ledger.ports, group.demand, asked)),
    values: arrangement.frame.rules.map((rule) => fieldValue(agent, rule.constraint.field) as string),
    domains: domainKeys(agent, group.spread),
    avoided: Object.hasOwn(group.avoid, agent.id),
  };
}

/** The same agents, taken in the order of their scores. Any order is allowed when one is. */
function ordered(chosen: Arrangement): Arrangement {
  const inOrder = new Arrangement(chosen.frame);
  const rest = [...chosen.taken];
  while (rest.length > 0) {
    const scores = rest.map((item) => inOrder.score(item));
    const at = scores.indexOf(Math.max(...scores));
    for (const item of rest.splice(at, 1)) inOrder.take(item);
  }
  return inOrder;
}

function assign(attempt: Attempt, seed: number, wanted: Set<number>): Assigned[] {
  const { question, ledgers, arrangement } = attempt;
  const { group } = question;
  const scored = new Arrangement(arrangement.frame);
  const rows = arrangement.taken.map((item, i) => {
    const { score, parts } = scored.scoreParts(item);
    scored.take(item);
    return { slot: group.slots[i] as number, agentId: item.agent.id, score, scoreParts: parts };
  });
  const byId = new Map(ledgers.map((ledger) => [ledger.agent.id, ledger]));
  return rows.map((row) => {
    const ledger = byId.get(row.agentId) as Ledger;
    const start = hash(`${seed}/${group.id}/${row.slot}/${row.agentId}`);
    return { group: group.id, ...row, ports: withdraw(ledger, group.demand, start, wanted) };
  });
}

function sortBySeed(candidates: Candidate[], seed: number, group: string): void {
  const ranked = candidates.map((item) => ({ item, rank: hash(`${seed}/${group}/${item.agent.id}`) }));
  ranked.sort((a, b) => a.rank - b.rank || (a.item.agent.id < b.item.agent.id ? -1 : 1));
  for (const [i, { item }] of ranked.entries()) candidates[i] = item;
}

/** FNV-1a with a final mix, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x45d9f3b);
  return (h ^ (h >>> 15)) >>> 0;
}
