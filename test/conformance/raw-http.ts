import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

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
    const outgoing = request(new URL(path, baseUrl), { method, headers, agent: false }, resolve);
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
