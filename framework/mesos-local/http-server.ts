import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { encodeRecord } from '../mesos-http-client/recordio.js';
import { Refusal } from './http-call.js';
import { encodeJson } from './json.js';
import { serverWith, type Tls } from './tls.js';

export const BODY_BYTES_MAX = 16 * 1024 * 1024;
/** libprocess' GZIP_MINIMUM_BODY_LENGTH */
const GZIP_BYTES_MIN = 1024;
/** A subscriber that lets this much wait is cut off, as one that has hung up. */
export const STREAM_BYTES_MAX = 64 * 1024 * 1024;

export type Handler = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void>;

/**
 * An HTTP server in the manner of libprocess: paths with or without `prefix` and with or without a trailing slash,
 * plain-text errors, no `Connection` header, no `100 Continue`.
 * @param prefix `/master` or `/slave(1)`
 * @param tls null: without
 */
export function createHttpServer(prefix: string, handler: Handler, tls: Tls | null): Server {
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    response.removeHeader('connection');
    const handled = (async () => handler(request, response, pathOf(request, prefix)))();
    handled.catch((error: unknown) => answerError(response, error));
  };
  const server = serverWith(tls, listener);
  server.on('checkContinue', listener);
  return server;
}

function pathOf(request: IncomingMessage, prefix: string): string {
  const raw = (request.url ?? '/').split('?')[0] as string;
  const path = raw.replaceAll('%28', '(').replaceAll('%29', ')');
  const inner = path === prefix || path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : path;
  return inner.length > 1 && inner.endsWith('/') ? inner.slice(0, -1) : inner;
}

function answerError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  if (error instanceof Refusal) {
    for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
    answerText(response, error.status, error.message);
    return;
  }
  answerText(response, 500, error instanceof Error ? error.message : String(error));
}

export function answerText(response: ServerResponse, status: number, text: string): void {
  const body = Buffer.from(text);
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': body.length });
  response.end(body);
}

export function answerEmpty(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Length': 0 });
  response.end();
}

/** Compressed if that is worth it and the client takes it; event streams never are (observed 6). */
export function answerJson(response: ServerResponse, value: object): void {
  const plain = Buffer.from(encodeJson(value));
  const isPacked = plain.length >= GZIP_BYTES_MIN && acceptsGzip(response.req.headers['accept-encoding'] ?? '');
  const body = isPacked ? gzipSync(plain) : plain;
  if (isPacked) response.setHeader('Content-Encoding', 'gzip');
  response.writeHead(200, { 'Content-Length': body.length, 'Content-Type': 'application/json' });
  response.end(body);
}

function acceptsGzip(header: string): boolean {
  const codings = header.split(',').map((one) => one.trim().split(/\s*;\s*q=/));
  const named = codings.find(([coding]) => coding === 'gzip') ?? codings.find(([coding]) => coding === '*');
  return named !== undefined && Number(named[1] ?? 1) > 0;
}

export function answerNotFound(response: ServerResponse): void {
  answerText(response, 404, '404 Not Found.');
}

/** @returns true if the method was wrong and 405 has been answered */
export function refuseMethod(request: IncomingMessage, response: ServerResponse, ...allowed: string[]): boolean {
  if (allowed.includes(request.method ?? '')) return false;
  response.setHeader('Allow', allowed.join(', '));
  const names = allowed.map((method) => `'${method}'`).join(', ');
  const text = `405 Method Not Allowed. Expecting one of { ${names} }, but received '${request.method}'.`;
  answerText(response, 405, text);
  return true;
}

/** @throws Refusal 413 if it is longer than the limit */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Refusal(413, `The body is longer than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Begins an event stream: every event is one RecordIO record in one HTTP chunk. */
export function beginStream(response: ServerResponse, headers: Record<string, string>): void {
  response.writeHead(200, { 'Transfer-Encoding': 'chunked', ...headers, 'Content-Type': 'application/json' });
  response.flushHeaders();
}

export function writeEvent(response: ServerResponse, event: object): void {
  if (response.writableEnded || response.destroyed) return;
  response.write(encodeRecord(encodeJson(event)));
  if (response.writableLength > STREAM_BYTES_MAX) response.destroy();
}
