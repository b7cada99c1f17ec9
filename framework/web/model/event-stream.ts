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
  #rest = '';

  /** The events that `piece` completes. @throws Error if one does not end */
  push(piece: string): ServerEvent[] {
    const blocks = (this.#rest + piece).replaceAll('\r\n', '\n').split('\n\n');
    this.#rest = blocks.pop() ?? '';
    if (this.#rest.length > CHARACTERS_MAX) throw new Error(`an event has more than ${CHARACTERS_MAX} characters`);
    return blocks.flatMap(eventIn);
  }
}

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
