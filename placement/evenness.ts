/** How evenly replicas are spread, in whole numbers that can be compared. */
import { domainKeys, type Located } from './domains.js';
import { survives } from './survives.js';

type Placed = Located & { agentId: string };

/** Per rung of the ladder, how many pairs of replicas share a domain. Fewer is more even, wider rungs first. */
export function sharingPairs(replicas: readonly Located[], ladder: readonly string[]): number[] {
  const keys = replicas.map((replica) => domainKeys(replica, ladder));
  return ladder.map((_, rung) => {
    const counts = new Map<string, number>();
    for (const path of keys) counts.set(path[rung] as string, (counts.get(path[rung] as string) ?? 0) + 1);
    return [...counts.values()].reduce((sum, count) => sum + (count * (count - 1)) / 2, 0);
  });
}

/** The fewest pairs that share a domain when `replicas` are spread over `domains`. */
export function sharingPairsMin(replicas: number, domains: number): number {
  if (domains === 0) return 0;
  const each = Math.floor(replicas / domains);
  return (replicas % domains) * each + (domains * each * (each - 1)) / 2;
}

/** The widest rung that differs, and how many pairs fewer share a domain there; null: equally even. */
export function evenerBy(before: readonly number[], after: readonly number[]): { rung: number; pairs: number } | null {
  const rung = before.findIndex((pairs, i) => pairs !== after[i]);
  return rung === -1 ? null : { rung, pairs: (before[rung] as number) - (after[rung] as number) };
}

/** Some failure that it survives before it does not survive after. */
export function survivesLess(before: readonly Placed[], after: readonly Placed[], ladder: readonly string[]): boolean {
  const least = survives(before, ladder).domains;
  return survives(after, ladder).domains.some(({ failuresMax }, i) => failuresMax < (least[i]?.failuresMax ?? 0));
}
