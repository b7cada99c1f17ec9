import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { sameSecret } from '../authentication.js';
import { Refusal } from '../http-call.js';
import type { Executor } from './state.js';

/** Tokens by which executors prove to their agent who they are: JSON web tokens (HS256) with Mesos' claims. */

interface Claims {
  fid: string;
  eid: string;
  cid: string;
}

type ExecutorIds = Pick<Executor, 'frameworkId' | 'id' | 'containerId'>;

const KEY_BYTES_MIN = 16;

/** @throws Error that names the file */
export function readTokenKey(path: string): string {
  const key = readFileSync(path, 'utf8').trim();
  if (Buffer.byteLength(key) >= KEY_BYTES_MIN) return key;
  throw new Error(`--jwt-secret-key ${path}: the key is shorter than ${KEY_BYTES_MIN} bytes; put a longer one there`);
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const signature = (text: string, key: string): string => createHmac('sha256', key).update(text).digest('base64url');

export function executorToken({ frameworkId, id, containerId }: ExecutorIds, key: string): string {
  const claims: Claims = { cid: containerId, eid: id, fid: frameworkId };
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${text}.${signature(text, key)}`;
}

function unauthorized(description: string | null): Refusal {
  const error = description === null ? '' : `, error="invalid_token", error_description="${description}"`;
  return new Refusal(401, '', { 'WWW-Authenticate': `Bearer realm="mesos-agent-executor"${error}` });
}

/** Whose token the request carries. @throws Refusal 401 with the challenge */
export function tokenClaims(headers: IncomingHttpHeaders, key: string): Claims {
  if (headers.authorization === undefined) throw unauthorized(null);
  const [scheme, token, ...rest] = headers.authorization.split(' ');
  if (token === undefined || rest.length > 0) throw unauthorized("Malformed 'Authorization' header");
  if (scheme !== 'Bearer') throw unauthorized(`Scheme '${scheme}' unsupported`);
  const [head, body, signed, ...more] = token.split('.');
  if (signed === undefined || more.length > 0) throw unauthorized('Invalid JWT: Expected 3 components in token');
  if (!sameSecret(signed, signature(`${head}.${body}`, key)))
    throw unauthorized('Invalid JWT: Token signature does not match');
  return JSON.parse(Buffer.from(body as string, 'base64url').toString('utf8')) as Claims;
}

/** @throws Refusal 403 if the token is another executor's, or of an earlier container of this one */
export function checkClaims({ fid, eid, cid }: Claims, executor: ExecutorIds): void {
  if (fid === executor.frameworkId && eid === executor.id && cid === executor.containerId) return;
  throw new Refusal(
    403,
    `The token's claims are not those of executor ${executor.id} of framework ${executor.frameworkId}`,
  );
}
