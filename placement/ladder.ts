/**
 * The rungs of a group's ladder. Each is spread over softly; a required one is a hard rule, too: at most so many replicas
 * per domain.
 */
import type { CountRule } from './constraints.js';
import { domainKeys, domainText } from './domains.js';
import type { Rung } from './types.js';

/** The names of the failure domains, from the widest to the narrowest. */
export function ladderOf(spread: readonly Rung[]): string[] {
  return spread.map((rung) => (typeof rung === 'string' ? rung : rung.domain));
}

/** What is wrong with a rung and what to write instead, or null when it is in order. */
export function rungFault(rung: Rung): string | null {
  if (typeof rung === 'string' || rung.maxPerDomain === undefined) return null;
  const { maxPerDomain: most, required } = rung;
  if (!Number.isInteger(most) || most < 1) return `maxPerDomain is ${most}; give a whole number of at least 1`;
  return required
    ? null
    : `maxPerDomain is ${most}, but required is not true; set it, or leave maxPerDomain out: replicas are spread as evenly as there is room anyway`;
}

/** The required rungs. @param size replicas of the app once all run */
export function rungRules(spread: readonly Rung[], size: number): CountRule[] {
  const ladder = ladderOf(spread);
  return spread.flatMap((rung, i) => {
    if (typeof rung === 'string' || !rung.required) return [];
    const rule = rungRule(ladder.slice(0, i + 1), rung.maxPerDomain ?? withoutMajority(size));
    return [{ ...rule, bySize: rung.maxPerDomain === undefined }];
  });
}

/** The most replicas that are no majority; a single replica has to be somewhere. */
function withoutMajority(size: number): number {
  return Math.max(1, Math.floor(size / 2));
}

/** `path`: the ladder down to the rung. */
function rungRule(path: readonly string[], most: number): Omit<CountRule, 'bySize'> {
  const field = path.at(-1) as string;
  return {
    kind: 'count',
    refusal: 'spread',
    title: `spread over ${field} (at most ${most} each)`,
    field,
    cure: 'set a higher maxPerDomain or do not require it',
    valueAt: (at) => domainKeys(at, path).at(-1) as string,
    shown: (at) => domainText(at, path),
    room: (key, counts) => Math.max(0, most - (counts.get(key) ?? 0)),
    valuesMax: Number.POSITIVE_INFINITY,
  };
}
