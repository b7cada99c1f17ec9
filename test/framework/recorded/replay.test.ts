import assert from 'node:assert/strict';
import { plain } from './comparable.js';
import { Replay } from './replay.js';
import { type Json, readTrace, traceNames } from './trace.js';

/** Recorded with short pings. */
const SHORT_PINGS = { agentPingIntervalMs: 1000, agentPingsMissedMax: 3 };
/** Two agents are offered in the order in which they were. */
const SEEDS: Record<string, number> = { '05-decline': 2 };
/** Two masters: only what the client made of it is replayed. */
const ELSEWHERE = ['15b-master-failover'];

function settingsOf(name: string) {
  return { seed: SEEDS[name] ?? 1, ...(name.startsWith('13') && SHORT_PINGS) };
}

/** What an executor was told, as its own end recorded it. */
function toldExecutor(name: string): [executorId: string, events: Json[]] {
  const { entries } = readTrace(name);
  const opened = entries.find((entry) => 'stream' in entry);
  const events = entries.flatMap((entry) =>
    'event' in entry && entry.event.type !== 'HEARTBEAT' ? [entry.event] : [],
  );
  return [(opened as unknown as { call: { executor_id: { value: string } } }).call.executor_id.value, events];
}

describe('mesos-local on exchanges recorded from Apache Mesos', () => {
  for (const name of traceNames().filter((one) => !one.endsWith('-side') && !ELSEWHERE.includes(one))) {
    it(`says what Mesos said: ${name}`, () => {
      assert.deepEqual(new Replay(readTrace(name), settingsOf(name)).run(), []);
    });
  }

  for (const name of traceNames().filter((one) => one.endsWith('-side'))) {
    it(`tells executors what Mesos told them: ${name}`, () => {
      const replay = new Replay(readTrace(name.split('.')[0] as string), settingsOf(name));
      replay.run();
      const [executorId, events] = toldExecutor(name);
      assert.deepEqual(plain(replay.world.executorEvents.get(executorId)), plain(events));
    });
  }
});
