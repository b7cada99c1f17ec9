import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import {
  ArgumentError,
  ClosedError,
  NotLeaderError,
  openReplica,
  ReplicaError,
  type ReplicaOptions,
  StartError,
} from '../../consensus/index.js';
import { type Entry, eventually, Founding, Local, Remote } from './group.js';

/** The error an act ends with. */
async function failure(act: () => unknown): Promise<ReplicaError> {
  try {
    await act();
  } catch (error) {
    assert.ok(error instanceof ReplicaError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'no error' });
}

const texts = (entries: Entry[]) => entries.map(([, text]) => text);

for (const transport of ['shm', 'tcp'] as const) {
  describe(`replicas over ${transport}`, () => {
    let founding: Founding;
    let locals: Local[];
    let remotes: Remote[];

    beforeEach(async () => {
      founding = await Founding.of(3, transport);
      locals = [];
      remotes = [];
    });

    afterEach(async () => {
      await Promise.all([...locals.map(({ replica }) => replica.close()), ...remotes.map((remote) => remote.kill())]);
      founding.remove();
    });

    const open = (options: ReplicaOptions): Local => {
      const local = new Local(options);
      locals.push(local);
      return local;
    };
    const start = (options: ReplicaOptions): Remote => {
      const remote = new Remote(options);
      remotes.push(remote);
      return remote;
    };
    const leader = (among: Local[]) => eventually('a leader', () => among.find((local) => local.leads()));

    it('are handed the same entries at the same indexes, those of the proposer before its promise resolves', async () => {
      const group = [1, 2, 3].map((number) => open(founding.options(number)));
      const first = await leader(group);
      const proposed = Array.from({ length: 500 }, (_, i) => `entry ${i}`);
      const indexes = await Promise.all(
        proposed.map(async (text) => {
          const index = await first.propose(text);
          assert.deepEqual(
            first.entries.find(([at]) => at === index),
            [index, text],
          );
          return index;
        }),
      );
      const expected = proposed.map((text, i): Entry => [indexes[i] as number, text]);
      for (const local of group) {
        await eventually('all entries', () => local.entries.length === proposed.length);
        assert.deepEqual(local.entries, expected);
      }
      const status = first.replica.status();
      assert.equal(status.configuration.length, 3);
      assert.equal(status.journalError, null);
      assert.deepEqual(
        status.peers.map((peer) => peer.transport),
        [transport, transport],
      );
      assert.ok(first.roles.includes('leader'), first.roles.join());
    });

    it('a follower refuses and names the leader, with its address', async () => {
      const group = [1, 2, 3].map((number) => open(founding.options(number)));
      const first = await leader(group);
      const follower = group.find((local) => local !== first) as Local;
      await eventually('the leader to be known', () => follower.replica.status().leader);
      const error = await failure(() => follower.propose('x'));
      assert.ok(error instanceof NotLeaderError);
      assert.deepEqual(error.leader, founding.options(group.indexOf(first) + 1).self);
      assert.match(error.message, /127\.0\.0\.1.*Propose there/);
    });

    it('leadership moves on request, and a removed member becomes a learner', async () => {
      const group = [1, 2, 3].map((number) => open(founding.options(number)));
      const first = await leader(group);
      const heir = group.findIndex((local) => local !== first) + 1;
      first.replica.transferLeadership(heir);
      const second = group[heir - 1] as Local;
      await eventually('the heir to lead', () => second.leads());
      const victim = group.find((local) => local !== first && local !== second) as Local;
      const number = group.indexOf(victim) + 1;
      second.replica.removeMember(number - 1, number);
      await eventually('the removal', () => victim.replica.status().role === 'learner');
      await eventually('two to remain', () => second.leads() && second.replica.status().configuration.length === 2);
      await second.propose('after');
      await eventually('the other to have it', () => texts(first.entries).includes('after'));
    });

    it('closing ends the threads, settles what is under way, can be repeated, and the others go on', async () => {
      const group = [1, 2, 3].map((number) => open(founding.options(number)));
      const first = await leader(group);
      const under = Array.from({ length: 300 }, (_, i) => first.propose(`late ${i}`));
      const closing = first.replica.close();
      assert.equal(first.replica.close(), closing);
      const outcomes = await Promise.allSettled(under);
      await closing;
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.ok(outcome.reason instanceof ReplicaError, String(outcome.reason));
      }
      assert.ok((await failure(() => first.propose('x'))) instanceof ClosedError);
      assert.ok((await failure(() => first.replica.status())) instanceof ClosedError);
      const rest = group.filter((local) => local !== first);
      const second = await leader(rest);
      await second.propose('after');
      const acknowledged = outcomes.flatMap((outcome, i) => (outcome.status === 'fulfilled' ? [`late ${i}`] : []));
      for (const local of rest) {
        await eventually('the last entry', () => texts(local.entries).includes('after'));
        assert.deepEqual(
          acknowledged.filter((text) => !texts(local.entries).includes(text)),
          [],
        );
      }
    });

    it('a joiner replays the log, takes the place of a closed member and counts', async () => {
      const group = [1, 2, 3].map((number) => open(founding.options(number)));
      const first = await leader(group);
      for (let i = 0; i < 100; i++) await first.propose(`entry ${i}`);
      const gone = group.findIndex((local) => local !== first);
      await (group[gone] as Local).replica.close();
      const joiner = open(await founding.joining(4, gone, group.indexOf(first) + 1));
      await eventually('the joiner to count', () => joiner.replica.status().role === 'follower');
      const next = await leader(group.filter((_, i) => i !== gone));
      await next.propose('after');
      await eventually('the joiner to have it', () => joiner.entries.length === 101);
      assert.deepEqual(joiner.entries, next.entries);
    });

    it('whoever has another secret is refused and stays a learner', async () => {
      const group = [1, 2, 3].map((number) => open(founding.options(number)));
      const first = await leader(group);
      const options = await founding.joining(4, 3, group.indexOf(first) + 1);
      const stranger = open({ ...options, secret: randomBytes(32), transport: 'tcp' });
      if (transport === 'tcp')
        await eventually('a refusal', () => (first.replica.metrics().refusedConnections.badSecret ?? 0) > 0);
      await first.propose('x');
      assert.deepEqual(stranger.entries, []);
      assert.equal(stranger.replica.status().role, 'learner');
      assert.equal(first.replica.status().configuration.length, 3);
    });

    it('the leader process is killed: the others have every acknowledged entry, in one order', async () => {
      const group = [1, 2, 3].map((number) => start(founding.options(number)));
      const first = await eventually('a leader', () => group.find(({ role }) => role === 'leader'));
      const acknowledged: string[] = [];
      const proposing = Promise.all(
        Array.from({ length: 2000 }, async (_, i) => {
          if ((await first.propose(`entry ${i}`)) === null) acknowledged.push(`entry ${i}`);
        }),
      );
      await eventually('some acknowledgements', () => acknowledged.length >= 100);
      await first.kill();
      await proposing;
      const rest = group.filter((remote) => remote !== first);
      const second = await eventually('a new leader', () => rest.find(({ role }) => role === 'leader'));
      assert.equal(await second.propose('after'), null);
      for (const remote of rest) {
        await eventually('the last entry', () => texts(remote.entries).includes('after'));
        assert.deepEqual(
          acknowledged.filter((text) => !texts(remote.entries).includes(text)),
          [],
        );
      }
      assert.deepEqual(rest[0]?.entries, rest[1]?.entries);
    });

    it('a stopped follower blocks nobody and catches up when it goes on', async () => {
      const group = [1, 2, 3].map((number) => start(founding.options(number)));
      const first = await eventually('a leader', () => group.find(({ role }) => role === 'leader'));
      const paused = group.find((remote) => remote !== first) as Remote;
      await paused.kill('SIGSTOP');
      const large = 'x'.repeat(64 << 10);
      // Two laps of a ring: what the paused follower misses is no longer in any ring.
      for (let i = 0; i < 512; i++) assert.equal(await first.propose(`${i} ${large}`), null);
      await paused.kill('SIGCONT');
      await eventually('the laggard to catch up', () => paused.entries.length === 512);
      assert.deepEqual(paused.entries, first.entries);
    });
  });
}

describe('opening a replica', () => {
  const handlers = { onCommit: () => {}, onStatus: () => {} };
  let founding: Founding;
  let good: ReplicaOptions;

  beforeEach(async () => {
    founding = await Founding.of(2, 'tcp');
    good = founding.options(1);
  });
  afterEach(() => founding.remove());

  const bad: [field: string, change: (options: ReplicaOptions) => object, value: RegExp][] = [
    ['group', () => ({ group: '' }), /""/],
    ['secret', () => ({ secret: new Uint8Array(31) }), /31 bytes/],
    ['self.slot', ({ self }) => ({ self: { ...self, slot: 9 } }), /is 9.*0\.\.8/],
    ['self.number', ({ self }) => ({ self: { ...self, number: 0 } }), /is 0.*1\.\./],
    ['self.host', ({ self }) => ({ self: { ...self, host: 'db.example' } }), /"db\.example".*literal address/],
    ['self.consensusPort', ({ self }) => ({ self: { ...self, consensusPort: 70000 } }), /70000/],
    ['peers', () => ({ peers: null }), /null/],
    ['peers', () => ({ peers: [], join: true }), /empty/],
    ['peers[0].number', ({ self, peers }) => ({ peers: [{ ...peers[0], number: self.number }] }), /is 1/],
    ['peers[0].slot', ({ self, peers }) => ({ peers: [{ ...peers[0], slot: self.slot }] }), /is 0/],
    ['transport', () => ({ transport: 'udp' }), /"udp".*auto, shm, verbs, tcp/],
    ['suspicionMs', () => ({ suspicionMs: 0 }), /is 0.*50\.\./],
    ['journalBytesMax', () => ({ journalBytesMax: 1.5 }), /1\.5/],
    ['ringBytes', () => ({ ringBytes: 17 * 2 ** 20 }), /17825792.*power of two/],
  ];
  for (const [field, change, value] of bad) {
    it(`refuses a wrong ${field}, naming ${value.source}`, async () => {
      const error = await failure(() => openReplica({ ...good, ...change(good) } as ReplicaOptions, handlers));
      assert.ok(error instanceof ArgumentError);
      assert.equal(error.field, field);
      assert.match(error.message, value);
    });
  }

  it('never shows the secret', async () => {
    const secret = 'not-to-be-shown'.repeat(2);
    const error = await failure(() => openReplica({ ...good, secret } as unknown as ReplicaOptions, handlers));
    assert.equal(error.message.includes('not-to-be-shown'), false);
  });

  it('refuses missing handlers and wrong entries', async () => {
    const missing = await failure(() => openReplica(good, { onStatus: () => {} } as never));
    assert.match(missing.message, /handlers\.onCommit/);
    const wrong = await failure(() => openReplica(good, { ...handlers, onStatus: 1 } as never));
    assert.match(wrong.message, /handlers\.onStatus/);
    const local = new Local({ ...good, peers: [] });
    await eventually('a leader', () => local.leads());
    assert.match((await failure(() => local.propose(''))).message, /bytes has 0 bytes/);
    assert.match((await failure(() => local.propose('x'.repeat(2 ** 21 + 1)))).message, /2097153/);
    assert.ok((await local.propose('x'.repeat(2 ** 21))) > 0);
    await local.replica.close();
  });

  it('says which port is taken, and leaves nothing running', async () => {
    const server = createServer().listen(good.self.consensusPort, '127.0.0.1');
    await eventually('the port to be taken', () => server.listening);
    const error = await failure(() => openReplica(good, handlers));
    assert.ok(error instanceof StartError);
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${good.self.consensusPort}.*free the port`));
    await new Promise((resolve) => server.close(resolve));
    await openReplica(good, handlers).close();
  });

  it('queues are bounded: a proposal too many is refused, the others are decided', async () => {
    const local = new Local({ ...good, peers: [] });
    await eventually('a leader', () => local.leads());
    const outcomes = await Promise.allSettled(Array.from({ length: 20_000 }, (_, i) => local.propose(`entry ${i}`)));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    assert.ok(refused.length > 0);
    assert.ok(refused.every(({ reason }) => reason.name === 'QueueFullError'));
    assert.equal(local.entries.length, outcomes.length - refused.length);
    await local.replica.close();
  });
});
