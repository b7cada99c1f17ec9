import assert from 'node:assert/strict';
import type { SchedulerCallBody } from '../../framework/mesos-http-client/index.js';
import { Outbox } from '../../framework/outbox.js';

const call = (taskId: string): SchedulerCallBody => ({ type: 'KILL', kill: { task_id: { value: taskId } } });
const idOf = (body: SchedulerCallBody) => (body.type === 'KILL' ? body.kill.task_id.value : body.type);

/** A master that answers when the test says so. */
function openOutbox() {
  const sent: string[] = [];
  const lost: [string, Error | 'dropped'][] = [];
  const answers: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const outbox = new Outbox(
    (body) => {
      sent.push(idOf(body));
      return new Promise((resolve, reject) => answers.push({ resolve, reject }));
    },
    (body, error) => lost.push([idOf(body), error]),
  );
  return { outbox, sent, lost, answers };
}

const ids = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`);
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('outbox', () => {
  it('sends in order, 256 at a time, and goes on with every answer', async () => {
    const { outbox, sent, answers } = openOutbox();
    for (const id of ids(300)) outbox.push(call(id));
    assert.deepEqual(sent, ids(256));
    for (const { resolve } of answers.slice(0, 10)) resolve();
    await settled();
    assert.deepEqual(sent, ids(266));
  });

  it('tells which call was refused, and goes on', async () => {
    const { outbox, sent, lost, answers } = openOutbox();
    for (const id of ids(257)) outbox.push(call(id));
    const refused = new Error('refused');
    answers[3]?.reject(refused);
    await settled();
    assert.deepEqual(lost, [['t3', refused]]);
    assert.equal(sent.at(-1), 't256');
  });

  it('gives up the oldest that waits when there is no room, and all when the subscription is over', async () => {
    const { outbox, sent, lost, answers } = openOutbox();
    for (const id of ids(256 + 100_000 + 1)) outbox.push(call(id));
    assert.deepEqual(lost, [['t256', 'dropped']]);
    outbox.clear();
    for (const { resolve } of answers) resolve();
    await settled();
    assert.equal(sent.length, 256);
  });
});
