/** In which form a command says what it has found. Pure. */
import { stringify } from 'yaml';
import { lastSaid } from './said.js';

export const formats = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type Format = (typeof formats)[number];

/** Of the options of a command. */
export const formatOf = ({ json, output }: { json?: boolean; output?: Format }): Format =>
  json === true ? 'json' : (output ?? 'table');

/** Of the words of a command that could not be understood. */
export function formatIn(words: string[]): Format {
  if (words.includes('--json')) return 'json';
  const said = lastSaid(words, '--output', '-o');
  return formats.find((format) => format === said) ?? 'table';
}

/** Whether programs read it: then people are told nothing on standard output. */
export const isForPrograms = (format: Format): boolean => ['json', 'yaml', 'name'].includes(format);

/** One object as a line of JSON, or a document of YAML; nothing for people and lists of names. */
export function textOf(value: object, format: Format): string {
  if (format === 'json') return `${JSON.stringify(value)}\n`;
  return format === 'yaml' ? stringify(value, { aliasDuplicateObjects: false, compat: 'yaml-1.1' }) : '';
}
