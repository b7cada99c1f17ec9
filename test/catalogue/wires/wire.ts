/** What goes over a client's connection to a program of the catalogue, for those who break connections in the middle. */

/** What a client says, and what it is answered. */
export interface Exchange {
  says: Buffer;
  /** Where the answer ends. More than was received while it is not whole: at least so many bytes are needed. */
  answerBytes(received: Buffer): number;
  isRight(answer: Buffer): boolean;
}

export interface Wire {
  /** The largest value that the program takes, as far as this is tried. */
  valueBytesMax: number;
  /** Said first on every connection. */
  hello?: Exchange;
  /** One after the other before the first value is put, of all names. */
  begin?(names: string[]): Exchange[];
  put(name: string, value: Buffer): Exchange;
  /** One of these values is there. */
  get(name: string, possible: Buffer[]): Exchange;
  /** Why the program's memory grows with what it is told; unless this is said it must not. */
  grows?: string;
}

export const megabyte = 1 << 20;
/** Of a value. */
export const largestBytes = 64 * megabyte;

/** The end of a message that begins at `at`, or of as much of it as its begin tells, then more than was received. */
export type MessageEnd = (received: Buffer, at: number) => number;

/** Where as many messages end. */
export const messages =
  (count: number, endOf: MessageEnd): Exchange['answerBytes'] =>
  (received) => {
    let at = 0;
    for (let i = 0; i < count; i++) {
      at = endOf(received, at);
      if (at > received.length) break;
      if (at > 2 * largestBytes) throw new Error(`an answer of ${at} bytes and more`);
    }
    return at;
  };

/** Messages that end with `mark`. */
export const upTo =
  (mark: string): MessageEnd =>
  (received, at) => {
    const found = received.indexOf(mark, at);
    return found < 0 ? received.length + 1 : found + mark.length;
  };

/** Messages whose head ends with `mark` and may say how many bytes follow; behind those are `tail` more. */
export const sized =
  (mark: string, sizeIn: RegExp, tail: number): MessageEnd =>
  (received, at) => {
    const headEnd = upTo(mark)(received, at);
    if (headEnd > received.length) return headEnd;
    const size = sizeIn.exec(received.toString('latin1', at, headEnd))?.[1];
    return size === undefined ? headEnd : headEnd + Number(size) + tail;
  };

export const isOneOf = (values: Buffer[], found: Buffer) => values.some((value) => value.equals(found));
