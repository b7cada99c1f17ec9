/** One HTTP request or TCP connection, bounded in time and size. */
import { type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect } from 'node:net';
import type { ProbeOrder, ProbeOutcome, ProbeTarget } from './types.js';

type HttpTarget = Extract<ProbeTarget, { type: 'http' }>;

/** Never rejects. `signal` ends it early, as a failure. */
export async function probe(order: ProbeOrder, signal?: AbortSignal): Promise<ProbeOutcome> {
  const { target, timeoutMs } = order;
  const timeout = AbortSignal.timeout(timeoutMs);
  const bound = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
  try {
    if (target.type === 'http') return await follow(target, order, bound);
    await reach(target, bound);
    return { type: 'connected' };
  } catch (error) {
    return {
      type: 'failed',
      of: target.type,
      cause: causeOf(error as NodeJS.ErrnoException, target, timeout.aborted, timeoutMs),
    };
  }
}

async function follow(first: HttpTarget, order: ProbeOrder, signal: AbortSignal): Promise<ProbeOutcome> {
  let target = first;
  for (let left = order.redirectsMax ?? 0; ; left -= 1) {
    const { location, outcome } = await ask(target, order.bodyBytesMax, signal);
    if (left === 0 || location === undefined) return outcome;
    target = redirected(target, location);
  }
}

/** @throws Error if it leads nowhere */
function redirected({ secure, host, port, path }: HttpTarget, location: string): HttpTarget {
  const url = new URL(location, new URL(path, `${secure ? 'https' : 'http'}://${host}:${port}`));
  const isSecure = url.protocol === 'https:';
  if (!isSecure && url.protocol !== 'http:') throw new Error(`redirected to ${url.protocol}`);
  const usual = isSecure ? 443 : 80;
  return {
    type: 'http',
    secure: isSecure,
    host: url.hostname,
    port: Number(url.port || usual),
    path: `${url.pathname}${url.search}`,
  };
}

interface Asked {
  outcome: ProbeOutcome;
  /** Of a redirection. */
  location?: string;
}

function reach({ host, port }: ProbeTarget, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

/** Certificates are not judged, as in Marathon and Mesos: a probe asks whether the program answers. */
function ask(target: HttpTarget, bodyBytesMax: number, signal: AbortSignal): Promise<Asked> {
  const { host, port, path, secure } = target;
  const options: RequestOptions = { host, port, path: encodeURI(decoded(path)), agent: false, signal };
  return new Promise((resolve, reject) => {
    const request = secure ? requestHttps({ ...options, rejectUnauthorized: false }) : requestHttp(options);
    request.once('error', reject);
    const answered = (answer: IncomingMessage, body: string) => {
      request.destroy();
      const { statusCode: status = 0, headers } = answer;
      const isRedirection = status >= 300 && status < 400 && headers.location !== undefined;
      const outcome = { type: 'answered' as const, status, contentType: headers['content-type'] ?? '', body };
      resolve({ outcome, ...(isRedirection && { location: headers.location as string }) });
    };
    request.once('upgrade', (answer) => answered(answer, ''));
    request.once('response', (answer) => {
      if (bodyBytesMax === 0) answered(answer, '');
      else readBody(answer, bodyBytesMax).then((body) => answered(answer, body), reject);
    });
    request.end();
  });
}

/** A path may be written with or without escapes. */
function decoded(path: string): string {
  try {
    return decodeURI(path.startsWith('/') ? path : `/${path}`);
  } catch {
    return '/';
  }
}

async function readBody(answer: IncomingMessage, bytesMax: number): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
    if (bytes >= bytesMax) break;
  }
  return Buffer.concat(parts).subarray(0, bytesMax).toString('utf8');
}

function causeOf(error: NodeJS.ErrnoException, target: ProbeTarget, isLate: boolean, timeoutMs: number): string {
  const at = `${target.host}:${target.port}`;
  if (isLate) return `no answer from ${at} within ${timeoutMs / 1000} s`;
  if (error.code === 'ECONNREFUSED') return `connection refused by ${at}`;
  return `${error.message} at ${at}`;
}
