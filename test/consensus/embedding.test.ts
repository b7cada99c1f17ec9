/** What programs around a replica are offered beside proposing: taking back, waiting, watching, counting. */
import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { AbortError, ClosedError, Histogram, QueueFullError } from '../../consensus/index.js';
import { eventually, Founding, Local } from './group.js';

const entry = Buffer.from('entry');
const leaderOf = (among: Local[]) => eventually('a leader', () => among.find((local) => local.leads()));

/** How a promise has failed. */
async function failure<E>(promise: Promise<unknown>, type: new (...args: never[]) => E): Promise<E> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof type, String(error));
  return error;
}

describe('an embedder of a replica', () => {
  let founding: Founding;
  let group: Local[];

  const found = async (members: number) => {
    founding = await Founding.of(members, 'shm');
    group = Array.from({ length: members }, (_, i) => new Local(founding.options(i + 1)));
    return leaderOf(group);
  };
  afterEach(async () => {
    await Promise.all(group.map(({ replica }) => replica.close()));
    founding.remove();
  });

  it('can take queued proposals back, and is told of those for which it is too late', async () => {
    const leader = await found(3);
    const outcomes = new Map<string, AbortError['outcome']>();
    await eventually('some to be taken and some to be left', async () => {
      const control = new AbortController();
      setMaxListeners(0, control.signal);
      // More than fits into the log at once: the last ones have to wait in the queue, however quick the replica is.
      const texts = Array.from({ length: 2500 }, (_, i) => `${outcomes.size + i}`.padEnd(16_384));
      // In one turn of the event loop: no outcome can come between.
      const aborted = texts.map((text) =>
        failure(leader.replica.propose(Buffer.from(text), { signal: control.signal }), AbortError),
      );
      control.abort(new Error('no longer wanted'));
      for (const [i, error] of (await Promise.all(aborted)).entries()) {
        assert.equal((error.cause as Error).message, 'no longer wanted');
        assert.match(error.message, error.outcome === 'unknown' ? /outcome unknown/ : /not proposed/);
        outcomes.set(texts[i] as string, error.outcome);
      }
      return new Set(outcomes.values()).size === 2;
    });
    await leader.replica.propose(entry);
    const committed = leader.entries.map(([, text]) => text);
    assert.equal(committed.pop(), 'entry');
    assert.ok(
      committed.every((text) => outcomes.get(text) === 'unknown'),
      'what was taken back was proposed',
    );
  });

  it('an aborted signal proposes nothing; one that is aborted after the commit changes nothing', async () => {
    const leader = await found(1);
    const error = await failure(leader.replica.propose(entry, { signal: AbortSignal.abort() }), AbortError);
    assert.equal(error.outcome, 'notProposed');
    const control = new AbortController();
    const index = await leader.replica.propose(entry, { signal: control.signal });
    control.abort();
    assert.deepEqual(leader.entries, [[index, 'entry']]);
  });

  it('waits for room after a full queue, and then there is some', async () => {
    const leader = await found(1);
    let refused = 0;
    const proposed = Array.from({ length: 20_000 }, () =>
      leader.replica.propose(entry).catch((error) => {
        assert.ok(error instanceof QueueFullError, String(error));
        refused += 1;
      }),
    );
    await leader.replica.room();
    await leader.replica.propose(entry);
    await Promise.all(proposed);
    assert.ok(refused > 0);
    assert.equal(leader.entries.length, 20_000 - refused + 1);
    await leader.replica.room();
  });

  it('sees the leader and is told of the next one', async () => {
    const first = await found(3);
    await eventually('all to know the leader', () => group.every(({ replica }) => replica.leader !== null));
    const numbers = group.map(({ replica }) => replica.leader?.number);
    assert.deepEqual(numbers, Array(3).fill(group.indexOf(first) + 1));
    const heir = group.findIndex((local) => local !== first);
    const told = group.map(async ({ replica }) => {
      let leader = await replica.leaderChanged();
      while (leader === null) leader = await replica.leaderChanged();
      return leader.number;
    });
    first.replica.transferLeadership(heir + 1);
    assert.deepEqual(await Promise.all(told), Array(3).fill(heir + 1));
  });

  it('waits end with close() and with their signals', async () => {
    const leader = await found(1);
    const changed = failure(leader.replica.leaderChanged(), ClosedError);
    const abandoned = failure(leader.replica.leaderChanged({ signal: AbortSignal.timeout(20) }), Error);
    assert.equal((await abandoned).name, 'AbortError');
    await leader.replica.close();
    await changed;
    await failure(leader.replica.room(), ClosedError);
    assert.throws(() => leader.replica.metrics(), ClosedError);
  });

  it('counts what it commits', async () => {
    const leader = await found(3);
    const before = leader.replica.metrics();
    await Promise.all(Array.from({ length: 2000 }, () => leader.replica.propose(entry)));
    const { batchEntries, batchBytes, commitLatencyNs, journalBytes, elections, lagEntries } = leader.replica.metrics();
    assert.equal(batchEntries.sum - before.batchEntries.sum, 2000);
    assert.equal(batchBytes.sum - before.batchBytes.sum, 2000 * entry.length);
    assert.ok(batchEntries.count < 2000, 'entries are committed in batches');
    assert.ok(commitLatencyNs.quantile(0.5) > 0 && commitLatencyNs.quantile(0.99) >= commitLatencyNs.quantile(0.5));
    assert.ok(journalBytes > 2000 * entry.length);
    assert.ok(elections >= 1);
    assert.equal(lagEntries, 0);
  });
});

describe('Histogram', () => {
  it('answers quantiles and merges', () => {
    const a = new Histogram(3, 30, [[10, 3]]);
    const b = new Histogram(2, 110, [
      [10, 1],
      [100, 1],
    ]);
    const both = a.merge(b);
    assert.deepEqual(
      [both.count, both.sum, both.buckets],
      [
        5,
        140,
        [
          [10, 4],
          [100, 1],
        ],
      ],
    );
    assert.deepEqual(
      [0, 0.8, 0.81, 1].map((share) => both.quantile(share)),
      [10, 10, 100, 100],
    );
    assert.equal(new Histogram(0, 0, []).quantile(0.5), 0);
  });
});
