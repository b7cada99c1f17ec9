/** What somebody may have meant. Pure. */
import { gaia } from './program-name.js';

/** As many letters may be wrong, at least one. */
const wrongShareMax = 1 / 3;

/** So many that are equally near are named; of more the user is told where to look. */
const namedMax = 3;

/** What to do about a name that is none of `names`; `list`: the command that shows them. */
export function remedyFor(name: string, names: string[], list: string): string {
  const meant = nearest(name, names);
  if (meant.length === 0 || meant.length > namedMax) return `See those there are with: ${gaia} ${list}`;
  const last = meant.at(-1);
  return `Did you mean ${meant.length === 1 ? last : `${meant.slice(0, -1).join(', ')} or ${last}`}?`;
}

/** The names with `word` between their slashes, else those most like it, all equally; empty: none is like it. */
export function nearest(word: string, names: string[]): string[] {
  const bare = word.replace(/^\/+/, '');
  const parts = names.filter((name) => bare !== '' && name.split('/').includes(bare));
  if (parts.length > 0) return parts;
  const wrong = names.map((name) => wrongLetters(bare, name.replace(/^\/+/, '')));
  const least = Math.min(...wrong);
  return least <= Math.max(1, bare.length * wrongShareMax) ? names.filter((_, index) => wrong[index] === least) : [];
}

/** Letters to put in, leave out or change to make one word of the other; two neighbours that changed places count once. */
function wrongLetters(one: string, other: string): number {
  let [before, row] = [[] as number[], Array.from({ length: other.length + 1 }, (_, index) => index)];
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const change = (row[j - 1] as number) + (one[i - 1] === other[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      const swap = swapped ? (before[j - 2] as number) + 1 : change;
      next.push(Math.min(change, swap, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    [before, row] = [row, next];
  }
  return row.at(-1) as number;
}
