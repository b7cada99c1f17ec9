import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { RecordDecoder } from '../../../framework/mesos-http-client/recordio.js';
import { MasterLoop } from '../../../framework/mesos-local/master/loop.js';
import { MASTER_TIMINGS } from '../../../framework/mesos-local/timings.js';
import { type Entry, type ExchangeEntry, readTrace } from './trace.js';

/** What the embedded master does not do, by label. */
const NOT_DONE: Record<string, string> = {
  'Accept x-protobuf on SUBSCRIBE': 'it speaks JSON only, and says so with 406',
  'gzip Accept-Encoding GET /state': 'build dates are its own',
};

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

const TRACE = readTrace('11-errors');
const JSON_HEADERS = { 'Content-Type': 'application/json', Accept: 'application/json' };

describe('an embedded master on requests recorded from Apache Mesos', () => {
  const directory = mkdtempSync(join(tmpdir(), 'recorded-'));
  let master: MasterLoop;
  let url = '';
  let frameworkId = '';
  let streamId = '';
  const streams: ClientRequest[] = [];

  function send(path: string, method: string, headers: Record<string, string>, body: string | undefined) {
    return new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = request(new URL(path, url), { method, headers, agent: false }, resolve);
      outgoing.once('error', reject).end(body);
      streams.push(outgoing);
    });
  }

  async function exchange(entry: ExchangeEntry): Promise<Answer> {
    const [method = 'POST', path = '/api/v1/scheduler'] = entry.to?.split(' ') ?? [];
    const given = {
      ...JSON_HEADERS,
      ...(entry.streamId && { 'Mesos-Stream-Id': ownStreamId(entry.streamId) }),
      ...entry.headers,
    };
    const headers = Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== null);
    const body = entry.call ? withOwnId(JSON.stringify(entry.call)) : entry.body;
    const response = await send(path, method, Object.fromEntries(headers), body);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() };
  }

  const recordedId = JSON.stringify(TRACE).match(/[0-9-]{36}-\d{4}/)?.[0] ?? '';
  const withOwnId = (text: string) => text.replaceAll(recordedId, frameworkId);
  const ownStreamId = (named: string) => (named.startsWith('?') ? named.slice(1) : streamId);

  before(async () => {
    master = new MasterLoop({
      ...MASTER_TIMINGS,
      ip: '127.0.0.1',
      port: 0,
      workDirectory: directory,
      domain: null,
      seed: 1,
      authentication: { credentials: undefined, closed: [] },
      tls: null,
      onLost: (cause) => assert.fail(cause),
    });
    url = `http://127.0.0.1:${await master.start()}`;
    const first = TRACE.entries.find((entry): entry is Extract<Entry, { stream: string }> => 'stream' in entry);
    const stream = await send('/api/v1/scheduler', 'POST', JSON_HEADERS, JSON.stringify(first?.call));
    streamId = stream.headers['mesos-stream-id'] as string;
    const [chunk] = (await once(stream, 'data')) as [Buffer];
    const [record] = new RecordDecoder().push(chunk);
    frameworkId = JSON.parse(String(record)).subscribed.framework_id.value;
  });

  after(() => {
    for (const stream of streams) stream.destroy();
    master.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('operators may subscribe to events', async () => {
    const stream = await send('/api/v1', 'POST', JSON_HEADERS, JSON.stringify({ type: 'SUBSCRIBE' }));
    assert.equal(stream.statusCode, 200);
    assert.equal(stream.headers['content-type'], 'application/json');
    const [record] = new RecordDecoder().push((await once(stream, 'data'))[0] as Buffer);
    const { type, subscribed } = JSON.parse(String(record));
    assert.deepEqual([type, Object.keys(subscribed)], ['SUBSCRIBED', ['get_state', 'heartbeat_interval_seconds']]);
  });

  for (const [coding, isPacked] of [
    ['gzip', true],
    ['deflate, gzip;q=0.5', true],
    ['*', true],
    ['gzip;q=0, *', false],
    ['deflate', false],
  ] as const) {
    it(`/state to who accepts '${coding}' is ${isPacked ? '' : 'not '}compressed; short answers and streams never are`, async () => {
      const headers = { ...JSON_HEADERS, 'Accept-Encoding': coding };
      const [long, short] = await Promise.all(
        ['/state', '/version'].map((path) => send(path, 'GET', headers, undefined)),
      );
      const stream = await send('/api/v1', 'POST', headers, JSON.stringify({ type: 'SUBSCRIBE' }));
      const codings = [long, short, stream].map((answer) => answer?.headers['content-encoding']);
      assert.deepEqual(codings, [isPacked ? 'gzip' : undefined, undefined, undefined]);
      const chunks: Buffer[] = [];
      for await (const chunk of long as IncomingMessage) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      assert.ok(JSON.parse(String(isPacked ? gunzipSync(body) : body)).frameworks.length > 0);
    });
  }

  it("metrics are read with the machine's own", async () => {
    const answer = await exchange({ label: '', to: 'GET /metrics/snapshot?timeout=5secs', status: 200 });
    const metrics = JSON.parse(answer.text) as Record<string, number>;
    assert.equal(metrics['master/elected'], 1);
    assert.ok((metrics['system/mem_total_bytes'] ?? 0) > 0);
  });

  for (const entry of TRACE.entries.filter((one): one is Entry & ExchangeEntry => 'label' in one)) {
    if (NOT_DONE[entry.label]) continue;
    it(`${entry.label}: ${entry.status}`, async () => {
      const answer = await exchange(entry);
      assert.deepEqual([answer.status, answer.text], [entry.status, withOwnId(entry.text ?? '')]);
      if (entry.status === 405) assert.equal(answer.headers.allow, 'POST');
      if (entry.text) assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
      else assert.equal(answer.headers['content-length'], '0');
    });
  }
});
