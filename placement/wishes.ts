/** Wishes: rules that are scored and never refuse anybody. */
import { type Rule, roomIn } from './constraints.js';
import type { Located } from './domains.js';

/** Of affinities, and of preferences. Every wish doubles the weights above it, which have to stay exact. */
export const wishesMax = 8;

export interface Wish {
  /** 'near /cache by rack' */
  title: string;
  /** What is counted; null: an agent where the wish does not hold, whatever the others do. */
  valueAt(at: Located): string | null;
  /** Whether it holds for one more replica with this value, after `counts`. */
  holds(value: string, counts: ReadonlyMap<string, number>): boolean;
}

export function wishFor(rule: Rule, title: string): Wish {
  if (rule.kind === 'each') return { title, valueAt: (at) => (rule.accepts(at) ? '' : null), holds: () => true };
  return { title, valueAt: rule.valueAt, holds: (value, counts) => roomIn(rule, value, counts) >= 1 };
}
