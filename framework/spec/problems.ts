import _ from 'lodash';

/** One broken field: Marathon's words first (clients match on them), then a sentence with value and remedy. */
export interface Detail {
  path: string;
  errors: string[];
}

/** An answer to a spec that is not acceptable: Marathon's status and body. */
export interface Rejection {
  ok: false;
  status: 400 | 422;
  body: { message: 'Invalid JSON' | 'Object is not valid'; details: Detail[] };
}

/**
 * `type`: not the JSON type that was expected (400). `range`: right type, value out of range or pattern (422).
 * `rule`: well typed, but against a rule (422, other message). Marathon tells these three apart, so do we.
 */
type Kind = 'type' | 'range' | 'rule';

const DETAILS_MAX = 100;

/** Collects everything that is wrong with a spec, so that a user sees all of it at once. */
export class Problems {
  private readonly found: { kind: Kind; path: string; errors: string[] }[] = [];

  add(kind: Kind, path: string, ...errors: string[]): void {
    if (this.found.length < DETAILS_MAX) this.found.push({ kind, path, errors });
  }

  get none(): boolean {
    return this.found.length === 0;
  }

  /** Marathon reads the types of the whole body before it looks at any rule; so only the first kind found is told. */
  rejection(): Rejection {
    const isTyped = this.found.some((problem) => problem.kind !== 'rule');
    const told = this.found.filter((problem) => isTyped === (problem.kind !== 'rule'));
    const byPath = _.groupBy(told, (problem) => problem.path);
    const details = Object.entries(byPath).map(([path, same]) => ({ path, errors: same.flatMap((one) => one.errors) }));
    const status = told.some((problem) => problem.kind === 'type') ? 400 : 422;
    return { ok: false, status, body: { message: isTyped ? 'Invalid JSON' : 'Object is not valid', details } };
  }
}

const SHOWN_CHARACTERS_MAX = 80;

/** A value as it may stand in a sentence: JSON, cut to a readable length. */
export function show(value: unknown): string {
  return _.truncate(JSON.stringify(value) ?? 'nothing', { length: SHOWN_CHARACTERS_MAX, omission: '…' });
}

/** Values there may be passwords, and what is said here ends in the logs of whoever sends specs. */
const CONFIDENTIAL = /(^|\/)(env|secrets)(\/|$)/;

/** The value of a field, as `show`; where it may be a secret, only what kind of value it is. */
export function showAt(path: string, value: unknown): string {
  if (!CONFIDENTIAL.test(path)) return show(value);
  if (Array.isArray(value)) return 'a list';
  return value === null ? 'null' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** `/constraints(0)`: the name of a field for sentences is its path without the slash. */
export function fieldName(path: string): string {
  return path === '/' ? 'the spec' : path.slice(1).replaceAll('/', '.');
}
