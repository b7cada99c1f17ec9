/** The web page, as the build has left it in `dist/web/`: at `/ui/`, and for whatever the page shows at an address below it. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, uriNotFound } from './errors.js';
import { register } from './resource.js';

export interface PageFile {
  type: string;
  etag: string;
  body: Buffer;
  gzipped: Buffer;
}

/** By their path below `/ui/`. */
export type Page = ReadonlyMap<string, PageFile>;

const BYTES_MAX = 16 * 2 ** 20;
const ENTRY = 'index.html';
/** Names in there hold a hash of what the files hold. */
const HASHED = 'assets/';
const TYPES: Record<string, string> = {
  '.html': 'text/html;charset=UTF-8',
  '.js': 'text/javascript;charset=UTF-8',
  '.css': 'text/css;charset=UTF-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

/** Null: it has not been built. @throws Error when it is larger than a page is, or has a file of a kind that is not served */
export function readPage(directory: string): Page | null {
  const names = filesBelow(directory);
  if (!names.includes(ENTRY)) return null;
  const files = new Map(names.map((name) => [name, pageFile(name, readFileSync(join(directory, name)))]));
  const bytes = [...files.values()].reduce((sum, { body }) => sum + body.length, 0);
  if (bytes > BYTES_MAX) throw new Error(`${directory} has ${bytes} bytes, more than ${BYTES_MAX}: build it again`);
  return files;
}

function filesBelow(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function pageFile(name: string, body: Buffer): PageFile {
  const type = TYPES[extname(name)];
  if (type === undefined) throw new Error(`${name} of the web page is of no kind that is served`);
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  return { type, etag: `"${hash}"`, body, gzipped: gzipSync(body) };
}

/** What a browser may do with it: load what is here, and ask this API. Nothing inline, nothing from elsewhere, no frame around it. */
export const pageHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
};

/** `url`: the path as it was registered. */
export const isPage = (url: string | undefined): boolean => url === '/' || url === '/ui' || url === '/ui/*';

/** `page` null: whoever asks is told how it is made. */
export function installPage(api: FastifyInstance, page: Page | null): void {
  register(api, '/', {
    GET: (_request, reply) => reply.header('Cache-Control', 'no-cache').redirect('/ui/', 302),
  });
  const resource = { GET: (request: FastifyRequest, reply: FastifyReply) => show(page, request, reply) };
  register(api, '/ui', resource);
  register(api, '/ui/*', resource);
}

function show(page: Page | null, request: FastifyRequest, reply: FastifyReply) {
  if (page === null) throw new ApiError(404, 'The web page is not built', 'Run npm run build, then start again.');
  const name = (request.params as { '*'?: string })['*'] ?? '';
  const file = page.get(name) ?? (name.startsWith(HASHED) ? undefined : page.get(ENTRY));
  if (file === undefined) throw uriNotFound(request.url);
  const immutable = name.startsWith(HASHED);
  reply.headers({
    ETag: file.etag,
    'Cache-Control': immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    Vary: 'Accept-Encoding',
  });
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  reply.type(file.type);
  if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(file.body);
  return reply.header('Content-Encoding', 'gzip').send(file.gzipped);
}
