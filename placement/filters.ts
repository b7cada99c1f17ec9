/**
 * Whether one agent could take one replica: null, or the first reason why not, with numbers. In Marathon's order:
 * rules first, then resources.
 */
import type { Arrangement } from './arrangement.js';
import { closure } from './avoidance.js';
import type { EachRule } from './constraints.js';
import { valueText } from './domains.js';
import type { Ledger } from './ledger.js';
import { namedShortfalls } from './named.js';
import { type Amounts, dimensions, hasPort, plain, portCount, portsText, specificPorts } from './resources.js';
import type { GroupRequest, Refusal } from './types.js';

/** What is asked of every agent. */
export interface Question {
  group: GroupRequest;
  asked: Amounts;
  each: EachRule[];
  /** The living replicas, and those chosen so far. */
  arrangement: Arrangement;
}

export type Filter = (ledger: Ledger, question: Question) => Refusal | null;

const filters: Filter[] = [closed, distinctAgents, eachRules, countRules, scalars, named, ports];

export function refuse(ledger: Ledger, question: Question): Refusal | null {
  for (const filter of filters) {
    const refusal = filter(ledger, question);
    if (refusal) return refusal;
  }
  return null;
}

/** A refusal that counts nothing. */
export function refusal(ledger: Ledger, rule: string, reason: string): Refusal {
  const { id, hostname } = ledger.agent;
  return { agentId: id, hostname, rule, asked: null, free: null, missing: null, sentence: `${ledger.name}: ${reason}` };
}

function counted(ledger: Ledger, rule: string, asked: number, free: number, reason: string): Refusal {
  return { ...refusal(ledger, rule, reason), asked: plain(asked), free: plain(free), missing: plain(asked - free) };
}

function closed(ledger: Ledger, { group }: Question): Refusal | null {
  const reason = closure(group, ledger.agent.id);
  return reason === null ? null : refusal(ledger, 'closed', reason);
}

function distinctAgents(ledger: Ledger, { group, arrangement }: Question): Refusal | null {
  if (!group.distinctAgents) return null;
  const there = group.living.find((replica) => replica.agentId === ledger.agent.id);
  const because = 'and two replicas of an app never share an agent';
  if (there) return refusal(ledger, 'distinctAgents', `replica ${there.slot} of ${group.id} is there, ${because}`);
  if (arrangement.taken.some((candidate) => candidate.agent.id === ledger.agent.id))
    return refusal(ledger, 'distinctAgents', `it takes another replica of ${group.id}, ${because}`);
  return null;
}

function eachRules(ledger: Ledger, { each }: Question): Refusal | null {
  const failed = each.find((rule) => !rule.accepts(ledger.agent));
  return failed ? refusal(ledger, failed.refusal, `${failed.title}: ${failed.why(ledger.agent)}`) : null;
}

/** Also says when an agent that could take a replica alone may not beside those chosen so far. */
export function countRules(ledger: Ledger, { arrangement }: Pick<Question, 'arrangement'>): Refusal | null {
  const { rules, size } = arrangement.frame;
  if (rules.length === 0) return null;
  const values = rules.map((rule) => rule.valueAt(ledger.agent));
  const index = arrangement.refusingRule(values);
  const rule = rules[index];
  if (!rule) return null;
  const value = values[index] ?? null;
  const place = valueText(rule.field, rule.shown(ledger.agent));
  const count =
    value === null ? '' : `, replicas of ${size} there: ${arrangement.countOf(index, value)}; one more is against it`;
  return refusal(ledger, rule.refusal, `${rule.title}: ${place}${count}`);
}

/** One refusal for all scalars that fall short; its numbers are those of the first. */
function scalars(ledger: Ledger, { asked }: Question): Refusal | null {
  const short = dimensions.filter((dimension) => asked[dimension] > ledger.left[dimension]);
  const first = short[0];
  if (first === undefined) return null;
  const parts = short.map((d) => shortfall(d, asked[d], ledger.left[d]));
  return counted(ledger, first, asked[first], ledger.left[first], parts.join('; '));
}

function shortfall(name: string, asked: number, free: number): string {
  return `${name} asked ${plain(asked)}, free ${plain(free)}, missing ${plain(asked - free)}`;
}

/** One refusal for all that fall short; its numbers are those of the first. */
function named(ledger: Ledger, { group }: Question): Refusal | null {
  const short = namedShortfalls(ledger.named, group.demand);
  const [first] = short;
  if (!first) return null;
  const parts = short.map(({ name, asked, free }) => shortfall(name, asked * 1000, free * 1000));
  return counted(ledger, first.name, first.asked * 1000, first.free * 1000, parts.join('; '));
}

/** The numbers count ports, not port numbers. */
function ports(ledger: Ledger, { group }: Question): Refusal | null {
  const { demand } = group;
  if (demand.ports.length === 0) return null;
  const specific = specificPorts(demand);
  const busy = specific.filter((port) => !hasPort(ledger.ports, port));
  if (busy.length > 0) {
    const reason = `ports asked ${specific.join(', ')}, not free ${busy.join(', ')}; free are ${portsText(ledger.ports)}`;
    return counted(ledger, 'ports', specific.length * 1000, (specific.length - busy.length) * 1000, reason);
  }
  const [asked, free] = [demand.ports.length * 1000, portCount(ledger.ports) * 1000];
  return asked > free ? counted(ledger, 'ports', asked, free, shortfall('ports', asked, free)) : null;
}
