/**
 * Text of others for a terminal: what tasks, clients and Mesos say must not move its cursor, name its window, answer in the user's
 * place or turn letters around. Pure.
 */

/** What colour.ts writes: sequences that change colour and weight, and nothing else. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what this looks for
const colour = /(\u001b\[\d{1,2}m)/;

/** Control characters but line breaks and tabs, marks that change the direction of text, and other breaks of lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what this looks for
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text with what would steer a terminal written out, as `\u001b`. */
export function harmless(text: string): string {
  const parts = text.split(colour);
  return parts.map((part, index) => (index % 2 === 1 ? part : part.replaceAll(steering, written))).join('');
}

const written = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
