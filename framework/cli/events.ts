import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, Failure } from './failure.js';
import type { Session } from './session.js';
import { dim } from './terminal/colour.js';

export interface EventsOptions {
  follow?: boolean;
  type?: string[];
  timeout: number;
}

interface Frame {
  id: string | null;
  type: string;
  data: Record<string, unknown>;
}

/** Of these types, those that the framework keeps, the oldest first. */
export async function keptEvents(api: Session['api'], types: string[]): Promise<Record<string, unknown>[]> {
  const kept: Record<string, unknown>[] = [];
  await readOnce(api, pathOf('oldest', types, false), ({ data }) => kept.push(data));
  return kept;
}

const RETRY_MS = 1000;
const FRAME_CHARACTERS_MAX = 32 * 2 ** 20;

/** `gaia events`: those that the framework keeps; with `--follow` all that come, over restarts of the framework. */
export async function showEvents(
  session: Session,
  { follow = false, type = [], timeout }: EventsOptions,
): Promise<void> {
  let after = 'oldest';
  const shown: object[] = [];
  const take = ({ id, type: name, data }: Frame) => {
    if (id !== null) after = id;
    if (follow && session.output.forPrograms) session.output.item(data);
    else session.output.line(sentenceOf(name, data));
    if (!follow) shown.push(data);
  };
  for (let lastMs = Date.now(); ; await sleep(RETRY_MS)) {
    const ended = await readOnce(session.api, pathOf(after, type, follow), take).catch((error: Failure) => error);
    if (!follow && ended === null) break;
    if (ended !== null && (!follow || Date.now() - lastMs > timeout * 1000 || isRefusal(ended))) throw ended;
    if (ended === null) lastMs = Date.now();
  }
  session.output.result({ events: shown });
}

const isRefusal = (error: unknown) =>
  !(error instanceof Failure) || error.exitCode === EXIT.refused || error.exitCode === EXIT.usage;

function pathOf(after: string, types: string[], follow: boolean): string {
  const query = new URLSearchParams({ after, follow: String(follow) });
  for (const type of types) query.append('event_type', type);
  return `/v2/events?${query}`;
}

/** Null when the stream ended by itself. */
async function readOnce(api: Session['api'], path: string, take: (frame: Frame) => void): Promise<null> {
  const body = await api.stream(path, 'text/event-stream');
  for await (const block of blocksOf(body)) {
    const frame = frameOf(block);
    if (frame) take(frame);
  }
  return null;
}

/** What stands between empty lines. A connection that breaks ends them. */
async function* blocksOf(body: Readable): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of body.setEncoding('utf8')) {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      if (rest.length > FRAME_CHARACTERS_MAX) return;
      yield* blocks;
    }
  } catch {
    return;
  }
}

function frameOf(block: string): Frame | null {
  const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string]));
  const data = fields.get('data');
  if (data === undefined) return null;
  return { id: fields.get('id') ?? null, type: fields.get('event') ?? 'message', data: JSON.parse(data) };
}

/** Time, type, then the fields that are words or numbers. */
function sentenceOf(type: string, { timestamp, eventType: _eventType, ...data }: Record<string, unknown>): string {
  const plain = Object.entries(data).filter(([, value]) => typeof value !== 'object');
  return `${dim(String(timestamp))}  ${type}  ${plain.map(([name, value]) => `${name}=${value}`).join(' ')}`.trimEnd();
}
