/** Something valid, damaged in the ways that parsers mind. */
import type { Below } from './random.js';

type Fields = Record<string, unknown>;

/** `JSON.parse` gives all of them; the last but one for 1e999. */
export const strange = [
  ...[
    null,
    true,
    0,
    -1,
    0.5,
    2 ** 53,
    -(2 ** 63),
    1e308,
    '',
    'x',
    '__proto__',
    'constructor',
    '../../etc',
    '\u001b[2J\n',
  ],
  ...['9'.repeat(5000), [], [null], {}, { value: null }, [[]], Number.POSITIVE_INFINITY, undefined],
];

/** Where something stands in a value: who has it, under which name, and the names that lead there. */
export interface Place {
  owner: Fields;
  name: string;
  path: string[];
}

export function places(value: unknown, path: string[] = [], found: Place[] = []): Place[] {
  if (typeof value !== 'object' || value === null) return found;
  const owner = value as Fields;
  for (const name of Object.keys(owner)) {
    const here = [...path, name];
    found.push({ owner, name, path: here });
    places(owner[name], here, found);
  }
  return found;
}

/** What stands there is doubled, if it is a list, or becomes something strange. */
export function damage({ owner, name }: Place, pick: Below): void {
  const list = owner[name];
  if (Array.isArray(list) && pick(2) === 0) owner[name] = [...list, ...list];
  else owner[name] = structuredClone(strange[pick(strange.length)]);
}

/** As JSON; Infinity, which it cannot say, is written as a number that is too large. */
export function jsonOf(value: unknown): string {
  const text = JSON.stringify(value, (_, one) => (one === Number.POSITIVE_INFINITY ? '1e999' : one));
  return (text ?? 'null').replaceAll('"1e999"', '1e999');
}

/** Bytes left out, put in, doubled or changed, one to three times. */
export function damagedBytes(bytes: Buffer, pick: Below): Buffer {
  let damaged = bytes;
  for (let times = 1 + pick(3); times > 0; times -= 1) damaged = damagedOnce(damaged, pick);
  return damaged;
}

function damagedOnce(bytes: Buffer, pick: Below): Buffer {
  const at = pick(bytes.length + 1);
  const end = Math.min(bytes.length, at + pick(20));
  const [head, part, tail] = [bytes.subarray(0, at), bytes.subarray(at, end), bytes.subarray(end)];
  switch (pick(5)) {
    case 0:
      return head;
    case 1:
      return Buffer.concat([head, tail]);
    case 2:
      return Buffer.concat([head, Buffer.alloc(1 + pick(20), pick(256)), part, tail]);
    case 3:
      return Buffer.concat([head, part, part, tail]);
    default:
      return Buffer.concat([head, part.map((byte) => byte ^ (1 << pick(8))), tail]);
  }
}
