import { apiUrl, basicAuthorization, type Credentials } from './api-url.js';
import { type Answer, CallChannel } from './call-channel.js';
import type { GetAgents, GetState, OperatorCall, OperatorResponse, VersionInfo } from './calls.js';
import { MesosError, refusal } from './mesos-error.js';
import { redirectTarget } from './redirect.js';
import { parseShallowJson } from './shallow-json.js';
import * as shapes from './shape.js';
import type { TlsSource } from './tls.js';

export interface OperatorClientOptions {
  /** `host:port` or URL of a master or an agent. Any master will do: those that do not lead say who does. */
  address: string;
  credentials?: Credentials;
  /** Given: asked over HTTPS only, an address without a scheme, too. */
  tls?: TlsSource;
  timeoutMs?: number;
  responseBytesMax?: number;
  /** Agents redirect to nobody: 0 for them. Default 3. */
  redirectsMax?: number;
}

const OPERATOR_PATH = '/api/v1';
const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_REDIRECTS_MAX = 3;
const readFileBody = shapes.fields({ size: shapes.number, data: shapes.optional(shapes.text) });

/** The part of `GET /state` that is common to masters and agents; the rest is as Mesos sends it. */
export interface StateDocument {
  id: string;
  pid: string;
  hostname: string;
  version: string;
  [key: string]: unknown;
}

/** Questions to a master or an agent: v1 operator HTTP API. Every method rejects with MesosError. Holds no connection. */
export class OperatorClient {
  readonly #options: OperatorClientOptions;
  readonly #headers: Record<string, string>;

  /** @throws RangeError if the address is none */
  constructor(options: OperatorClientOptions) {
    this.#options = options;
    this.#url(OPERATOR_PATH);
    this.#headers = basicAuthorization(options.credentials);
  }

  async getHealth(): Promise<boolean> {
    return (await this.#call({ type: 'GET_HEALTH' }, 'get_health')).healthy;
  }

  async getVersion(): Promise<VersionInfo> {
    return (await this.#call({ type: 'GET_VERSION' }, 'get_version')).version_info;
  }

  /** Masters only. */
  getAgents(): Promise<GetAgents> {
    return this.#call({ type: 'GET_AGENTS' }, 'get_agents');
  }

  /** Everything the server knows in v1 form; `getStateDocument` has it in the older form. */
  getState(): Promise<GetState> {
    return this.#call({ type: 'GET_STATE' }, 'get_state');
  }

  /**
   * Part of a file the server exposes: its log, or of an agent the files of sandboxes.
   * @param length in bytes; to the end of the file if left out
   * @returns the bytes, and the size of the whole file
   */
  async readFile(path: string, offset = 0, length?: number): Promise<{ size: number; data: Buffer }> {
    const read_file = { path, offset, ...(length !== undefined && { length }) };
    const answer = await this.#call({ type: 'READ_FILE', read_file }, 'read_file');
    const problem = readFileBody(answer);
    if (problem !== null) throw protocolError(`read_file${problem}`);
    const { size, data } = answer;
    return { size, data: Buffer.from(data ?? '', 'base64') };
  }

  /** `GET /state`: the older, flat form, which servers answer that know no v1 operator API. */
  async getStateDocument(): Promise<StateDocument> {
    return parse<StateDocument>(await this.#exchange('GET', '/state', null), '/state', 'id');
  }

  async #call<Key extends string>(call: OperatorCall, key: Key): Promise<BodyOf<Key>> {
    const text = await this.#exchange('POST', OPERATOR_PATH, call);
    return parse<Record<Key, BodyOf<Key>>>(text, call.type, key)[key];
  }

  async #exchange(method: 'GET' | 'POST', path: string, body: object | null): Promise<string> {
    const { redirectsMax = DEFAULT_REDIRECTS_MAX } = this.#options;
    let url = this.#url(path);
    for (let redirects = 0; ; redirects += 1) {
      const { status, location, text } = await this.#once(url, method, body);
      if (status === 200) return text;
      const target = status === 307 && location !== null ? redirectTarget(location, url) : null;
      if (target === null || redirects >= redirectsMax) throw refusal(status, text);
      url = target;
    }
  }

  #url(path: string): string {
    return apiUrl(this.#options.address, path, this.#options.tls !== undefined);
  }

  async #once(url: string, method: 'GET' | 'POST', body: object | null): Promise<Answer> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, responseBytesMax, tls } = this.#options;
    const limits = responseBytesMax === undefined ? { timeoutMs } : { timeoutMs, responseBytesMax };
    const channel = new CallChannel({ url, headers: this.#headers, tls, ...limits });
    try {
      return await channel.exchange(method, body);
    } finally {
      await channel.close();
    }
  }
}

/** The answer's body by its field's name. */
type BodyOf<Key extends string> = OperatorResponse extends infer R
  ? R extends { [K in Key]: infer B }
    ? B
    : never
  : never;

function parse<T>(text: string, asked: string, key: string): T {
  try {
    const answer = parseShallowJson(text) as T;
    if (typeof answer === 'object' && answer !== null && key in answer) return answer;
  } catch {
    // Said below, as for JSON without the field.
  }
  throw protocolError(`the answer to ${asked} has no '${key}': ${text.slice(0, 100)}`);
}

function protocolError(message: string): MesosError {
  return new MesosError({ code: 'protocol', message, remedy: 'check that the address is that of a Mesos v1 HTTP API' });
}
