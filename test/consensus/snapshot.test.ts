/** Members that take their state out and put it back: joining without the whole log. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { ArgumentError, openReplica, type Replica, type ReplicaOptions } from '../../consensus/index.js';
import { eventually, Founding } from './group.js';

const snapshotLogBytes = 8 * 2 ** 20;

/** Keys and digests of their values; `history` tells in which order what came. */
class Store {
  readonly values = new Map<string, string>();
  readonly history: string[] = [];
  readonly replica: Replica;
  taken = 0;

  constructor(readonly options: ReplicaOptions) {
    this.replica = openReplica({ ...options, snapshotLogBytes }, this.handlers());
  }

  private handlers() {
    return {
      onCommit: (_index: number, bytes: Uint8Array) => {
        this.history.push('commit');
        const key = Buffer.from(bytes.subarray(0, 8)).toString();
        this.values.set(key, createHash('sha1').update(bytes).digest('hex'));
      },
      onSnapshot: async () => {
        this.taken++;
        const state = Buffer.from(JSON.stringify([...this.values]));
        await new Promise((resolve) => setTimeout(resolve, 5)); // entries go on meanwhile
        return state;
      },
      onRestore: (index: number, bytes: Uint8Array) => {
        this.history.push(`restore ${index > 0}`);
        this.values.clear();
        for (const [key, value] of JSON.parse(Buffer.from(bytes).toString())) this.values.set(key, value);
      },
    };
  }

  leads(): boolean {
    return this.replica.status().role === 'leader';
  }
}

describe('snapshots of embedders', function () {
  this.timeout(60_000);
  let founding: Founding;
  let stores: Store[];

  beforeEach(async () => {
    founding = await Founding.of(3, 'shm');
    stores = [1, 2, 3].map((number) => new Store(founding.options(number)));
  });
  afterEach(async () => {
    await Promise.all(stores.map(({ replica }) => replica.close()));
    founding.remove();
  });

  const leader = () => eventually('a leader', () => stores.find((store) => store.leads()));
  let written = 0;
  const put = async (bytes: number) => {
    const value = Buffer.alloc(bytes, written % 7);
    value.write(`key${String(written++ % 50).padStart(5, '0')}`);
    await (await leader()).replica.propose(value).catch(() => {});
  };
  const equal = () =>
    stores.every(({ values }) => JSON.stringify([...values]) === JSON.stringify([...(stores[0] as Store).values]));

  it('let a member join under load, by a state and what came after it, when journals no longer begin at 1', async () => {
    for (let i = 0; i < 90; i++) await put(2 ** 20);
    const kept = () => stores.map(({ replica }) => replica.status());
    await eventually('journals to be shortened', () => kept().every(({ journalFrom }) => journalFrom > 1), 30_000);
    assert.ok(kept().some(({ snapshotIndex }) => snapshotIndex > 0));
    assert.ok(kept().every(({ journalError, snapshotError }) => journalError === null && snapshotError === null));
    const few = () => stores.every(({ options }) => readdirSync(options.journalDirectory).length < 8);
    await eventually('files to be given back', few);

    let loading = true;
    const load = (async () => {
      while (loading) await Promise.all([put(100), put(3000), put(100)]);
    })();
    const contact = stores.indexOf(await leader()) + 1;
    const fresh = new Store(await founding.joining(4, 3, contact));
    stores.push(fresh);
    await eventually('the joiner to count', () => fresh.replica.status().role === 'follower', 30_000);
    loading = false;
    await load;
    assert.equal(fresh.history[0], 'restore true');
    assert.equal(fresh.history.filter((what) => what !== 'commit').length, 1);
    await eventually('equal states', equal);
    assert.equal(fresh.replica.status().joining, null);
    assert.ok(stores.some(({ taken }) => taken > 0));
  });

  it('need both handlers, and they must be functions', async () => {
    const options = founding.options(1);
    const onCommit = () => {};
    const field = (handlers: object) => {
      try {
        openReplica(options, { onCommit, ...handlers });
      } catch (error) {
        assert.ok(error instanceof ArgumentError);
        return error.message;
      }
      return assert.fail('taken');
    };
    assert.match(field({ onSnapshot: () => new Uint8Array() }), /Give both or none/);
    assert.match(field({ onSnapshot: 7, onRestore: onCommit }), /handlers\.onSnapshot is not a function/);
    assert.throws(() => openReplica({ ...options, snapshotLogBytes: 5 }, { onCommit }), /snapshotLogBytes is 5/);
  });
});

describe('snapshots of embedders with durability disk', function () {
  this.timeout(120_000);
  let founding: Founding;
  let stores: Store[] = [];

  before(async () => {
    founding = await Founding.of(3, 'shm');
  });
  after(async () => {
    await Promise.all(stores.map(({ replica }) => replica.close()));
    founding.remove();
  });

  const open = () => {
    stores = [1, 2, 3].map((number) => new Store({ ...founding.options(number), durability: 'disk' }));
  };
  const put = async (from: number, count: number) => {
    for (let i = from; i < from + count; i++) {
      const value = Buffer.alloc(2 ** 20, i % 7);
      value.write(`key${String(i % 50).padStart(5, '0')}`);
      const leader = await eventually('a leader', () => stores.find((store) => store.leads()));
      await leader.replica.propose(value);
    }
  };
  const contents = (store: Store) => JSON.stringify([...store.values].sort());

  it('bring a whole group back that no longer has the log before them', async () => {
    open();
    await put(0, 100);
    const own = () => stores.every(({ replica }) => replica.status().snapshotIndex > 0);
    await eventually('a snapshot at each', own, 60_000);
    const late = () => stores.every(({ replica }) => replica.status().journalFrom > 1);
    await eventually('journals to be shortened', late, 60_000);
    const [before] = stores.map(contents);
    await eventually('equal states', () => stores.every((store) => contents(store) === before));
    await Promise.all(stores.map(({ replica }) => replica.close()));

    open();
    await eventually('the states to be back', () => stores.every((store) => contents(store) === before), 30_000);
    for (const { history } of stores) {
      assert.equal(history[0], 'restore true');
      assert.ok(history.length < 100, `${history.length} entries were replayed`);
    }
    await put(100, 10);
    await eventually('all to go on', () => stores.every((store) => contents(store) === contents(stores[0] as Store)));
    assert.notEqual(contents(stores[0] as Store), before);
    for (const { replica } of stores) assert.ok((replica.status().disk?.persisted ?? 0) > 100);
  });
});
