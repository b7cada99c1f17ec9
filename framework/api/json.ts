import type { FastifyInstance } from 'fastify';
import { parseShallowJson } from '../mesos-http-client/index.js';
import { malformed } from './errors.js';

/** JSON only. An empty body is allowed where none is needed: many clients send the content type with every request. */
export function installJson(api: FastifyInstance): void {
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    if (body === '') return done(null, undefined);
    try {
      done(null, parseShallowJson(body as string));
    } catch (error) {
      done(malformed(withoutText((error as Error).message)));
    }
  });
}

/** The parser quotes what is around the mistake, which may be a password. */
const withoutText = (message: string) =>
  message.replace(/(, )?(\.\.\.)?".*"(\.\.\.)? is not valid JSON$/s, ' in JSON').trim();
