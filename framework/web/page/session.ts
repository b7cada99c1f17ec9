/** Who is signed in, and what is asked of the API in their name. Kept for this tab alone, and never in an address. */
import { encodedId } from '../model/route.js';

const KEY = 'gaia.authorization';
const headerName = 'X-Requested-With';

export interface Detail {
  path: string;
  errors: string[];
}

/** An answer that is no success, in the API's own words. Status 0: there was no answer. */
export class ApiFailure extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly remedy: string | null,
    readonly details: Detail[],
  ) {
    super(message);
  }
}

export type Credentials = { token: string } | { user: string; password: string };

let authorization: string | null = sessionStorage.getItem(KEY);
let onSignedOut: () => void = () => {};

/** Called when the API wants to know who asks. */
export function whenSignedOut(call: () => void): void {
  onSignedOut = call;
}

export function signIn(credentials: Credentials): void {
  authorization =
    'token' in credentials ? `Bearer ${credentials.token}` : basic(credentials.user, credentials.password);
  sessionStorage.setItem(KEY, authorization);
}

export function signOut(): void {
  authorization = null;
  sessionStorage.removeItem(KEY);
}

function basic(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

export interface Wish {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: unknown;
  accept?: string;
  /** The version that a change is for. */
  ifMatch?: string;
  signal?: AbortSignal;
}

/** @throws ApiFailure; on 401 whoever shows the page is told, too */
export async function ask(
  path: string,
  { method = 'GET', body, accept, ifMatch, signal }: Wish = {},
): Promise<Response> {
  const headers: Record<string, string> = { Accept: accept ?? 'application/json', [headerName]: 'gaia-page' };
  if (authorization !== null) headers.Authorization = authorization;
  if (ifMatch !== undefined) headers['If-Match'] = `"${ifMatch}"`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const sent = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(path, { method, headers, body: sent, signal: signal ?? null, credentials: 'omit' }).catch(
    (error: Error) => {
      throw error.name === 'AbortError' ? error : notAnswered(error);
    },
  );
  if (answer.status === 401) onSignedOut();
  if (!answer.ok) throw await failureIn(answer);
  return answer;
}

export async function askJson<T>(path: string, wish: Wish = {}): Promise<T> {
  const text = await (await ask(path, wish)).text();
  return (text === '' ? null : JSON.parse(text)) as T;
}

/** The text of an answer as it comes. */
export async function* piecesOf(answer: Response): AsyncGenerator<string> {
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield decoder.decode(value, { stream: true });
  }
}

function notAnswered(error: Error): ApiFailure {
  return new ApiFailure(0, `The framework does not answer: ${error.message}`, 'Look whether it runs: gaia status.', []);
}

async function failureIn(answer: Response): Promise<ApiFailure> {
  const body = (await answer.json().catch(() => ({}))) as { message?: string; remedy?: string; details?: unknown };
  const message = body.message ?? `The framework answered ${answer.status}`;
  const details = Array.isArray(body.details) ? (body.details as Detail[]) : [];
  const said = typeof body.details === 'string' ? `${message}: ${body.details}` : message;
  return new ApiFailure(answer.status, said, body.remedy ?? null, details);
}

/** Below /v2/apps. */
export const appPath = (appId: string, resource = ''): string =>
  `/v2/apps${encodedId(appId)}${resource === '' ? '' : `/${resource}`}`;
