import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Offer } from '../../../framework/mesos-http-client/types.js';

/** What was recorded between schedulers and Apache Mesos, one folder for all who replay it; see README.md. */

export type Json = Record<string, unknown>;

export type Entry = { t: number } & (
  | { stream: string; call: Json; status: number; path?: string; text?: string }
  | { on: string; event: Json & { type: string }; bytes?: number }
  | { last: string }
  | { closed: string; by: 'client' | 'server' }
  | { note: string }
  | ExchangeEntry
);

export interface ExchangeEntry {
  label: string;
  /** Method and path; POST /api/v1/scheduler if left out. */
  to?: string;
  call?: Json;
  /** What is no JSON. */
  body?: string;
  /** Whose Mesos-Stream-Id is sent, by the stream's label; `?ID`: that very id. */
  streamId?: string;
  /** Beyond those every call has, or instead; null: it is left out. */
  headers?: Record<string, string | null>;
  status: number;
  text?: string;
  answer?: unknown;
}

export interface Trace {
  name: string;
  /** By id: what every offer of theirs says. */
  agents: Record<string, Pick<Offer, 'hostname' | 'url' | 'domain' | 'attributes'>>;
  entries: Entry[];
}

/** Stands for the master's id of the recordings; as long as that one was. */
export const MASTER_ID = '99999999-9999-4999-8999-999999999999';

const NEXT_MASTER_ID = '88888888-8888-4888-8888-888888888888';

/** The compiled tests are in dist/; the recordings are not copied there. */
const FOLDER = fileURLToPath(new URL('../../../../test/framework/recorded/fixtures/', import.meta.url));

export function traceNames(): string[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));
  return files.map((name) => name.slice(0, -'.json'.length)).sort();
}

export function readTrace(name: string): Trace {
  const text = readFileSync(`${FOLDER}${name}.json`, 'utf8')
    .replaceAll('~1', NEXT_MASTER_ID)
    .replaceAll('~', MASTER_ID);
  const { agents, entries } = JSON.parse(text) as { agents: Trace['agents']; entries: Entry[] };
  return { name, agents, entries: entries.map((entry) => unfold(entry, agents, '') as Entry) };
}

/** Takes back the abbreviations of README.md. */
function unfold(value: unknown, agents: Trace['agents'], field: string): unknown {
  if (Array.isArray(value)) {
    if (field === 'container_status') return containerStatus(value as [string, number]);
    return value.map((item) => unfold(item, agents, RESOURCE_FIELDS.includes(field) ? 'resource' : ''));
  }
  if (typeof value === 'string') return unfoldText(value, field);
  if (typeof value !== 'object' || value === null) return value;
  const unfolded = Object.entries(value).flatMap(([name, content]): [string, unknown][] =>
    name === '$' ? Object.entries(agents[content as string] ?? {}) : [[name, unfold(content, agents, name)]],
  );
  return Object.fromEntries(unfolded);
}

const RESOURCE_FIELDS = [
  'resources',
  'volumes',
  'source',
  'total_resources',
  'allocated_resources',
  'offered_resources',
];

function unfoldText(text: string, field: string): unknown {
  if (field === 'capabilities') return text.split(' ').map((type) => ({ type }));
  if (field === 'resource') return resource(text);
  return text.startsWith('=') ? { value: text.slice(1) } : text;
}

function resource(text: string): Json {
  const [, name, amount, role] = /^([^:]+):([^@]+)(?:@(.+))?$/.exec(text) as unknown as [
    string,
    string,
    string,
    string?,
  ];
  const allocation = role === undefined ? {} : { allocation_info: { role } };
  if (!amount.startsWith('[')) return { name, type: 'SCALAR', scalar: { value: Number(amount) }, ...allocation };
  const range = amount
    .slice(1, -1)
    .split(',')
    .map((part) => {
      const [begin, end] = part.split('-').map(Number);
      return { begin, end };
    });
  return { name, type: 'RANGES', ranges: { range }, ...allocation };
}

function containerStatus([value, executor_pid]: [string, number]): Json {
  const network_infos = [{ ip_addresses: [{ protocol: 'IPv4', ip_address: '127.0.0.1' }] }];
  return { container_id: { value }, network_infos, executor_pid };
}
