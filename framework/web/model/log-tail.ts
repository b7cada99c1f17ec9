/** What is kept of a log that is followed. */
import type { LogJson } from './app-json.js';

const CHARACTERS_MAX = 256 * 1024;

/** `from`: where the text before ended; a file that has become shorter begins anew. */
export function appended(
  before: string,
  { text, offset }: Pick<LogJson, 'text' | 'offset'>,
  from: number | null,
): string {
  const isNext = from === null || offset >= from;
  const all = isNext ? before + text : text;
  if (all.length <= CHARACTERS_MAX) return all;
  const kept = all.slice(-CHARACTERS_MAX);
  return kept.slice(kept.indexOf('\n') + 1);
}
