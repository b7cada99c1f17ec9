/** What every store promises, of both; and what only the one in ZooKeeper can: one scheduler takes it from another. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import _ from 'lodash';
import type { Change } from '../../../framework/scheduler/state.js';
import { openLmdbStore } from '../../../framework/store/lmdb.js';
import { type Store, StoreError } from '../../../framework/store/store.js';
import { openZooKeeperStore } from '../../../framework/store/zookeeper.js';
import { readZooKeeperStore } from '../../../framework/store/zookeeper-reading.js';
import { type Operation, ZooKeeper, ZooKeeperError } from '../../../framework/zookeeper/index.js';
import { randomFrom } from '../../random.js';
import { ZooKeeperServers } from '../../zookeeper.js';

const sorted = (store: Store) => _.sortBy(store.entries(), 0);
/** Does not compress well: two pieces in ZooKeeper, and two of them need several transactions. */
function bulky(seed: number): object {
  const random = randomFrom(seed);
  return { seed, text: Array.from({ length: 110_000 }, () => random().toString(36).slice(2, 12)).join('') };
}

describe('stores', function () {
  this.timeout(90_000);
  let servers: ZooKeeperServers;
  let zooKeeper: ZooKeeper;
  let directory: string;
  let places = 0;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gaia-stores-'));
    // ZooKeeper remembers its newest 500 transactions, and those here are large.
    servers = await ZooKeeperServers.start({ flags: ['-Xmx600m', '-XX:TieredStopAtLevel=1'] });
    zooKeeper = new ZooKeeper({
      servers: [{ host: '127.0.0.1', port: servers.ports[0] as number }],
      timeoutMs: 20_000,
    });
  });
  beforeEach(() => {
    places += 1;
  });
  after(async () => {
    zooKeeper?.close();
    await servers?.stop();
    await rm(directory, { recursive: true, force: true });
  });

  const inZooKeeper = (through = zooKeeper) => openZooKeeperStore(through, `/stores/${places}`);
  const kinds: [name: string, open: () => Promise<Store>][] = [
    ['embedded', () => openLmdbStore(join(directory, `${places}`))],
    ['in ZooKeeper', () => inZooKeeper()],
  ];

  for (const [name, open] of kinds) {
    /** Writes the batches, each to a store of its own; gives back what is there then. */
    const left = async (...batches: Change[][]): Promise<[string, object][]> => {
      for (const batch of batches) {
        const store = await open();
        await store.write(batch);
        await store.close();
      }
      const store = await open();
      const found = sorted(store);
      await store.close();
      return found;
    };

    describe(name, () => {
      it('gives back what was written, and only that', async () => {
        const first: Change[] = [
          { key: 'app:/x/ä b', value: { text: 'ä\u0000"', list: [1, null] } },
          { key: 'task:1', value: { n: 1 } },
          { key: 'task:3', value: { n: 3 } },
        ];
        const second: Change[] = [
          { key: 'task:1', value: null },
          { key: 'task:2', value: { n: 2 } },
          { key: 'task:3', value: { n: 4 } },
        ];
        assert.deepEqual(await left(first, second), [
          ['app:/x/ä b', { text: 'ä\u0000"', list: [1, null] }],
          ['task:2', { n: 2 }],
          ['task:3', { n: 4 }],
        ]);
      });

      it('takes the last of several changes of a record, and removals of what is not there', async () => {
        const batch: Change[] = [
          { key: 'a:1', value: { n: 1 } },
          { key: 'a:1', value: { n: 2 } },
          { key: 'a:2', value: { n: 1 } },
          { key: 'a:2', value: null },
          { key: 'a:3', value: null },
        ];
        assert.deepEqual(await left(batch), [['a:1', { n: 2 }]]);
        assert.deepEqual(await left([]), [['a:1', { n: 2 }]]);
      });

      it('keeps large records, also when they get smaller, and large batches', async () => {
        assert.deepEqual(await left([{ key: 'a:1', value: bulky(1) }]), [['a:1', bulky(1)]]);
        const many = _.range(5000).map((n): Change => ({ key: `b:${n}`, value: { n } }));
        const all = await left([{ key: 'a:1', value: { n: 1 } }, ...many]);
        assert.equal(all.length, 5001);
        assert.deepEqual(all[0], ['a:1', { n: 1 }]);
        assert.deepEqual(
          await left([{ key: 'a:1', value: null }, ...many.map(({ key }) => ({ key, value: null }))]),
          [],
        );
      });

      it('stores in the order of the writes, without waiting between them', async () => {
        const store = await open();
        await Promise.all(_.range(20).map((n) => store.write([{ key: 'a:1', value: { n } }])));
        await store.close();
        assert.deepEqual(await left(), [['a:1', { n: 19 }]]);
      });
    });
  }

  const refusesAsLost = (writing: Promise<void>) =>
    assert.rejects(writing, (error) => error instanceof StoreError && error.lost);

  it('in ZooKeeper: who opened it later has it; the former holder is refused, in large batches, too', async () => {
    const former = await inZooKeeper();
    await former.write([{ key: 'a:1', value: { by: 'former' } }]);
    const present = await inZooKeeper();
    await refusesAsLost(former.write([{ key: 'a:1', value: { by: 'former again' } }]));
    await refusesAsLost(former.write([{ key: 'a:1', value: bulky(2) }]));
    await present.write([{ key: 'a:2', value: { by: 'present' } }]);
    await refusesAsLost(former.write([{ key: 'a:2', value: null }]));
    assert.deepEqual(sorted(await inZooKeeper()), [
      ['a:1', { by: 'former' }],
      ['a:2', { by: 'present' }],
    ]);
  });

  it('in ZooKeeper: is read as of one moment, whatever is written meanwhile', async () => {
    const store = await inZooKeeper();
    const records = (n: number) => _.range(5).map((at): Change => ({ key: `a:${at}`, value: { n } }));
    await store.write(records(0));
    let reads = 0;
    // In the midst of the first two attempts.
    const interfering = replacing(zooKeeper, 'get', async (path: string) => {
      reads += Number(path.includes('/records/'));
      if (reads === 2 || reads === 7) await store.write(reads === 2 ? records(1) : [{ key: 'a:0', value: null }]);
      return zooKeeper.get(path);
    });
    const found = await readZooKeeperStore(interfering, `/stores/${places}`);
    assert.deepEqual(
      _.sortBy(found, 0),
      _.range(1, 5).map((at) => [`a:${at}`, { n: 1 }]),
    );
    assert.ok(reads > 7, 'it was read more than once');
  });

  it('in ZooKeeper: a session that is over writes nothing', async () => {
    const own = new ZooKeeper({
      servers: [{ host: '127.0.0.1', port: servers.ports[0] as number }],
      timeoutMs: 10_000,
    });
    const store = await inZooKeeper(own);
    own.close();
    await refusesAsLost(store.write([{ key: 'a:1', value: {} }]));
  });

  it('in ZooKeeper: is for its user only, and says so', async () => {
    const [port] = servers.ports as [number];
    const own = new ZooKeeper({ servers: [{ host: '127.0.0.1', port }], timeoutMs: 10_000, user: 'gaia:secret' });
    try {
      await (await inZooKeeper(own)).write([{ key: 'a:1', value: {} }]);
      await assert.rejects(inZooKeeper(), /belongs to another user of ZooKeeper; .* --zk-user-file/);
      await assert.rejects(readZooKeeperStore(zooKeeper, `/stores/${places}`), /belongs to another user/);
      assert.deepEqual(await readZooKeeperStore(own, `/stores/${places}`), [['a:1', {}]]);
    } finally {
      own.close();
    }
  });

  it('in ZooKeeper: refuses records of a later schema version, names both, and says what to do', async () => {
    await (await inZooKeeper()).close();
    await zooKeeper.set(`/stores/${places}/head`, Buffer.from('{"schema":99}'));
    await assert.rejects(
      inZooKeeper(),
      /schema version 99, this program reads version 1; a later GAIA than \S+ wrote them: use that one, or restore a backup/,
    );
  });

  it('in ZooKeeper: a large batch is whole or not there, wherever its writer ended', async () => {
    const before: Change[] = [{ key: 'a:1', value: bulky(1) }];
    const batch: Change[] = [...before, { key: 'a:2', value: bulky(2) }, { key: 'a:3', value: bulky(3) }];
    batch.push({ key: 'a:1', value: { n: 1 } });
    const outcomes = new Set<number>();
    for (let writes = 0; outcomes.size < 3; writes += 1) {
      places += 1;
      const store = await inZooKeeper();
      await store.write(before);
      const dying = await inZooKeeper(failing(zooKeeper, writes));
      const written = await dying.write(batch).then(
        () => true,
        () => false,
      );
      const found = sorted(await inZooKeeper());
      assert.ok(found.length === 1 || found.length === 3, `${found.length} records`);
      assert.deepEqual(found[0], ['a:1', found.length === 1 ? bulky(1) : { n: 1 }], `after ${writes} writes`);
      if (written) assert.equal(found.length, 3);
      outcomes.add(written ? 0 : found.length);
      assert.deepEqual(await zooKeeper.children(`/stores/${places}/journal`), []);
    }
  });

  for (const carriedOut of [true, false]) {
    it(`in ZooKeeper: an answer that is lost ${carriedOut ? 'after' : 'before'} the write changes nothing`, async () => {
      const store = await inZooKeeper(answerLost(zooKeeper, carriedOut));
      for (const n of [1, 2, 3]) await store.write([{ key: `a:${n}`, value: { n } }]);
      assert.deepEqual(
        sorted(await inZooKeeper()).map(([key]) => key),
        ['a:1', 'a:2', 'a:3'],
      );
    });
  }

  it('in ZooKeeper: an answer that is lost is no success when another holds the store since', async () => {
    const former = await inZooKeeper(answerLost(zooKeeper, false));
    await inZooKeeper();
    await refusesAsLost(former.write([{ key: 'a:1', value: {} }]));
  });
});

/** Carries out some transactions, then none, as if the process had been killed. */
function failing(zooKeeper: ZooKeeper, transactionsMax: number): ZooKeeper {
  let done = 0;
  return withMulti(zooKeeper, (operations) => {
    done += 1;
    if (done > transactionsMax) throw new ZooKeeperError('sessionEnded', 'killed');
    return zooKeeper.multi(operations);
  });
}

/** Loses the answer to every second transaction, which has been carried out or not. */
function answerLost(zooKeeper: ZooKeeper, carriedOut: boolean): ZooKeeper {
  let asked = 0;
  return withMulti(zooKeeper, async (operations) => {
    asked += 1;
    if (asked % 2 === 0) return zooKeeper.multi(operations);
    if (carriedOut) await zooKeeper.multi(operations);
    throw new ZooKeeperError('connectionLoss', 'cut');
  });
}

function withMulti(zooKeeper: ZooKeeper, multi: (operations: readonly Operation[]) => Promise<string[]>): ZooKeeper {
  return replacing(zooKeeper, 'multi', async (operations: readonly Operation[]) => multi(operations));
}

function replacing<Name extends keyof ZooKeeper>(zooKeeper: ZooKeeper, name: Name, by: ZooKeeper[Name]): ZooKeeper {
  return new Proxy(zooKeeper, {
    get: (target, asked) => {
      if (asked === name) return by;
      const value = Reflect.get(target, asked, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
