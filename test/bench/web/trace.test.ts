import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readTrace } from './trace.js';

interface Event {
  name: string;
  pid?: number;
  tid?: number;
  ts?: number;
  dur?: number;
}

/** Excerpts of what Chromium wrote. */
const recorded = (name: 'opened' | 'followed'): Event[] => {
  const file = new URL(`../../../../test/bench/web/fixtures/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(fileURLToPath(file), 'utf8')).traceEvents;
};
const read = (traceEvents: Event[]) => readTrace(JSON.stringify({ traceEvents }));
const [opened, followed] = [recorded('opened'), recorded('followed')];
const without = (events: Event[], nth: number, name: string) => {
  const gone = events.filter((event) => event.name === name)[nth];
  return events.filter((event) => event !== gone);
};

describe('bench: traces of the web page', () => {
  it('an opening: its longest task, and when the first rows were drawn', () => {
    assert.deepEqual(read(opened), {
      longestTaskMs: 233.569,
      longestTaskCpuMs: 65.632,
      longTasks: 1,
      firstUsefulPaintMs: 825.626,
      updates: 0,
    });
  });

  it('the order in which events were written does not count', () => {
    assert.deepEqual(read(opened.toReversed()), read(opened));
  });

  it('rows that were painted and not drawn are not useful yet', () => {
    assert.equal(read(without(without(opened, 1, 'DrawFrame'), 0, 'DrawFrame')).firstUsefulPaintMs, null);
    assert.equal(
      read(opened.filter(({ name, dur }) => name !== 'Commit' || dur === undefined)).firstUsefulPaintMs,
      null,
    );
  });

  it('changes count that were painted before the next', () => {
    assert.equal(read(followed).updates, 5);
    assert.equal(read(without(followed, 2, 'Commit')).updates, 4);
    assert.equal(read(without(followed, 4, 'Commit')).updates, 4);
  });

  it('tasks of other threads and processes, and those before the navigation, are not the page’s', () => {
    const task = opened.find(({ dur = 0 }) => dur > 200_000) as Required<Event>;
    const longer = { ...task, dur: 999_000 };
    const others = [
      { ...longer, pid: task.pid + 1 },
      { ...longer, tid: task.tid + 1 },
      { ...longer, ts: task.ts - 5_000_000 },
    ];
    assert.equal(read([...opened, ...others]).longestTaskMs, 233.569);
    assert.equal(read([...opened, longer]).longestTaskMs, 999);
  });

  it('a trace of something else is refused', () => {
    assert.throws(() => read([{ name: 'RunTask', pid: 1, tid: 1, ts: 1, dur: 5 }]), /neither of the page's marks/);
    assert.throws(() => read(followed.filter(({ name }) => name !== 'RunTask')), /no tasks/);
  });
});
