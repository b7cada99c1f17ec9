import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MesosError, type MesosErrorCode, refusal } from '../../../framework/mesos-http-client/mesos-error.js';
import {
  type ConnectionState,
  Subscription,
  type SubscriptionAction,
  type SubscriptionEvent,
  type SubscriptionOptions,
} from '../../../framework/mesos-http-client/subscription.js';

const A = 'http://127.0.0.1:1/api/v1/scheduler';
const B = 'http://127.0.0.1:2/api/v1/scheduler';
const OPTIONS: SubscriptionOptions = {
  urls: [A, B],
  backoffMinMs: 100,
  backoffMaxMs: 1600,
  subscribeTimeoutMs: 1000,
  heartbeatIntervalMs: 15_000,
  heartbeatsMissedMax: 5,
  redirectsMax: 2,
  firstWindowMs: null,
  recoveryWindowMs: null,
};
const SUBSCRIBED = record('SUBSCRIBED', { heartbeatIntervalMs: 2000 });
const HEARTBEAT = record('HEARTBEAT');
const OFFERS = record('OFFERS');
const BROKEN: SubscriptionEvent = { type: 'broken', error: failure('connectionFailed') };

function record(name: string, more: { message?: string; heartbeatIntervalMs?: number } = {}): SubscriptionEvent {
  return { type: 'record', name, message: more.message ?? null, heartbeatIntervalMs: more.heartbeatIntervalMs ?? null };
}

function failure(code: MesosErrorCode): MesosError {
  return new MesosError({ code, message: code, remedy: 'none' });
}

function refused(status: number, body = '', location: string | null = null): SubscriptionEvent {
  return { type: 'refused', error: refusal(status, body), location };
}

/** A subscription with a clock that the test moves. `random` is 1 at most, so waits are as long as can be. */
class Bench {
  readonly subscription: Subscription;
  nowMs = 5000;
  actions: SubscriptionAction[] = [];

  constructor(options: Partial<SubscriptionOptions> = {}) {
    this.subscription = new Subscription({ ...OPTIONS, ...options });
    this.step({ type: 'start' });
  }

  step(event: SubscriptionEvent, random = 0.999999999): void {
    this.actions = this.subscription.step(event, this.nowMs, random);
  }

  /** Moves the clock to when a tick is due, and ticks. */
  tickWhenDue(): void {
    const { dueMs } = this.subscription;
    assert.ok(dueMs !== null, 'nothing is due');
    this.nowMs = dueMs;
    this.step({ type: 'tick' });
  }

  subscribe(): void {
    this.step(SUBSCRIBED);
    this.step({ type: 'delivered' });
  }

  get disconnected(): boolean {
    return this.actions.some(({ type }) => type === 'disconnect');
  }

  get connectedTo(): string | undefined {
    return this.actions.flatMap((action) => (action.type === 'connect' ? [action.url] : []))[0];
  }

  get reported(): ConnectionState | undefined {
    return this.actions.flatMap((action) => (action.type === 'report' ? [action.state] : [])).at(-1);
  }

  get causeCode(): MesosErrorCode | undefined {
    const state = this.reported;
    return state?.type === 'disconnected' || state?.type === 'ended' ? state.cause?.code : undefined;
  }
}

describe('Subscription', () => {
  it('connects, and is subscribed with the first event', () => {
    const bench = new Bench();
    assert.equal(bench.connectedTo, A);
    bench.step(SUBSCRIBED);
    assert.deepEqual(bench.reported, { type: 'subscribed', url: A });
    assert.ok(bench.actions.some(({ type }) => type === 'deliver'));
  });

  it('leaves a master that is none any more, at once, and stays with one that is', () => {
    const bench = new Bench();
    bench.subscribe();
    bench.step({ type: 'moved', urls: [B, A] });
    assert.deepEqual(bench.actions, []);
    bench.step({ type: 'moved', urls: [B] });
    assert.equal(bench.causeCode, 'notLeader');
    assert.ok(bench.disconnected);
    assert.equal(bench.subscription.dueMs, bench.nowMs);
    bench.tickWhenDue();
    assert.equal(bench.connectedTo, B);
  });

  it('waits without an end for the first address', () => {
    const bench = new Bench({ urls: [] });
    assert.deepEqual([bench.actions, bench.subscription.dueMs], [[], null]);
    bench.step({ type: 'moved', urls: [B] });
    bench.tickWhenDue();
    assert.equal(bench.connectedTo, B);
  });

  it('does not wait any longer when it learns where to subscribe', () => {
    const bench = new Bench();
    bench.step(BROKEN);
    bench.step({ type: 'moved', urls: [A] });
    assert.deepEqual(bench.actions, []);
    bench.tickWhenDue();
    assert.equal(bench.connectedTo, A);
    for (const url of [A, A]) {
      bench.step(BROKEN);
      bench.tickWhenDue();
      assert.equal(bench.connectedTo, url, 'the former masters are none');
    }
    bench.step({ type: 'moved', urls: [B] });
    bench.step({ type: 'moved', urls: [A] });
    bench.tickWhenDue();
    assert.equal(bench.connectedTo, A);
  });

  it('drops a stream after five silent heartbeat intervals, as SUBSCRIBED names them', () => {
    const bench = new Bench();
    bench.subscribe();
    assert.equal(bench.subscription.dueMs, bench.nowMs + 10_000);
    bench.nowMs += 9999;
    bench.step({ type: 'tick' });
    assert.deepEqual(bench.actions, []);
    bench.step(HEARTBEAT);
    bench.tickWhenDue();
    assert.equal(bench.nowMs, 5000 + 9999 + 10_000);
    assert.equal(bench.causeCode, 'heartbeatsMissed');
    assert.ok(bench.disconnected);
  });

  it('counts no silence while the handler holds up the stream', () => {
    const bench = new Bench();
    bench.subscribe();
    bench.step(OFFERS);
    assert.equal(bench.subscription.dueMs, null);
    bench.nowMs += 1_000_000;
    bench.step({ type: 'tick' });
    assert.deepEqual(bench.actions, []);
    bench.step({ type: 'delivered' });
    assert.equal(bench.subscription.dueMs, bench.nowMs + 10_000);
  });

  it('does not connect again before the handler has returned', () => {
    const bench = new Bench();
    bench.step(SUBSCRIBED);
    bench.step(BROKEN);
    bench.nowMs += 100_000;
    bench.step({ type: 'tick' });
    assert.equal(bench.connectedTo, undefined);
    bench.step({ type: 'delivered' });
    bench.step({ type: 'tick' });
    assert.equal(bench.connectedTo, B);
  });

  it('gives up an attempt without SUBSCRIBED in time, and takes the next master', () => {
    const bench = new Bench();
    bench.tickWhenDue();
    assert.equal(bench.nowMs, 6000);
    assert.equal(bench.causeCode, 'timeout');
    bench.tickWhenDue();
    assert.equal(bench.connectedTo, B);
  });

  it('doubles the back-off up to its maximum, and starts over after a stream that lasted', () => {
    const bench = new Bench();
    const waits = () => {
      bench.step(BROKEN);
      const state = bench.reported;
      bench.tickWhenDue();
      return state?.type === 'disconnected' ? Math.round(state.retryInMs) : null;
    };
    assert.deepEqual([waits(), waits(), waits(), waits(), waits(), waits()], [100, 200, 400, 800, 1600, 1600]);
    bench.subscribe();
    assert.equal(waits(), 1600, 'a stream that is dropped at once');
    bench.subscribe();
    bench.nowMs += 1600;
    assert.equal(waits(), 100, 'a stream that lasted');
  });

  it('spreads the back-off over its upper half', () => {
    for (const [random, waitMs] of [
      [0, 50],
      [0.5, 75],
      [0.99, 99.5],
    ] as const) {
      const bench = new Bench();
      bench.step(BROKEN, random);
      assert.equal(bench.subscription.dueMs, bench.nowMs + waitMs);
    }
  });

  it('follows redirections without a scheme at once, but not for ever', () => {
    const bench = new Bench();
    bench.step(refused(307, '', '//127.0.0.1:9/master/api/v1/scheduler'));
    assert.equal(bench.connectedTo, 'http://127.0.0.1:9/master/api/v1/scheduler');
    bench.step(refused(307, '', '//127.0.0.1:8/master/api/v1/scheduler'));
    assert.equal(bench.connectedTo, 'http://127.0.0.1:8/master/api/v1/scheduler');
    bench.step(refused(307, '', '//127.0.0.1:9/master/api/v1/scheduler'));
    assert.equal(bench.connectedTo, undefined);
    assert.equal(bench.causeCode, 'notLeader');
    bench.tickWhenDue();
    assert.equal(bench.connectedTo, B, 'back to the list');
  });

  it('does not follow a redirection away from HTTP, or from HTTPS to HTTP', () => {
    for (const [url, location] of [
      [A, 'ftp://127.0.0.1/'],
      [A, 'http://['],
      [A, 'http://user:secret@127.0.0.1/'],
      [A.replace('http', 'https'), 'http://127.0.0.1/'],
    ] as const) {
      const bench = new Bench({ urls: [url] });
      bench.step(refused(307, '', location));
      assert.equal(bench.causeCode, 'protocol', location);
      assert.equal(bench.connectedTo, undefined, location);
    }
  });

  it('waits on 503 and on a server without routes, and ends where another attempt cannot help', () => {
    const outcomes: [SubscriptionEvent, 'disconnected' | 'ended', MesosErrorCode][] = [
      [refused(503, 'Master has not finished recovery'), 'disconnected', 'unavailable'],
      [refused(404), 'disconnected', 'unexpectedStatus'],
      [refused(500), 'disconnected', 'unexpectedStatus'],
      [refused(400, 'Failed to validate scheduler::Call'), 'ended', 'badRequest'],
      [refused(401), 'ended', 'unauthenticated'],
      [refused(403, 'Not authorized'), 'ended', 'forbidden'],
      [refused(409), 'ended', 'conflict'],
      [refused(415), 'ended', 'unexpectedStatus'],
    ];
    for (const [event, type, code] of outcomes) {
      const bench = new Bench();
      bench.step(event);
      assert.deepEqual([bench.reported?.type, bench.causeCode], [type, code]);
    }
  });

  it('takes an ERROR before SUBSCRIBED as final, later only if the framework is gone or taken over', () => {
    const outcome = (subscribed: boolean, message: string) => {
      const bench = new Bench();
      if (subscribed) bench.subscribe();
      bench.step(record('ERROR', { message }));
      return [bench.reported?.type, bench.causeCode];
    };
    assert.deepEqual(outcome(false, "'FrameworkInfo.roles' contains duplicate items: { a }"), ['ended', 'refused']);
    assert.deepEqual(outcome(false, 'Framework has been removed'), ['ended', 'frameworkRemoved']);
    assert.deepEqual(outcome(true, 'Framework failed over'), ['ended', 'failedOver']);
    assert.deepEqual(outcome(true, 'something passing'), ['disconnected', 'refused']);
  });

  it('drops a stream that does not begin with SUBSCRIBED', () => {
    const bench = new Bench();
    bench.step(OFFERS);
    assert.equal(bench.causeCode, 'protocol');
  });

  it('drops a stream that begins twice', () => {
    const bench = new Bench();
    bench.subscribe();
    bench.step(SUBSCRIBED);
    assert.equal(bench.causeCode, 'protocol');
  });

  it('acts on the last chunk of a stream', () => {
    const bench = new Bench();
    bench.subscribe();
    bench.step({ type: 'chunkEnd' });
    assert.equal(bench.causeCode, 'streamEnded');
  });

  it('takes two signs of one break for one', () => {
    const bench = new Bench();
    bench.subscribe();
    bench.step({ type: 'chunkEnd' });
    const { dueMs } = bench.subscription;
    bench.step(BROKEN);
    assert.deepEqual(bench.actions, []);
    assert.equal(bench.subscription.dueMs, dueMs);
  });

  it('tries to recover for the window allowed, to its last moment, and then ends', () => {
    const bench = new Bench({ recoveryWindowMs: 1000, firstWindowMs: 10_000 });
    bench.subscribe();
    const brokeAtMs = bench.nowMs;
    bench.step(BROKEN);
    for (let i = 0; i < 20 && bench.reported?.type !== 'ended'; i += 1) {
      bench.tickWhenDue();
      if (bench.connectedTo) bench.step(BROKEN);
    }
    assert.equal(bench.causeCode, 'recoveryTimeout');
    assert.equal(bench.nowMs - brokeAtMs, 1000);
  });

  it('ends with the first break if no recovery is allowed', () => {
    const bench = new Bench({ recoveryWindowMs: 0, firstWindowMs: 10_000 });
    bench.step(BROKEN);
    assert.equal(bench.reported?.type, 'disconnected', 'before the first SUBSCRIBED');
    bench.tickWhenDue();
    bench.subscribe();
    bench.step({ type: 'chunkEnd' });
    assert.equal(bench.causeCode, 'recoveryTimeout');
  });

  it('keeps its invariants whatever comes in whatever order', () => {
    const anyEvent = fc.oneof(
      fc.constantFrom<SubscriptionEvent>(SUBSCRIBED, HEARTBEAT, OFFERS, BROKEN, { type: 'chunkEnd' }, { type: 'tick' }),
      fc.constantFrom<SubscriptionEvent>({ type: 'delivered' }, refused(503), refused(307, '', '//127.0.0.1:7/x')),
      fc.constantFrom<SubscriptionEvent>({ type: 'moved', urls: [A] }, { type: 'moved', urls: [B] }),
      fc.constantFrom<SubscriptionEvent>(refused(400), record('ERROR', { message: 'no' }), {
        type: 'end',
        error: null,
      }),
    );
    const anyStep = fc.record({
      event: anyEvent,
      passedMs: fc.nat(20_000),
      random: fc.double({ min: 0, max: 0.99, noNaN: true }),
    });
    fc.assert(fc.property(fc.array(anyStep, { maxLength: 60 }), holds), { numRuns: 500 });
  });
});

/** One connection at a time; every break waits for a bounded time; one record at a time; nothing after the end. */
function holds(steps: { event: SubscriptionEvent; passedMs: number; random: number }[]): void {
  const subscription = new Subscription(OPTIONS);
  let nowMs = 0;
  const seen = { connected: false, delivering: false, ended: false };
  const all: { event: SubscriptionEvent; passedMs: number; random: number }[] = [
    { event: { type: 'start' }, passedMs: 0, random: 0 },
    ...steps,
  ];
  for (const { event, passedMs, random } of all) {
    nowMs += passedMs;
    if (!isPossible(event, seen)) continue;
    if (event.type === 'delivered') seen.delivering = false;
    for (const action of subscription.step(event, nowMs, random)) check(action, seen);
    const { dueMs } = subscription;
    if (seen.ended) assert.equal(dueMs, null);
    else assert.ok(seen.delivering || dueMs !== null, 'a living subscription that waits for nothing');
    if (dueMs !== null && !seen.connected) assert.ok(dueMs - nowMs <= OPTIONS.backoffMaxMs);
  }
}

/** What `EventStream` can send: records only on a connection and while none is being delivered. */
function isPossible(event: SubscriptionEvent, seen: { connected: boolean; delivering: boolean }): boolean {
  if (event.type === 'delivered') return seen.delivering;
  if (['record', 'refused', 'chunkEnd'].includes(event.type)) return seen.connected && !seen.delivering;
  return true;
}

function check(action: SubscriptionAction, seen: { connected: boolean; delivering: boolean; ended: boolean }): void {
  assert.equal(seen.ended, false, `${action.type} after the end`);
  if (action.type === 'connect') {
    assert.equal(seen.connected, false, 'a second connection');
    assert.equal(seen.delivering, false, 'a connection while a record is being handled');
    seen.connected = true;
  }
  if (action.type === 'disconnect') seen.connected = false;
  if (action.type === 'deliver') {
    assert.equal(seen.delivering, false, 'a second record');
    seen.delivering = true;
  }
  if (action.type === 'report' && action.state.type === 'ended') seen.ended = true;
}
