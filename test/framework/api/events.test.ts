import assert from 'node:assert/strict';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventLog } from '../../../framework/events/log.js';
import { EventStream } from '../../../framework/events/stream.js';
import { api, buildWith, call, freshApi, put, service, web } from './harness.js';

const accept = { accept: 'text/event-stream' };
const ended = (reason: string) => ({ eventType: 'app_terminated_event' as const, appId: reason, timestamp: 'now' });

interface Frame {
  id?: string;
  event?: string;
  data?: string;
}

const framesOf = (text: string): Frame[] =>
  text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2))));

async function kept(query = '', headers: Record<string, string> = {}): Promise<Frame[]> {
  const answer = await call('GET', `/v2/events?follow=false${query}`, undefined, { ...accept, ...headers });
  assert.equal(answer.status, 200);
  return framesOf(answer.body);
}

describe('api: events', () => {
  freshApi();

  it('answers 405 to whoever does not ask for a stream by name', async () => {
    for (const range of ['*/*', 'application/json', 'text/*']) {
      const { status, headers } = await call('GET', '/v2/events', undefined, { accept: range });
      assert.deepEqual([status, headers.allow], [405, 'GET'], range);
    }
    const { headers } = await call('GET', '/v2/events?follow=false', undefined, {
      accept: 'a/b, text/event-stream;q=1',
    });
    assert.equal(headers['content-type'], 'text/event-stream;charset=UTF-8');
  });

  it('tells of posts with the app, in frames that name id and type', async () => {
    await put(web);
    const [frame] = await kept('&after=oldest');
    assert.equal(frame?.event, 'api_post_event');
    assert.equal(frame?.id, 'memory-0');
    const { eventType, timestamp, clientIp, uri, appDefinition } = JSON.parse(frame?.data ?? '');
    assert.deepEqual([eventType, clientIp, uri, appDefinition.id], ['api_post_event', '127.0.0.1', '/v2/apps', web.id]);
    assert.match(timestamp, /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/);
    await call('PATCH', '/v2/apps/shop/web', { instances: 1 });
    assert.equal(
      JSON.parse((await kept('&after=oldest&event_type=api_post_event'))[1]?.data ?? '').uri,
      '/v2/apps/shop/web',
    );
  });

  it('begins with the present, filters by type, and resumes after the id that a client saw last', async () => {
    for (const id of ['/a', '/b', '/c']) service.events.publish(ended(id));
    assert.deepEqual(
      (await kept('&event_type=app_terminated_event')).map(({ id }) => id),
      [],
    );
    const resumed = await kept('&event_type=app_terminated_event&event_type=none', { 'last-event-id': 'memory-1' });
    assert.deepEqual(
      resumed.map(({ id, data }) => [id, JSON.parse(data ?? '').appId]),
      [['memory-2', '/c']],
    );
  });

  it('says what it cannot tell: ids of another life, and ids that are not kept any more', async () => {
    service.events.publish(ended('/a'));
    const [gap, next] = await kept('&event_type=app_terminated_event', { 'last-event-id': 'former-7' });
    assert.deepEqual([gap?.event, gap?.id, next?.id], ['gap', undefined, 'memory-0']);
    const content = JSON.parse(gap?.data ?? '');
    assert.deepEqual([content.after, content.oldest, content.missed], ['former-7', 'memory-0', null]);
    for (let i = 0; i < 2000; i++) service.events.publish(ended(`/x${i}`));
    const [late] = await kept('&event_type=none', { 'last-event-id': 'memory-0' });
    const { oldest, missed, reason } = JSON.parse(late?.data ?? '');
    assert.equal(late?.event, 'gap');
    assert.equal(missed, Number(oldest.split('-')[1]) - 1);
    assert.match(reason, /memory-0 cannot be told: it is not kept any more/);
  });

  it('serves a bounded number of streams, and tells who comes and goes', async () => {
    buildWith({ eventStreamsMax: 2 });
    const url = await api.listen({ host: '127.0.0.1', port: 0 });
    const open = () =>
      new Promise<{ status: number; close: () => void }>((resolve, reject) => {
        const asked = request(`${url}/v2/events`, { headers: accept }, (answer) => {
          answer.on('error', () => undefined).resume();
          resolve({ status: answer.statusCode ?? 0, close: () => asked.destroy() });
        });
        asked.on('error', reject).end();
      });
    const streams = await Promise.all(Array.from({ length: 2 }, open));
    assert.equal((await open()).status, 503);
    streams[0]?.close();
    const detached = () =>
      Array.from({ length: 200 }, (_, at) => service.events.at(at)?.type).includes('event_stream_detached');
    for (let i = 0; i < 200 && !detached(); i++) await sleep(10);
    assert.ok(detached());
    const again = await open();
    assert.equal(again.status, 200);
    for (const { close } of [...streams, again]) close();
  });

  it('ends a reader that is too slow, and tells it so first', async () => {
    const address = await api.listen({ host: '127.0.0.1', port: 0 });
    const { port } = new URL(address) as unknown as AddressInfo;
    const asked = request({ port, path: '/v2/events', headers: accept }).end();
    const [answer] = await new Promise<import('node:http').IncomingMessage[]>((resolve) =>
      asked.once('response', (...given) => resolve(given)),
    );
    answer?.pause();
    const long = 'x'.repeat(4096);
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 500; i++) service.events.publish(ended(long));
      await sleep(1);
    }
    let text = '';
    answer?.on('data', (chunk) => {
      text += chunk;
    });
    answer?.resume();
    await new Promise((resolve) => answer?.once('close', resolve));
    const last = framesOf(text).at(-1);
    assert.equal(last?.event, 'gap');
    assert.match(JSON.parse(last?.data ?? '').reason, /too slow.*the stream ends/);
  });
});

describe('the log of events', () => {
  it('keeps a bounded number of characters, and always the newest event', () => {
    const log = new EventLog('l');
    const big = 'x'.repeat(5 * 2 ** 20);
    for (let i = 0; i < 5; i++) log.publish(ended(big));
    assert.deepEqual([log.oldest, log.next], [2, 5]);
    log.publish(ended('x'.repeat(17 * 2 ** 20)));
    assert.deepEqual([log.oldest, log.next, log.at(5)?.id], [5, 6, 'l-5']);
  });

  it('a stream that nobody reads holds no more than its buffer, and is ended when it has missed something', () => {
    const log = new EventLog('l', 4096);
    let overruns = 0;
    const onOverrun = () => {
      overruns += 1;
    };
    const stream = new EventStream(log, { types: [], follow: true, now: () => 0, mayRead: () => true, onOverrun });
    stream.read(0);
    for (let i = 0; i < 4096; i++) log.publish(ended('x'.repeat(1000)));
    assert.ok(stream.readableLength > 0 && stream.readableLength < 64 * 1024, String(stream.readableLength));
    assert.equal(overruns, 0);
    for (let i = 0; i < 100; i++) log.publish(ended('x'));
    assert.equal(overruns, 1);
    stream.destroy();
  });
});
