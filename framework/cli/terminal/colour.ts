/** Are colours wanted? Pure but for what is exported for this process. */
import picocolors from 'picocolors';
import { lastSaid } from '../said.js';

export const colourWishes = ['auto', 'always', 'never'] as const;
type ColourWish = (typeof colourWishes)[number];

/** What `--color` says among the words of a command; the last one counts. */
export function colourWish(words: string[]): ColourWish {
  const said = lastSaid(words, '--color');
  return colourWishes.find((wish) => wish === said) ?? 'auto';
}

/** `--color` first, then NO_COLOR and FORCE_COLOR as other programs read them; else terminals that know colours have them. */
export function wantsColour(
  wish: ColourWish,
  { NO_COLOR: no = '', FORCE_COLOR: force = '', TERM: terminal }: NodeJS.ProcessEnv,
  isTerminal: boolean,
): boolean {
  if (wish !== 'auto') return wish === 'always';
  if (no !== '') return false;
  if (force !== '') return force !== '0';
  return isTerminal && terminal !== 'dumb';
}

const isWanted = (stream: { isTTY?: boolean }) =>
  wantsColour(colourWish(process.argv), process.env, stream.isTTY === true);

export const { bold, dim, green, red, yellow } = picocolors.createColors(isWanted(process.stdout));
/** On standard error. */
export const redThere = picocolors.createColors(isWanted(process.stderr)).red;
