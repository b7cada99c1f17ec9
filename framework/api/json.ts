import type { FastifyInstance } from 'fastify';
import { malformed } from './errors.js';

/** No spec is nested deeper than a few levels; values nested without bound would exhaust the stack of whoever walks them. */
const DEPTH_MAX = 64;

/** JSON only. An empty body is allowed where none is needed: many clients send the content type with every request. */
export function installJson(api: FastifyInstance): void {
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    if (body === '') return done(null, undefined);
    const text = body as string;
    if (depthOf(text) > DEPTH_MAX) return done(malformed(`nested deeper than ${DEPTH_MAX} levels`));
    try {
      done(null, JSON.parse(text));
    } catch (error) {
      done(malformed(withoutText((error as Error).message)));
    }
  });
}

/** The parser quotes what is around the mistake, which may be a password. */
const withoutText = (message: string) =>
  message.replace(/(, )?(\.\.\.)?".*"(\.\.\.)? is not valid JSON$/s, ' in JSON').trim();

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = [0x5b, 0x7b];
const CLOSING = [0x5d, 0x7d];

/** How deep the brackets outside of strings nest. One pass over the codes: the text may be megabytes of anything. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) inString = !inString;
    else if (inString && code === BACKSLASH) i += 1;
    else if (!inString && OPENING.includes(code)) deepest = Math.max(deepest, ++depth);
    else if (!inString && CLOSING.includes(code)) depth -= 1;
  }
  return deepest;
}
