/** How often each nemesis has really struck, and why it has not. */
import { type Family, familyOf, type NemesisName } from './nemeses.js';
import type { Strike } from './schedule.js';
import type { Moment } from './timeline.js';

export interface NemesisTally {
  nemesis: NemesisName;
  family: Family;
  scheduled: number;
  struck: number;
  /** How often for which reason it has met nobody. */
  missed: Record<string, number>;
  /** Why it can meet nobody here. */
  impossible?: string;
}

/** Of those that were scheduled. */
export function tallyOf(strikes: readonly Strike[], moments: readonly Moment[]): NemesisTally[] {
  const tallies = new Map<NemesisName, NemesisTally>();
  for (const { nemesis } of strikes) {
    const known = tallies.get(nemesis) ?? { nemesis, family: familyOf(nemesis), scheduled: 0, struck: 0, missed: {} };
    tallies.set(nemesis, { ...known, scheduled: known.scheduled + 1 });
  }
  for (const { attempt } of moments) {
    const tally = attempt && tallies.get(attempt.nemesis);
    if (!tally) continue;
    const { missed, isImpossible } = attempt;
    if (missed === undefined) tally.struck += 1;
    else tally.missed[missed] = (tally.missed[missed] ?? 0) + 1;
    if (isImpossible && missed !== undefined) tally.impossible = missed;
  }
  return [...tallies.values()];
}

export interface FamilyTally {
  family: Family;
  scheduled: number;
  struck: number;
  /** Why none of them can meet anybody here. */
  impossible: string | null;
}

export function familyTallies(tallies: readonly NemesisTally[]): FamilyTally[] {
  const families = [...new Set(tallies.map(({ family }) => family))];
  return families.map((family) => {
    const those = tallies.filter((one) => one.family === family);
    const reasons = those.flatMap(({ impossible }) => impossible ?? []);
    return {
      family,
      scheduled: those.reduce((sum, { scheduled }) => sum + scheduled, 0),
      struck: those.reduce((sum, { struck }) => sum + struck, 0),
      impossible: reasons.length === those.length ? (reasons[0] ?? null) : null,
    };
  });
}
