import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { authorization } from './credential.js';

/** HTTP without any client library's help: what is sent is what is written here. */

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface RawRequest {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: string;
}

export function open(baseUrl: string, { method = 'POST', path = '/', headers = {}, body }: RawRequest) {
  return new Promise<IncomingMessage>((resolve, reject) => {
    const all = { ...authorization(), ...headers };
    const outgoing = request(new URL(path, baseUrl), { method, headers: all, agent: false }, resolve);
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

export async function send(baseUrl: string, order: RawRequest): Promise<Answer> {
  const response = await open(baseUrl, order);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString('utf8') };
}

/** GET of a page. @throws Error unless it is answered with JSON */
export async function page<Body>(baseUrl: string, path: string): Promise<Body> {
  const { status, text } = await send(baseUrl, { method: 'GET', path });
  if (status !== 200) throw new Error(`GET ${path} answers ${status} ${text}`);
  return JSON.parse(text) as Body;
}
