import type { FastifyInstance } from 'fastify';
import type { Context } from './context.js';
import { isPage, pageHeaders } from './page.js';
import { requestIdHeader } from './request-id.js';

/**
 * Marathon's headers; answers are about now and nobody may keep them. But for those of the page they are no pages: a browser
 * that is brought to show one runs and loads nothing. Not Strict-Transport-Security, which would be for all ports of the host, Mesos' too.
 */
export const fixedHeaders = {
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
  Expires: '0',
  'X-Frame-Options': 'DENY',
  'X-XSS-Protection': '1; mode=block',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
};

export function installHeaders(api: FastifyInstance, { leadership, scheme }: Context): void {
  api.addHook('onSend', async (request, reply) => {
    const { leader } = leadership;
    const ofPage = isPage(request.routeOptions.url) && reply.statusCode < 400;
    reply.headers({
      [requestIdHeader]: request.id,
      ...(ofPage ? pageHeaders : fixedHeaders),
      ...(leader === null ? {} : { 'X-Marathon-Leader': `${scheme}://${leader}` }),
    });
  });
}
