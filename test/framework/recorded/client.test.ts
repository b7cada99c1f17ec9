import assert from 'node:assert/strict';
import { ExecutorClient, parseExecutorEnvironment } from '../../../framework/mesos-http-client/index.js';
import { encodeRecord } from '../../../framework/mesos-http-client/recordio.js';
import { encodeJson } from '../../../framework/mesos-local/json.js';
import { Watched } from '../mesos-http-client/scheduler-harness.js';
import { type Exchange, ScriptedServer, until } from '../mesos-http-client/scripted-server.js';
import { type Entry, type Json, readTrace, traceNames } from './trace.js';

type Recorded = Extract<Entry, { on: string }>;
type Opened = Extract<Entry, { stream: string }>;

interface RecordedStream {
  name: string;
  opened: Opened;
  events: Recorded[];
}

/** A label is used again when its stream has ended. */
function streamsOf(name: string): RecordedStream[] {
  const { entries } = readTrace(name);
  return entries.flatMap((opened, index) => {
    if (!('stream' in opened) || opened.status !== 200 || opened.path === '/api/v1') return [];
    const later = entries.slice(index + 1);
    const next = later.findIndex((entry) => 'stream' in entry && entry.stream === opened.stream);
    const own = next === -1 ? later : later.slice(0, next);
    const events = own.filter((entry): entry is Recorded => 'event' in entry && entry.on === opened.stream);
    return [{ name: `${name}, ${opened.stream}`, opened, events }];
  });
}

const STREAMS = traceNames().flatMap(streamsOf);
const isExecutors = ({ opened }: RecordedStream): boolean => opened.path === '/api/v1/executor';

/** As one HTTP chunk, which is how every record came. */
function chunkOf({ event }: Recorded): Buffer {
  const payload = encodeRecord(encodeJson(event));
  return Buffer.concat([Buffer.from(`${payload.length.toString(16)}\r\n`), payload, Buffer.from('\r\n')]);
}

async function played(stream: RecordedStream, run: (server: ScriptedServer) => Promise<void>): Promise<void> {
  let isFirst = true;
  const server = await ScriptedServer.start((exchange: Exchange) => {
    if (exchange.request.json.type !== 'SUBSCRIBE') return exchange.answer('202 Accepted');
    exchange.beginStream('a-stream');
    if (isFirst) for (const entry of stream.events) exchange.write(chunkOf(entry));
    isFirst = false;
  });
  try {
    await run(server);
  } finally {
    await server.close();
  }
}

/** What clients are told: heartbeats are their own business, and an error ends them. */
function told({ events }: RecordedStream): Json[] {
  return events.map(({ event }) => event).filter(({ type }) => type !== 'HEARTBEAT' && type !== 'ERROR');
}

describe('clients on streams recorded from Apache Mesos', () => {
  it('are many', () => assert.ok(STREAMS.length > 50));

  it('events are printed here in as many bytes as there', () => {
    for (const { name, events } of STREAMS) {
      for (const entry of events)
        assert.equal(chunkOf(entry).length, entry.bytes, `${name}: ${encodeJson(entry.event)}`);
    }
  });

  it('a scheduler is told every event, and ends at an ERROR', async () => {
    for (const stream of STREAMS.filter((one) => !isExecutors(one))) {
      const { framework_info } = stream.opened.call.subscribe as { framework_info: never };
      await played(stream, async (server) => {
        const client = new Watched([server.address], { framework: framework_info });
        try {
          await until(stream.name, () => client.events.length >= told(stream).length);
          assert.deepEqual(client.events, told(stream), stream.name);
          const isOver = stream.events.some(({ event }) => event.type === 'ERROR');
          if (isOver) await until(`${stream.name} ends`, () => client.count('ended') === 1);
        } finally {
          await client.client.close();
        }
      });
    }
  });

  it('an executor is told every event', async () => {
    for (const stream of STREAMS.filter(isExecutors)) {
      await played(stream, async (server) => {
        const events: object[] = [];
        const { framework_id, executor_id } = stream.opened.call as Record<string, { value: string }>;
        const environment = parseExecutorEnvironment({
          MESOS_AGENT_ENDPOINT: server.address,
          MESOS_FRAMEWORK_ID: framework_id?.value ?? '',
          MESOS_EXECUTOR_ID: executor_id?.value ?? '',
        });
        const client = new ExecutorClient({ environment, onEvent: (event) => void events.push(event) });
        client.subscribe();
        const delivered = told(stream).filter(({ type }) => type !== 'ACKNOWLEDGED');
        try {
          await until(stream.name, () => events.length >= delivered.length);
          assert.deepEqual(events, delivered, stream.name);
        } finally {
          await client.close();
        }
      });
    }
  });
});
