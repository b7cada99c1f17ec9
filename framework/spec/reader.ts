import { fieldName, type Problems, show, showAt } from './problems.js';

type Json = Record<string, unknown>;

export interface StringLimits {
  lengthMin?: number;
  lengthMax?: number;
  pattern?: RegExp;
  /** What the pattern means, for the remedy. */
  patternMeaning?: string;
}

export interface NumberLimits {
  min?: number;
  max?: number;
}

const INT32_MAX = 2 ** 31 - 1;
/** Of a list or a map in a spec: far beyond any use, and little enough to judge each. */
const ITEMS_MAX = 1000;

/**
 * Reads typed fields of one JSON object. A field that is absent or null is `undefined` (Marathon: null counts as
 * absent); a wrong one is a problem and `undefined`. Remembers what was asked for: the rest is what we ignore.
 */
export class Reader {
  private readonly asked = new Set<string>();
  private readonly inner: Reader[] = [];

  constructor(
    private readonly source: Json,
    readonly path: string,
    readonly problems: Problems,
  ) {}

  /** Keys that nobody asked for, as paths. */
  ignored(): string[] {
    return Object.keys(this.source)
      .filter((key) => !this.asked.has(key))
      .map((key) => this.pathOf(key));
  }

  /** The same of this object and all that were read in it. */
  ignoredWithin(): string[] {
    return [...this.ignored(), ...this.inner.flatMap((one) => one.ignoredWithin())];
  }

  pathOf(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Any JSON value but null. */
  raw(name: string): unknown {
    this.asked.add(name);
    return Object.hasOwn(this.source, name) ? (this.source[name] ?? undefined) : undefined;
  }

  string(name: string, limits: StringLimits = {}): string | undefined {
    return this.read(name, (value, path) => readString(value, path, limits, this.problems));
  }

  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.string(name);
    if (value === undefined || choices.includes(value as T)) return value as T | undefined;
    const path = this.pathOf(name);
    const sentence = `${fieldName(path)} is ${show(value)}; use one of ${choices.join(', ')}`;
    this.problems.add('range', path, 'error.unknown.enum.literal', sentence);
    return undefined;
  }

  number(name: string, limits: NumberLimits = {}): number | undefined {
    return this.read(name, (value, path) => readNumber(value, path, limits, this.problems));
  }

  integer(name: string, limits: NumberLimits = {}): number | undefined {
    const value = this.number(name, { max: INT32_MAX, ...limits });
    if (value === undefined || Number.isInteger(value)) return value;
    const path = this.pathOf(name);
    this.problems.add('range', path, 'error.expected.int', `${fieldName(path)} is ${value}; use a whole number`);
    return undefined;
  }

  boolean(name: string): boolean | undefined {
    return this.read(name, (value, path) => {
      if (typeof value === 'boolean') return value;
      return expected('jsboolean', 'true or false', value, path, this.problems);
    });
  }

  object(name: string): Reader | undefined {
    return this.read(name, (value, path) => this.enter(value, path));
  }

  list<T>(name: string, item: (value: unknown, path: string, problems: Problems) => T | undefined): T[] | undefined {
    return this.read(name, (value, path) => readList(value, path, this.problems, item));
  }

  strings(name: string, limits: StringLimits = {}): string[] | undefined {
    return this.list(name, (value, path) => readString(value, path, limits, this.problems));
  }

  objects<T>(name: string, item: (reader: Reader) => T): T[] | undefined {
    return this.list(name, (value, path) => {
      const reader = this.enter(value, path);
      return reader === undefined ? undefined : item(reader);
    });
  }

  /** An object whose keys the user chooses. */
  map<T>(name: string, item: (value: unknown, path: string) => T | undefined): Record<string, T> | undefined {
    const reader = this.read(name, (value, path) => readObject(value, path, this.problems));
    if (reader === undefined) return undefined;
    if (!isShort(Object.keys(reader.source).length, reader.path, this.problems)) return undefined;
    const entries = Object.entries(reader.source).map(([key, value]) => [key, item(value, reader.pathOf(key))]);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  }

  /** An object at `path` within this one, which `ignoredWithin` then includes. */
  enter(value: unknown, path: string): Reader | undefined {
    const reader = readObject(value, path, this.problems);
    if (reader !== undefined) this.inner.push(reader);
    return reader;
  }

  private read<T>(name: string, how: (value: unknown, path: string) => T | undefined): T | undefined {
    const value = this.raw(name);
    return value === undefined ? undefined : how(value, this.pathOf(name));
  }
}

/** A misspelt promise must not go unnoticed. */
export function refuseUnknown(reader: Reader, what: string, fields: string): void {
  for (const path of reader.ignored()) reader.problems.add('rule', path, `${what} has no such field; use ${fields}`);
}

export function requirePresent(reader: Reader, name: string, meaning: string): void {
  if (reader.raw(name) !== undefined) return;
  const path = reader.pathOf(name);
  reader.problems.add('type', path, 'error.path.missing', `${name} is missing; give ${meaning}`);
}

export function readObject(value: unknown, path: string, problems: Problems): Reader | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return expected('jsobject', 'an object {…}', value, path === '' ? '/' : path, problems);
  }
  return new Reader(value as Json, path, problems);
}

export function readList<T>(
  value: unknown,
  path: string,
  problems: Problems,
  item: (value: unknown, path: string, problems: Problems) => T | undefined,
): T[] | undefined {
  if (!Array.isArray(value)) return expected('jsarray', 'a list […]', value, path, problems);
  if (!isShort(value.length, path, problems)) return undefined;
  return value.map((one, index) => item(one, `${path}(${index})`, problems)).filter((one) => one !== undefined);
}

function isShort(items: number, path: string, problems: Problems): boolean {
  if (items <= ITEMS_MAX) return true;
  problems.add('range', path, 'error.maxLength', `${fieldName(path)} has ${items} items; use at most ${ITEMS_MAX}`);
  return false;
}

export function readString(value: unknown, path: string, limits: StringLimits, problems: Problems): string | undefined {
  if (typeof value !== 'string') {
    const isPlain = typeof value === 'number' || typeof value === 'boolean';
    return expected('jsstring', isPlain ? 'a string: put it into quotes' : 'a string', value, path, problems);
  }
  const { lengthMin = 0, lengthMax = Number.POSITIVE_INFINITY, pattern } = limits;
  const name = fieldName(path);
  if (value.length < lengthMin) {
    return outOfRange('error.minLength', `${name} is ${show(value)}; give at least ${lengthMin} characters`);
  }
  if (value.length > lengthMax) {
    return outOfRange('error.maxLength', `${name} has ${value.length} characters; use at most ${lengthMax}`);
  }
  if (pattern !== undefined && !pattern.test(value)) {
    return outOfRange(
      'error.pattern',
      `${name} is ${showAt(path, value)}; use ${limits.patternMeaning ?? String(pattern)}`,
    );
  }
  return value;

  function outOfRange(key: string, sentence: string): undefined {
    problems.add('range', path, key, sentence);
  }
}

function readNumber(value: unknown, path: string, limits: NumberLimits, problems: Problems): number | undefined {
  // JSON.parse reads 1e999 as Infinity.
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    return expected('jsnumber', 'a number without quotes', value, path, problems);
  }
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = limits;
  if (value >= min && value <= max) return value;
  const [key, bound] = value < min ? ['error.min', `${min} or more`] : ['error.max', `${max} or less`];
  problems.add('range', path, key, `${fieldName(path)} is ${value}; use ${bound}`);
  return undefined;
}

function expected(key: string, meaning: string, value: unknown, path: string, problems: Problems): undefined {
  problems.add('type', path, `error.expected.${key}`, `${fieldName(path)} is ${showAt(path, value)}; give ${meaning}`);
}
