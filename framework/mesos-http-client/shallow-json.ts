/** JSON from elsewhere. Nothing that this system is told is nested deeper than some levels, and values nested without bound exhaust the stack of whoever writes them again. */

export const jsonLevelsMax = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = [0x5b, 0x7b] as const;
const CLOSING = [0x5d, 0x7d] as const;

/** As `JSON.parse`. @throws SyntaxError that also says when it is nested too deeply */
export function parseShallowJson(text: string): unknown {
  if (isDeep(text)) throw new SyntaxError(`nested deeper than ${jsonLevelsMax} levels`);
  return JSON.parse(text);
}

/** By the brackets outside of strings. One pass: the text may be megabytes of anything. */
function isDeep(text: string): boolean {
  let level = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === OPENING[0] || code === OPENING[1]) {
      level += 1;
      if (level > jsonLevelsMax) return true;
    } else if (code === CLOSING[0] || code === CLOSING[1]) level -= 1;
  }
  return false;
}

/** Where the string that begins at `start` has its other quote; at the text's end if it has none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before -= 1;
    if ((end - 1 - before) % 2 === 0) return end;
  }
  return text.length;
}
