/** Checks of fields that came from outside. Each returns the value typed, or throws naming field, value and remedy. */
import isPlainObject from 'lodash/isPlainObject.js';

export type Fields = Record<string, unknown>;

function refuse(name: string, value: unknown, expected: string): never {
  const shown = (JSON.stringify(value) ?? String(value)).slice(0, 80);
  throw new Error(`${name} is ${shown}; it must be ${expected}`);
}

export function object(value: unknown, name: string): Fields {
  return isPlainObject(value) ? (value as Fields) : refuse(name, value, 'an object');
}

export function integer(value: unknown, name: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  const fits = Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
  return fits ? (value as number) : refuse(name, value, `a whole number from ${min} to ${max}`);
}

export function text(value: unknown, name: string): string {
  return typeof value === 'string' ? value : refuse(name, value, 'a string');
}

const lineCharactersMax = 4096;

/** Text that fits into one line of a key=value file or an argument: no control characters, at least one character. */
export function line(value: unknown, name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  return typeof value === 'string' && value.length <= lineCharactersMax && /^[^\x00-\x1f\x7f]+$/.test(value)
    ? value
    : refuse(name, value, `text in one line of at most ${lineCharactersMax} characters`);
}

/** The name of a file or a folder in a directory: what is made of it lies nowhere else. */
export function fileName(value: unknown, name: string): string {
  const checked = line(value, name);
  const stays = checked !== '.' && checked !== '..' && !checked.includes('/');
  return stays ? checked : refuse(name, checked, 'the name of a file or a folder, without a path');
}

/** 32 bytes in hex. The value is a secret: the refusal does not show it. */
export function secretHex(value: unknown, name: string): string {
  const fits = typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value);
  return fits ? (value as string) : refuse(name, '(hidden)', '64 hexadecimal digits');
}

export function flag(value: unknown, name: string): boolean {
  return typeof value === 'boolean' ? value : refuse(name, value, 'true or false');
}

export function oneOf<T extends string>(value: unknown, name: string, choices: readonly T[]): T {
  return choices.includes(value as T) ? (value as T) : refuse(name, value, `one of ${choices.join(', ')}`);
}

/** At most `itemsMax` items, each checked by `item`, which is told the item's own name. */
export function list<T>(
  value: unknown,
  name: string,
  itemsMax: number,
  item: (value: unknown, name: string) => T,
): T[] {
  if (!Array.isArray(value) || value.length > itemsMax) refuse(name, value, `a list of at most ${itemsMax} items`);
  return (value as unknown[]).map((entry, index) => item(entry, `${name}[${index}]`));
}

/** A map whose values are checked by `item`. */
export function map<T>(value: unknown, name: string, item: (value: unknown, name: string) => T): Record<string, T> {
  return Object.fromEntries(
    Object.entries(object(value, name)).map(([key, entry]) => [key, item(entry, `${name}.${key}`)]),
  );
}
