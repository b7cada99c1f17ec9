import lodash from 'lodash';
import * as ranges from './ranges.js';
import { amountText, reservationRole, toThousandths } from './resources.js';
import type { Attribute, Range, Resource } from './types.js';

/**
 * The text form of resources and attributes in the agents' flags (Mesos docs, attributes-resources.md):
 * `cpus:4;mem:8192;ports:[31000-31100,31500-31600];disk(role):2048` and `rack:r1;level:10;disks:{a,b}`.
 */

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

type ParsedValue =
  | { type: 'SCALAR'; scalar: { value: number } }
  | { type: 'RANGES'; ranges: { range: Range[] } }
  | { type: 'SET'; set: { item: string[] } }
  | { type: 'TEXT'; text: { value: string } };

/**
 * Resources from `--resources` text; a role in parentheses makes a static reservation, in the refined format.
 * @throws Error that names the part, what is wrong with it and the form expected
 */
export function parseResources(text: string): Resource[] {
  return parts(text).map((part) => {
    const { name, role, valueText } = nameAndRole(part);
    const value = parseValue(part, valueText);
    if (value.type === 'TEXT') throw malformed(part, 'its value is neither number, [ranges] nor {set}');
    if (value.type === 'SCALAR' && value.scalar.value < 0) throw malformed(part, 'a resource cannot be negative');
    const base = role === '*' ? { name } : { name, reservations: [{ type: 'STATIC' as const, role }] };
    return { ...base, ...value };
  });
}

/** Attributes from `--attributes` text. @throws Error that names the part */
export function parseAttributes(text: string): Attribute[] {
  return parts(text).map((part) => {
    const { name, valueText } = splitOnce(part);
    return { name, ...parseValue(part, valueText) };
  });
}

/** The text form of resources; volumes and reservation principals are not in it. */
export function formatResources(resources: readonly Resource[]): string {
  return resources
    .map((resource) => {
      const role = reservationRole(resource);
      return `${resource.name}${role === '*' ? '' : `(${role})`}:${amountText(resource)}`;
    })
    .join(';');
}

function parts(text: string): string[] {
  return text
    .split(/[;\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function splitOnce(part: string): { name: string; valueText: string } {
  const colon = part.indexOf(':');
  const name = part.slice(0, Math.max(colon, 0)).trim();
  const valueText = part.slice(colon + 1).trim();
  if (name === '' || valueText === '') throw malformed(part, 'it has no name or no value');
  return { name, valueText };
}

function nameAndRole(part: string): { name: string; role: string; valueText: string } {
  const { name: head, valueText } = splitOnce(part);
  const match = /^([^()\s]+)(?:\(([^()\s]+)\))?$/.exec(head);
  if (!match) throw malformed(part, `'${head}' is not a name or name(role)`);
  return { name: match[1] as string, role: match[2] ?? '*', valueText };
}

function parseValue(part: string, text: string): ParsedValue {
  if (text.startsWith('[')) return { type: 'RANGES', ranges: { range: parseRanges(part, text) } };
  if (text.startsWith('{')) return { type: 'SET', set: { item: lodash.uniq(items(part, text, '}')) } };
  if (!DECIMAL.test(text)) return { type: 'TEXT', text: { value: text } };
  return { type: 'SCALAR', scalar: { value: toThousandths(Number(text)) / 1000 } };
}

function parseRanges(part: string, text: string): Range[] {
  const list = items(part, text, ']').map((item) => {
    const match = /^(\d+)\s*-\s*(\d+)$/.exec(item);
    const [begin, end] = [Number(match?.[1]), Number(match?.[2])];
    if (!match || begin > end || !Number.isSafeInteger(end)) throw malformed(part, `'${item}' is not first-last`);
    return { begin, end };
  });
  return ranges.union(list);
}

function items(part: string, text: string, close: string): string[] {
  if (!text.endsWith(close)) throw malformed(part, `'${close}' is missing at its end`);
  return text
    .slice(1, -1)
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function malformed(part: string, why: string): Error {
  return new Error(
    `'${part}': ${why}; write name:value with value like 4, text, [31000-31100] or {a,b}, and ';' between`,
  );
}
