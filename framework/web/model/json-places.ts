/** Where in a text each value of its JSON is, and where it is no JSON. */

/** A path is as the API says it: '/ports(0)/name'. The root's is ''. */
export type Places = ReadonlyMap<string, Place>;

export interface Place {
  start: number;
  end: number;
}

export class NotJson extends Error {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

const LITERAL = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them within texts
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;
const DEPTH_MAX = 100;

/** @throws NotJson */
export function placesIn(text: string): Places {
  const scanner = new Scanner(text);
  scanner.value('', 0);
  scanner.end();
  return scanner.places;
}

class Scanner {
  readonly places = new Map<string, Place>();
  #at = 0;

  constructor(readonly text: string) {}

  value(path: string, depth: number): void {
    if (depth > DEPTH_MAX) throw this.#wrong('values are nested too deeply');
    const start = this.#next();
    const first = this.text[start];
    if (first === '{') this.#object(path, depth);
    else if (first === '[') this.#list(path, depth);
    else if (first === '"') this.#match(TEXT, 'a text does not end, or has a character that needs a backslash');
    else this.#match(LITERAL, 'a value is expected here');
    this.places.set(path, { start, end: this.#at });
  }

  end(): void {
    if (this.#next() < this.text.length) throw this.#wrong('nothing may follow the value');
  }

  #object(path: string, depth: number): void {
    this.#at += 1;
    if (this.#take('}')) return;
    do {
      this.#next();
      const name = JSON.parse(this.#match(TEXT, 'the name of a field is expected here, in double quotes')) as string;
      if (!this.#take(':')) throw this.#wrong(`a colon is expected after "${name}"`);
      this.value(`${path}/${name}`, depth + 1);
    } while (this.#take(','));
    if (!this.#take('}')) throw this.#wrong('a comma or } is expected here');
  }

  #list(path: string, depth: number): void {
    this.#at += 1;
    if (this.#take(']')) return;
    let index = 0;
    do {
      this.value(`${path}(${index})`, depth + 1);
      index += 1;
    } while (this.#take(','));
    if (!this.#take(']')) throw this.#wrong('a comma or ] is expected here');
  }

  /** Of what is no space. */
  #next(): number {
    while (' \t\r\n'.includes(this.text[this.#at] ?? 'x')) this.#at += 1;
    return this.#at;
  }

  #take(sign: string): boolean {
    if (this.text[this.#next()] !== sign) return false;
    this.#at += 1;
    return true;
  }

  #match(pattern: RegExp, otherwise: string): string {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.text) ?? [];
    if (found === undefined) throw this.#wrong(otherwise);
    this.#at += found.length;
    return found;
  }

  #wrong(message: string): NotJson {
    return new NotJson(message, this.#at);
  }
}

/** From 1. */
export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

/** Of the value at `path`, or of the nearest one that is around it. */
export function placeOf(places: Places, path: string): Place | null {
  const normal = path.replace(/^\/$/, '').replaceAll(/\/(\d+)(?=\/|$)/g, '($1)');
  for (let at = normal; ; at = at.replace(/(\/[^/(]*|\(\d+\))$/, '')) {
    const place = places.get(at);
    if (place !== undefined || at === '') return place ?? null;
    if (!/(\/[^/(]*|\(\d+\))$/.test(at)) return places.get('') ?? null;
  }
}
