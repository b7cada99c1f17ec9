import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Exchange, ScriptedServer } from './scripted-server.js';

/** An exchange with Apache Mesos as it was recorded; see fixtures/README.md. */
export type TraceEntry =
  | { kind: 'stream'; request: Record<string, unknown>; head: string }
  | { kind: 'chunk'; raw: string }
  | { kind: 'lastChunk'; raw: string }
  | { kind: 'fin' }
  | { kind: 'exchange'; label: string; requestHead: string; request: Record<string, unknown> | null; response: string }
  | { kind: 'refusal'; label: string; response: string };

/** The compiled tests are in dist/; the fixtures are not copied there. */
const FIXTURES = new URL('../../../../test/framework/mesos-http-client/fixtures/', import.meta.url);

export function readTrace(name: string): TraceEntry[] {
  return JSON.parse(readFileSync(fileURLToPath(new URL(`${name}.json`, FIXTURES)), 'utf8')).entries;
}

export function entriesOf<Kind extends TraceEntry['kind']>(trace: readonly TraceEntry[], kind: Kind) {
  return trace.filter((entry): entry is Extract<TraceEntry, { kind: Kind }> => entry.kind === kind);
}

export function firstStream(trace: readonly TraceEntry[]): Extract<TraceEntry, { kind: 'stream' }> {
  const [stream] = entriesOf(trace, 'stream');
  if (!stream) throw new Error('the trace has no stream');
  return stream;
}

/** What an HTTP chunk of a trace carries. */
export function payloadOf(raw: string): Buffer {
  const bytes = Buffer.from(raw, 'utf8');
  const headEnd = bytes.indexOf('\r\n');
  const length = Number.parseInt(bytes.subarray(0, headEnd).toString(), 16);
  return bytes.subarray(headEnd + 2, headEnd + 2 + length);
}

/** The events of the trace's streams. */
export function eventsOf(trace: readonly TraceEntry[]): { type: string }[] {
  return entriesOf(trace, 'chunk').map(({ raw }) => {
    const payload = payloadOf(raw).toString('utf8');
    return JSON.parse(payload.slice(payload.indexOf('\n') + 1));
  });
}

/** How the bytes of a stream are put into HTTP chunks: null as recorded, else cut after so many bytes, in turn. */
export type Cutting = readonly number[] | null;

/**
 * Plays a trace: the n-th SUBSCRIBE gets the n-th stream from its head to the next stream's; other requests get the
 * recorded answers in order, and 202 when these are used up.
 */
export async function playTrace(trace: readonly TraceEntry[], cutting: Cutting = null): Promise<ScriptedServer> {
  const streams = splitStreams(trace);
  const answers = entriesOf(trace, 'exchange').map(({ response }) => response);
  return ScriptedServer.start((exchange) => {
    if (exchange.request.json.type !== 'SUBSCRIBE')
      exchange.write(answers.shift() ?? 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n');
    else playStream(exchange, streams.shift() ?? [], cutting);
  });
}

function splitStreams(trace: readonly TraceEntry[]): TraceEntry[][] {
  const streams: TraceEntry[][] = [];
  for (const entry of trace) {
    if (entry.kind === 'stream') streams.push([]);
    if (entry.kind !== 'exchange') streams.at(-1)?.push(entry);
  }
  return streams;
}

function playStream(exchange: Exchange, stream: readonly TraceEntry[], cutting: Cutting): void {
  let pending: Buffer[] = [];
  const flush = () => {
    for (const piece of cut(Buffer.concat(pending), cutting ?? [])) exchange.chunk(piece);
    pending = [];
  };
  for (const entry of stream) {
    if (entry.kind === 'stream') exchange.write(entry.head);
    else if (entry.kind === 'chunk' && cutting === null) exchange.write(entry.raw);
    else if (entry.kind === 'chunk') pending.push(payloadOf(entry.raw));
    else flush();
    if (entry.kind === 'lastChunk') exchange.write(entry.raw);
    if (entry.kind === 'fin') exchange.fin();
  }
  flush();
}

function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0, i = 0; start < bytes.length; i += 1) {
    const end = start + (lengths[i % lengths.length] ?? bytes.length);
    pieces.push(bytes.subarray(start, end));
    start = end;
  }
  return pieces;
}
