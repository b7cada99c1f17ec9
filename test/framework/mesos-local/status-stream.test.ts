import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { TaskState, TaskStatus } from '../../../framework/mesos-http-client/types.js';
import {
  acknowledge,
  due,
  isFinished,
  newStream,
  PENDING_UPDATES_MAX,
  push,
  restart,
} from '../../../framework/mesos-local/agent/status-stream.js';

const TIMES = { retryBaseMs: 10_000, retryMaxMs: 600_000 };
const status = (uuid: string, state: TaskState = 'TASK_RUNNING'): TaskStatus => ({
  task_id: { value: 't' },
  state,
  uuid,
});

/** What happens to a stream: an update comes, a message reaches the framework or is lost, time passes, the agent returns. */
const happenings = fc.array(
  fc.oneof(
    fc.constant({ type: 'update' as const }),
    fc.constant({ type: 'repeat' as const }),
    fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 30_000 }), lost: fc.boolean() }),
    fc.record({ type: fc.constant('acknowledge' as const), lost: fc.boolean() }),
    fc.constant({ type: 'stale' as const }),
    fc.record({ type: fc.constant('reregister' as const), lost: fc.boolean() }),
  ),
  { maxLength: 60 },
);

describe('mesos-local: status streams', () => {
  it('every update arrives, in order, whatever is lost, repeated or acknowledged wrongly', () => {
    fc.assert(
      fc.property(happenings, (events) => {
        const stream = newStream();
        const given: string[] = [];
        const received: string[] = [];
        let nowMs = 0;
        const deliver = (sent: TaskStatus | null | undefined, lost: boolean) => {
          if (sent && !lost && !received.includes(sent.uuid ?? '')) received.push(sent.uuid ?? '');
        };
        for (const event of events) {
          if (event.type === 'update') {
            const update = status(`u${given.length}`);
            given.push(update.uuid ?? '');
            if (push(stream, update, nowMs, TIMES) === 'forward') deliver(update, false);
          } else if (event.type === 'repeat' && given.length > 0) {
            assert.equal(push(stream, status(given[0] as string), nowMs, TIMES), 'ignored');
          } else if (event.type === 'wait') {
            nowMs += event.ms;
            deliver(due(stream, nowMs, TIMES), event.lost);
          } else if (event.type === 'acknowledge') {
            const last = received.at(-1);
            const next = last === undefined ? null : acknowledge(stream, last, nowMs, TIMES);
            if (next !== 'ignored') deliver(next, event.lost);
          } else if (event.type === 'stale') {
            assert.equal(acknowledge(stream, 'never-sent', nowMs, TIMES), 'ignored');
          } else if (event.type === 'reregister') deliver(restart(stream, nowMs, TIMES), event.lost);
          assert.deepEqual(received, given.slice(0, received.length), 'a prefix, in order');
        }
        for (let round = 0; stream.pending.length > 0; round++) {
          assert.ok(round <= 3 * given.length, 'repetition does not end');
          nowMs += TIMES.retryMaxMs;
          deliver(due(stream, nowMs, TIMES), false);
          const next = acknowledge(stream, received.at(-1) as string, nowMs, TIMES);
          if (next !== 'ignored') deliver(next, false);
        }
        assert.deepEqual(received, given);
      }),
    );
  });

  it('repeats after 10, 20, 40 s and so on, at most every 10 minutes; a new head starts again at 10 s', () => {
    const stream = newStream();
    push(stream, status('a'), 0, TIMES);
    push(stream, status('b'), 0, TIMES);
    const times: number[] = [];
    for (let nowMs = 0; nowMs < 3_000_000; nowMs += 1000) if (due(stream, nowMs, TIMES)) times.push(nowMs);
    const gaps = times.map((time, index) => time - (times[index - 1] ?? 0));
    assert.deepEqual(
      gaps,
      [10, 20, 40, 80, 160, 320, 600, 600, 600].map((seconds) => seconds * 1000),
    );
    const next = acknowledge(stream, 'a', 3_000_000, TIMES);
    assert.equal(next !== 'ignored' && next?.uuid, 'b');
    assert.equal(due(stream, 3_009_999, TIMES), null);
    assert.equal(due(stream, 3_010_000, TIMES)?.uuid, 'b');
  });

  it('takes nothing after the end, and is finished when the end is acknowledged', () => {
    const stream = newStream();
    assert.equal(push(stream, status('end', 'TASK_FAILED'), 0, TIMES), 'forward');
    assert.equal(push(stream, status('late'), 0, TIMES), 'ignored');
    assert.equal(isFinished(stream), false);
    assert.equal(acknowledge(stream, 'end', 0, TIMES), null);
    assert.equal(isFinished(stream), true);
  });

  it('is bounded, but always takes the end of the task', () => {
    const stream = newStream();
    for (let index = 0; index < PENDING_UPDATES_MAX; index++) push(stream, status(`u${index}`), 0, TIMES);
    assert.equal(push(stream, status('more'), 0, TIMES), 'full');
    assert.equal(push(stream, status('end', 'TASK_FINISHED'), 0, TIMES), 'queued');
  });
});
