/** Options of a command line that is not understood, or not yet. Pure. */

/** What the words give to an option such as `--output`, or `-o`; the last one counts. */
export function lastSaid(words: string[], long: string, short?: string): string | undefined {
  const said = words.flatMap((word, index) => {
    if (word === long || word === short) return [words[index + 1]];
    if (word.startsWith(`${long}=`)) return [word.slice(long.length + 1)];
    return short !== undefined && word.startsWith(short) ? [word.slice(short.length)] : [];
  });
  return said.at(-1);
}
