/** Snapshots by the program's own means: redis-server writes its file, a newcomer starts from it. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { RespConnection } from '../../resp.js';
import { eventually } from '../group.js';
import { type Group, type Replica, saveHook, startGroup } from './group.js';

/** Writes without end at whoever answers; remembers what was acknowledged. */
class Writer {
  readonly acknowledged = new Map<string, string>();
  count = 0;
  private going = true;
  private readonly work: Promise<void>;

  constructor(private readonly group: Group) {
    this.work = this.write();
  }

  async stop(): Promise<void> {
    this.going = false;
    await this.work;
  }

  private async write(): Promise<void> {
    let client: RespConnection | null = null;
    for (let i = 0; this.going; i++) {
      const [key, value] = [`key${i % 5000}`, `${i}:${'v'.repeat(500)}`];
      try {
        client ??= await RespConnection.open((this.group.living()[0] as Replica).clientPort);
        await client.call('SET', key, value);
        this.acknowledged.set(key, value);
        this.count++;
      } catch {
        this.acknowledged.delete(key); // it may have been written or not
        client?.close();
        client = null;
        await delay(5);
      }
    }
    client?.close();
  }
}

const keeper = (group: Group) => group.living().find((replica) => (replica.state?.snapshotIndex ?? 0) > 0);

/** One read; connections may end when the group takes a snapshot or changes its leader. */
function ask(port: number, ...words: string[]): Promise<string> {
  return eventually(words.join(' '), async () => {
    try {
      const client = await RespConnection.open(port);
      const reply = String(await client.call(...words));
      client.close();
      return reply;
    } catch {
      return null;
    }
  });
}
const digest = async (group: Group) => ask((await group.leader()).clientPort, 'DEBUG', 'DIGEST');

describe('a redis-server whose snapshots are made by a hook', function () {
  this.timeout(180_000);
  let group: Group;
  let writer: Writer;

  before(async () => {
    group = await startGroup({ configuration: saveHook, args: ['--save', '', '--enable-debug-command', 'yes'] });
    writer = new Writer(group);
  });
  after(async () => {
    await writer?.stop();
    await group?.stop();
  });

  it('takes one on a follower while the group goes on', async () => {
    const isTaker = ({ state }: Replica) => state?.role === 'follower' && state.snapshotIndex > 0;
    await eventually('a snapshot', () => group.living().find(isTaker), 60_000);
    const before = writer.count;
    await eventually('more writes', () => writer.count > before + 100, 20_000);
    for (const replica of group.living()) assert.equal(replica.state?.divergence, null);
    for (const replica of group.living()) assert.equal(replica.state?.label, 'exact');
  });

  it('starts a newcomer from it under load; equal data, and no acknowledged write is lost when it leads alone', async () => {
    const victim = group.living().find((replica) => replica.state?.role === 'follower') as Replica;
    await group.kill(victim);
    await eventually('a living keeper', () => keeper(group), 60_000);
    const fresh = await group.replace(victim.address.slot, 90_000);
    assert.equal(fresh.state?.label, 'checked');
    assert.deepEqual(fresh.state?.unexpected, { joinedBySnapshot: 1 });
    assert.ok((fresh.state?.journalFrom ?? 0) > 1, 'it did not replay from the first entry');
    await writer.stop();
    await group.quiesce();

    const before = await digest(group);
    const old = await group.leader();
    old.command(`transfer ${fresh.address.member}`);
    await eventually('the newcomer to lead', () => fresh.state?.role === 'leader', 20_000);
    assert.equal(await digest(group), before);
    const keys = [...writer.acknowledged.keys()];
    assert.ok(keys.length > 1000);
    const values = await ask(fresh.clientPort, 'MGET', ...keys);
    assert.ok(values === [...writer.acknowledged.values()].join(','), 'every acknowledged write is there');

    await group.kill(old);
    writer = new Writer(group);
    await eventually('writes after another loss', () => writer.count > 100, 30_000);
  });
});

describe('the last snapshot of a group is lost with the follower that took it', function () {
  this.timeout(180_000);
  let group: Group;
  const snapshotOf = (replica: Replica) => replica.state?.snapshotIndex ?? 0;
  const newest = () => Math.max(...group.living().map(snapshotOf));

  before(async () => {
    group = await startGroup({ configuration: saveHook, args: ['--save', ''] });
  });
  after(() => group?.stop());

  /** Writes until then; a snapshot closes all clients. */
  async function writeUntil(what: string, isDone: () => boolean): Promise<void> {
    const value = 'v'.repeat(16 << 10);
    const lot = Array.from({ length: 32 }, (_, key) => ['SET', `key${key}`, value]);
    await eventually(
      what,
      async () => {
        const client = await RespConnection.open((await group.leader()).clientPort).catch(() => null);
        while (!isDone() && (await client?.pipeline(lot).catch(() => null))) await delay(1);
        client?.close();
        return isDone();
      },
      60_000,
    );
  }

  it('a newcomer does not start from an older one, after which entries are kept by nobody: it gets a new one', async () => {
    await writeUntil('a first snapshot', () => newest() > 0);
    const stale = keeper(group) as Replica;
    const first = snapshotOf(stale);
    stale.process.kill('SIGSTOP');
    for (let more = 0; more < 4; more++) {
      const before = newest();
      await writeUntil('another snapshot', () => newest() > before);
    }
    stale.process.kill('SIGCONT');
    await eventually('journals without what follows the first snapshot', () =>
      group.living().every(({ state }) => (state?.journalFrom ?? 0) > first + 1),
    );
    const lost = group.living().find((replica) => snapshotOf(replica) === newest()) as Replica;
    assert.deepEqual([lost === stale, snapshotOf(stale)], [false, first]);
    await group.kill(lost);
    await group.leader();

    const fresh = await group.replace(lost.address.slot);
    assert.deepEqual(fresh.state?.unexpected, { joinedBySnapshot: 1 });
    assert.ok(newest() > first);
    await ask(fresh.clientPort, 'GET', 'key0');
  });

  it('while somebody keeps one, the next newcomer has nobody take another, also when that one is slow to answer', async () => {
    const kept = newest();
    const holder = group.living().find((one) => snapshotOf(one) === kept) as Replica;
    const [next, lost] = group.living().filter((one) => one !== holder) as [Replica, Replica];
    await eventually('another leader', async () => {
      (await group.leader()).command(`transfer ${next.address.member}`);
      return next.state?.role === 'leader';
    });
    const { slot } = lost.address;
    await group.kill(lost);
    const joined = group.replace(slot);
    await eventually('its process', () => group.replicas[slot] !== lost);
    holder.process.kill('SIGSTOP');
    await delay(300);
    holder.process.kill('SIGCONT');
    await joined;
    assert.equal(newest(), kept);
  });
});
