/** Server-Sent Events out of pieces of text: https://html.spec.whatwg.org/multipage/server-sent-events.html */

export interface ServerEvent {
  /** Null: it has none. */
  id: string | null;
  type: string;
  data: string;
}

/** An event larger than this is none of ours. */
const CHARACTERS_MAX = 64 * 2 ** 20;

export class EventParser {
  /** Of an event that has not ended: an event of megabytes comes in many pieces, and none is looked through twice. */
  #pieces: string[] = [];
  #characters = 0;
  /** The last characters, where a line may end that the next piece goes on with. */
  #tail = '';

  /** The events that `piece` completes. @throws Error if one does not end */
  push(piece: string): ServerEvent[] {
    this.#pieces.push(piece);
    this.#characters += piece.length;
    const mayEnd = hasEnd(this.#tail + piece);
    this.#tail = (this.#tail + piece).slice(-2);
    if (!mayEnd && this.#characters <= CHARACTERS_MAX) return [];
    const blocks = this.#pieces.join('').replaceAll('\r\n', '\n').split('\n\n');
    this.#keep(blocks.pop() ?? '');
    if (this.#characters > CHARACTERS_MAX) throw new Error(`an event has more than ${CHARACTERS_MAX} characters`);
    return blocks.flatMap(eventIn);
  }

  #keep(rest: string): void {
    this.#pieces = [rest];
    this.#characters = rest.length;
  }
}

/** An empty line. */
const hasEnd = (text: string) => text.includes('\n\n') || text.includes('\n\r\n');

/** None: a comment. */
function eventIn(block: string): ServerEvent[] {
  let type = 'message';
  let id: string | null = null;
  const data: string[] = [];
  for (const line of block.split('\n')) {
    const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === 'id') id = value;
    if (name === 'event') type = value;
    if (name === 'data') data.push(value);
  }
  return data.length === 0 ? [] : [{ id, type, data: data.join('\n') }];
}
