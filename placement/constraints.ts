/**
 * Marathon's constraint operators. LIKE, UNLIKE, IS and CLUSTER with a value judge one agent by itself (`each`);
 * UNIQUE, MAX_PER, GROUP_BY and CLUSTER without a value count the replicas per value (`count`).
 * Source: Marathon's constraints page and mesosphere.mesos.Constraints; GROUP_BY as of Marathon 1.10.
 */
import { fieldValue, type Located, scalarText, valueText } from './domains.js';
import { compilePattern } from './pattern.js';
import type { Constraint } from './types.js';

/** Judges one agent by itself. */
export interface EachRule {
  kind: 'each';
  /** The name that refusals by it have. */
  refusal: 'constraint' | 'affinity' | 'kept';
  /** 'constraint [rack, LIKE, r1]' */
  title: string;
  accepts(at: Located): boolean;
  /** What an agent is like that it does not accept. */
  why(at: Located): string;
}

/** Counts the replicas of the app per value. */
export interface CountRule {
  kind: 'count';
  /** The name that refusals by it have. */
  refusal: 'constraint' | 'spread';
  /** 'constraint [rack, MAX_PER, 2]' */
  title: string;
  /** Of what it counts the values: 'rack'. */
  field: string;
  /** What its owner can change, as a part of a sentence. */
  cure: string;
  /** Null: an agent without it takes no replica. */
  valueAt(at: Located): string | null;
  /** The value for people. */
  shown(at: Located): string | null;
  /** How many more replicas `value` may take after `counts`. Never grows as replicas are added elsewhere. */
  room(value: string, counts: ReadonlyMap<string, number>): number;
  /** What it allows depends on how many replicas the app has: with fewer it may be less. */
  bySize: boolean;
  /** How many values may still hold replicas: all of them (Infinity), or a number that counts those in use. */
  valuesMax: number;
}

export type Rule = EachRule | CountRule;

/** '[rack, MAX_PER, 2]' */
export function constraintText(constraint: Constraint): string {
  return `[${[constraint.field, constraint.operator, constraint.value].filter(Boolean).join(', ')}]`;
}

/** What is wrong with a constraint and what to write instead, or null when it is in order. */
export function constraintFault(constraint: Constraint): string | null {
  if (constraint.field === '')
    return 'a constraint needs a field: hostname, @region, @zone or the name of an attribute';
  const fault = valueFault(constraint);
  return fault && `constraint ${constraintText(constraint)}: ${fault}`;
}

function valueFault({ operator, value }: Constraint): string | null {
  switch (operator) {
    case 'UNIQUE':
      return value ? 'UNIQUE takes no value; leave it out, or use MAX_PER with a number' : null;
    case 'CLUSTER':
      return null;
    case 'MAX_PER':
      return /^\d{1,9}$/.test(value ?? '') ? null : 'MAX_PER needs a whole number as text, for example "2"';
    case 'GROUP_BY':
      return !value || /^0*[1-9]\d{0,8}$/.test(value)
        ? null
        : 'GROUP_BY takes a whole number of at least 1 as text, or no value';
    case 'IS':
      return value !== null && /^[a-zA-Z0-9_/.-]*$/.test(value)
        ? null
        : 'IS needs a text or a number of letters, digits and _ / . -';
    case 'LIKE':
    case 'UNLIKE':
      return patternFault(value);
    default:
      return `operator "${operator as string}" is unknown; use UNIQUE, CLUSTER, GROUP_BY, LIKE, UNLIKE, MAX_PER or IS`;
  }
}

function patternFault(value: string | null): string | null {
  if (!value) return 'LIKE and UNLIKE need a regular expression that is not empty';
  try {
    compilePattern(value);
    return null;
  } catch (error) {
    return (error as SyntaxError).message;
  }
}

/**
 * Compiles a constraint that `constraintFault` finds in order.
 * @param size replicas of the app once all run
 * @param known the field's values on living replicas and on agents that could take one: what GROUP_BY without a value
 * takes for the number of groups (agents that are too small or full for the app do not hold it up)
 */
export function compileConstraint(constraint: Constraint, size: number, known: () => ReadonlySet<string>): Rule {
  const { operator, value } = constraint;
  const each = (accepts: EachRule['accepts']) => eachRule(constraint, accepts);
  const count = (room: CountRule['room'], valuesMax?: number) => countRule(constraint, room, valuesMax);
  switch (operator) {
    case 'LIKE':
    case 'UNLIKE':
      return each(likeRule(constraint));
    case 'IS':
      return each((at) => isExactly(at, constraint));
    case 'CLUSTER':
      if (value) return each((at) => fieldValue(at, constraint.field) === sameText(at, constraint));
      return count((v, counts) => (isOnlyValue(v, counts) ? Number.POSITIVE_INFINITY : 0), 1);
    case 'UNIQUE':
      return count((v, counts) => (counts.get(v) ? 0 : 1));
    case 'MAX_PER':
      return count((v, counts) => Math.max(0, Number(value) - (counts.get(v) ?? 0)));
    case 'GROUP_BY': {
      const groups = value ? Number(value) : Math.max(1, known().size);
      return count((v, counts) => groupByRoom(v, counts, Math.floor(size / groups), size % groups), groups);
    }
  }
}

function eachRule(constraint: Constraint, accepts: EachRule['accepts']): Rule {
  const { field } = constraint;
  const title = `constraint ${constraintText(constraint)}`;
  return { kind: 'each', refusal: 'constraint', title, accepts, why: (at) => valueText(field, fieldValue(at, field)) };
}

function countRule(constraint: Constraint, room: CountRule['room'], valuesMax = Number.POSITIVE_INFINITY): Rule {
  const { field } = constraint;
  const valueAt = (at: Located) => fieldValue(at, field);
  const title = `constraint ${constraintText(constraint)}`;
  const cure = 'change the constraint';
  const bySize = constraint.operator === 'GROUP_BY';
  return { kind: 'count', refusal: 'constraint', title, field, cure, valueAt, shown: valueAt, room, bySize, valuesMax };
}

/** How many more replicas may have `value` after `counts`. */
export function roomIn(rule: CountRule, value: string, counts: ReadonlyMap<string, number>): number {
  return counts.has(value) || counts.size < rule.valuesMax ? rule.room(value, counts) : 0;
}

/** CLUSTER without a value adopts the first replica's. */
function isOnlyValue(value: string, counts: ReadonlyMap<string, number>): boolean {
  return counts.size === 0 || (counts.size === 1 && counts.has(value));
}

/** Each group holds `base` replicas; `remainder` of them one more. */
function groupByRoom(value: string, counts: ReadonlyMap<string, number>, base: number, remainder: number): number {
  const has = counts.get(value) ?? 0;
  let above = 0;
  for (const n of counts.values()) if (n > base) above++;
  const extra = has <= base && above < remainder ? 1 : 0;
  return Math.max(0, base - has) + extra;
}

function likeRule(constraint: Constraint): (at: Located) => boolean {
  const matches = compilePattern(constraint.value ?? '');
  return (at) => {
    const value = fieldValue(at, constraint.field);
    if (value === null) return constraint.operator === 'UNLIKE';
    return matches(value) === (constraint.operator === 'LIKE');
  };
}

/** IS knows texts and scalars only. */
function isExactly(at: Located, constraint: Constraint): boolean {
  const attribute = Object.hasOwn(at.attributes, constraint.field) ? at.attributes[constraint.field] : undefined;
  if (!isBuiltIn(constraint.field) && (attribute?.type === 'ranges' || attribute?.type === 'set')) return false;
  return fieldValue(at, constraint.field) === sameText(at, constraint);
}

/** The constraint's value as it would be written for this agent's attribute: "2.0" equals the scalar 2. */
function sameText(at: Located, { field, value }: Constraint): string {
  const text = value ?? '';
  const isScalar = !isBuiltIn(field) && Object.hasOwn(at.attributes, field) && at.attributes[field]?.type === 'scalar';
  return isScalar && text !== '' && Number.isFinite(Number(text)) ? scalarText(Number(text)) : text;
}

function isBuiltIn(field: string): boolean {
  return ['hostname', '@hostname', '@region', '@zone'].includes(field);
}
