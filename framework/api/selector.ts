import { ApiError } from './errors.js';

type Labels = Record<string, string>;
type Term = (labels: Labels) => boolean;

const WORD = /^(?:[-A-Za-z0-9_.]|\\.)+/;

/**
 * Marathon's label selector: `key`, `key==v`, `key!=v`, `key in (a,b)`, `key notin (a,b)`, comma = and. As in
 * Marathon the key must exist for `!=` and `notin` too.
 */
export function parseSelector(source: string): Term {
  const scanner = new Scanner(source);
  const terms = [scanner.term()];
  while (scanner.take(/^,/)) terms.push(scanner.term());
  if (!scanner.done) throw scanner.failure();
  return (labels) => terms.every((term) => term(labels));
}

class Scanner {
  private rest: string;

  constructor(private readonly source: string) {
    this.rest = source.trim();
  }

  get done(): boolean {
    return this.rest === '';
  }

  take(pattern: RegExp): string | null {
    const found = pattern.exec(this.rest)?.[0] ?? null;
    if (found !== null) this.rest = this.rest.slice(found.length).trimStart();
    return found;
  }

  term(): Term {
    const key = this.word();
    const has = (labels: Labels) => Object.hasOwn(labels, key);
    if (this.take(/^==?/)) return is(this.word());
    if (this.take(/^!=/)) return isNot(this.word());
    if (this.take(/^in(?=[\s(])/)) return isOneOf(this.words());
    if (this.take(/^notin(?=[\s(])/)) return isNoneOf(this.words());
    return has;

    function is(value: string): Term {
      return (labels) => has(labels) && labels[key] === value;
    }
    function isNot(value: string): Term {
      return (labels) => has(labels) && labels[key] !== value;
    }
    function isOneOf(values: string[]): Term {
      return (labels) => has(labels) && values.includes(labels[key] ?? '');
    }
    function isNoneOf(values: string[]): Term {
      return (labels) => has(labels) && !values.includes(labels[key] ?? '');
    }
  }

  failure(): ApiError {
    const remedy = `Stopped before '${this.rest}'; write key, key==v, key!=v, key in (a,b) or key notin (a,b).`;
    return new ApiError(422, `Can not parse label selector ${this.source}`, remedy);
  }

  private word(): string {
    const word = this.take(WORD);
    if (word === null) throw this.failure();
    return word.replaceAll(/\\(.)/g, '$1');
  }

  private words(): string[] {
    if (!this.take(/^\(/)) throw this.failure();
    const words = [this.word()];
    while (this.take(/^,/)) words.push(this.word());
    if (!this.take(/^\)/)) throw this.failure();
    return words;
  }
}
