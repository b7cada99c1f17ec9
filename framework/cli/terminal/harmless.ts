/**
 * Text of others for a terminal: what tasks, clients and Mesos say must not move its cursor, name its window, answer in the user's
 * place or turn letters around.
 */

/** What colour.ts writes: sequences that change colour and weight, and nothing else. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what this looks for
const colour = /(\u001b\[\d{1,2}m)/;

/** Control characters but line breaks and tabs, marks that change the direction of text, and other breaks of lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what this looks for
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** What a terminal of another charset would show as two or three wrong letters. */
const beyondAscii = /[\u0080-\uffff]/g;
/** Letters of ours, and those that tables cut with. */
const alike: Record<string, string> = { '–': '-', '…': '~', '’': "'", µ: 'u' };

/** By the variables of locale(7). None is set in many containers, whose terminals speak UTF-8 nevertheless. */
export function speaksUtf8({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  const locale = LC_ALL || LC_CTYPE || LANG || '';
  return locale === '' || /utf-?8/i.test(locale);
}

/** The text with what would steer a terminal written out, as `\u001b`, and so is what is not in its charset. */
export function harmless(text: string, utf8 = speaksUtf8(process.env)): string {
  const parts = text.split(colour);
  const safe = parts.map((part, index) => (index % 2 === 1 ? part : part.replaceAll(steering, written))).join('');
  return utf8 ? safe : safe.replaceAll(beyondAscii, (character) => alike[character] ?? written(character));
}

const written = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
