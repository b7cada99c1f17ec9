/** Reads a regular expression into a tree: the part of Java's and JavaScript's syntax that both agree on. */

export type Node =
  | { kind: 'character'; test: (character: string) => boolean }
  | { kind: 'assert'; at: 'start' | 'end' }
  | { kind: 'sequence'; items: Node[] }
  | { kind: 'either'; items: Node[] }
  | { kind: 'repeat'; item: Node; min: number; max: number | null };

type Test = (character: string) => boolean;

const patternCharactersMax = 512;
const repeatMax = 1000;

const classes: Record<string, Test> = {
  d: (c) => c >= '0' && c <= '9',
  w: (c) => /^\w$/.test(c),
  s: (c) => ' \t\n\v\f\r'.includes(c),
};
const controls: Record<string, string> = { t: '\t', n: '\n', r: '\r', f: '\f' };

/** Throws SyntaxError with a sentence. */
export function parse(source: string): Node {
  if (source.length > patternCharactersMax)
    throw new SyntaxError(`the pattern has ${source.length} characters; at most ${patternCharactersMax} are read`);
  return new Parser([...source]).whole();
}

class Parser {
  private at = 0;

  constructor(private readonly source: string[]) {}

  whole(): Node {
    const node = this.either();
    if (this.at < this.source.length) throw this.fault('a ")" without its "("');
    return node;
  }

  private either(): Node {
    const items = [this.sequence()];
    while (this.accept('|')) items.push(this.sequence());
    return items.length === 1 ? (items[0] as Node) : { kind: 'either', items };
  }

  private sequence(): Node {
    const items: Node[] = [];
    for (let next = this.peek(); next !== undefined && next !== '|' && next !== ')'; next = this.peek())
      items.push(this.repeated());
    return { kind: 'sequence', items };
  }

  private repeated(): Node {
    const item = this.atom();
    const counts = this.quantifier();
    if (!counts) return item;
    this.accept('?'); // lazy or greedy is the same when the whole text must match
    if (this.peek() === '+') throw this.fault('a possessive quantifier, which is not supported');
    if ('*+?'.includes(this.peek() ?? ' ') || this.quantifier()) throw this.fault('a quantifier after a quantifier');
    return { kind: 'repeat', item, ...counts };
  }

  private quantifier(): { min: number; max: number | null } | null {
    if (this.accept('*')) return { min: 0, max: null };
    if (this.accept('+')) return { min: 1, max: null };
    if (this.accept('?')) return { min: 0, max: 1 };
    if (this.peek() !== '{') return null;
    const text = /^\{(\d{1,5})(,?)(\d{0,5})\}/.exec(this.source.slice(this.at, this.at + 16).join(''));
    if (!text || (text[2] === '' && text[3] !== '')) throw this.fault('a "{" that is not {m}, {m,} or {m,n}');
    this.at += text[0].length;
    const min = Number(text[1]);
    const max = text[2] === '' ? min : text[3] === '' ? null : Number(text[3]);
    if (min > repeatMax || (max ?? 0) > repeatMax) throw this.fault(`a count above ${repeatMax}`);
    if (max !== null && max < min) throw this.fault('a count {m,n} with n below m');
    return { min, max };
  }

  private atom(): Node {
    const next = this.take();
    if (next === '(') return this.group();
    if (next === '[') return { kind: 'character', test: this.characterClass() };
    if (next === '.') return { kind: 'character', test: (c) => c !== '\n' && c !== '\r' };
    if (next === '^') return { kind: 'assert', at: 'start' };
    if (next === '$') return { kind: 'assert', at: 'end' };
    if (next === '\\') return { kind: 'character', test: this.escape() };
    if ('*+?{'.includes(next)) throw this.fault(`a "${next}" with nothing before it to repeat`);
    return { kind: 'character', test: (c) => c === next };
  }

  private group(): Node {
    if (this.accept('?') && !this.accept(':'))
      throw this.fault('a "(?" other than "(?:": look-around, flags and names are not supported');
    const node = this.either();
    if (!this.accept(')')) throw this.fault('a "(" without its ")"');
    return node;
  }

  private escape(): Test {
    if (this.peek() === undefined) throw this.fault('a "\\" at the end');
    const letter = this.take();
    const known = classes[letter.toLowerCase()];
    if (known) return letter === letter.toLowerCase() ? known : (c) => !known(c);
    const literal = controls[letter] ?? letter;
    if (literal === letter && /[A-Za-z0-9]/.test(letter)) throw this.fault(`"\\${letter}", which is not supported`);
    return (c) => c === literal;
  }

  private characterClass(): Test {
    const negated = this.accept('^');
    const tests: Test[] = [];
    while (!this.accept(']')) {
      if (this.peek() === undefined) throw this.fault('a "[" without its "]"');
      if (this.peek() === '[' || (this.peek() === '&' && this.source[this.at + 1] === '&'))
        throw this.fault('a class within a class, which is not supported');
      tests.push(this.classItem());
    }
    if (tests.length === 0) throw this.fault('an empty class "[]"');
    return (c) => tests.some((test) => test(c)) !== negated;
  }

  private classItem(): Test {
    const first = this.take();
    if (first === '\\' && /[dwsDWS]/.test(this.peek() ?? '')) return this.escape();
    const low = first === '\\' ? this.literal() : first;
    if (this.peek() !== '-' || this.source[this.at + 1] === ']') return (c) => c === low;
    this.take();
    const end = this.peek() === undefined ? ']' : this.take();
    const high = end === '\\' ? this.literal() : end;
    if (high < low) throw this.fault(`a range "${low}-${high}" that runs backwards`);
    return (c) => low <= c && c <= high;
  }

  private literal(): string {
    const letter = this.peek();
    if (letter === undefined) throw this.fault('a "\\" at the end');
    this.take();
    if (/[A-Za-z0-9]/.test(letter) && !controls[letter]) throw this.fault(`"\\${letter}", which is not supported here`);
    return controls[letter] ?? letter;
  }

  private peek(): string | undefined {
    return this.source[this.at];
  }

  private take(): string {
    const next = this.source[this.at] as string;
    this.at += 1;
    return next;
  }

  private accept(character: string): boolean {
    if (this.peek() !== character) return false;
    this.at += 1;
    return true;
  }

  private fault(what: string): SyntaxError {
    return new SyntaxError(`the pattern "${this.source.join('')}" has, near character ${this.at + 1}, ${what}`);
  }
}
