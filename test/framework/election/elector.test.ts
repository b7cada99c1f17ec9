/** Electors against Debian's ZooKeeper, in one process: what they do with reigns that begin late, fail, or are not wanted any more. */
import assert from 'node:assert/strict';
import { pino } from 'pino';
import { Elector } from '../../../framework/election/elector.js';
import { LostReign, type Reign } from '../../../framework/election/reign.js';
import type { Store } from '../../../framework/store/store.js';
import { parseZooKeeperUrl } from '../../../framework/zookeeper/index.js';
import { until } from '../../e2e/system.js';
import { ZooKeeperServers } from '../../zookeeper.js';

/** What an elector was told to do, and how it turns out. */
class Candidate {
  readonly said: string[] = [];
  readonly elector: Elector;
  /** Opening the store waits for it. */
  ready: Promise<void> = Promise.resolve();
  fail: (error: Error) => void = () => {};

  constructor(url: string, name: string) {
    const store: Store = { entries: () => [], write: async () => {}, close: async () => void this.said.push('closed') };
    this.elector = new Elector({
      url: parseZooKeeperUrl(url),
      sessionTimeoutMs: 2000,
      access: {},
      open: async () => {
        this.said.push('opens');
        await this.ready;
        return store;
      },
      begin: () => this.#reign(),
      log: pino({ level: 'silent' }),
    });
    this.elector.start(name);
  }

  #reign(): Reign {
    this.said.push('begins');
    const failed = new Promise<never>((_resolve, reject) => {
      this.fail = reject;
    });
    return { failed, close: async () => void this.said.push('ends') };
  }
}

describe('electors', function () {
  this.timeout(60_000);
  let servers: ZooKeeperServers;
  let candidates: Candidate[] = [];
  let groups = 0;

  before(async () => {
    servers = await ZooKeeperServers.start({ tickMs: 250 });
  });
  afterEach(async () => {
    await Promise.all(candidates.map(({ elector }) => elector.stop()));
    candidates = [];
  });
  after(() => servers?.stop());

  const stand = (name: string): Candidate => {
    const candidate = new Candidate(servers.url(`/group${groups}`), name);
    candidates.push(candidate);
    return candidate;
  };
  const leads = (candidate: Candidate) => until('it leads', 10_000, async () => candidate.elector.leading);
  const knows = (candidate: Candidate, leader: string | null) =>
    until(`it knows that ${leader} leads`, 10_000, async () => candidate.elector.leader === leader);

  /** The first leads, the second stands by. */
  async function two(): Promise<[Candidate, Candidate]> {
    groups += 1;
    const first = stand('first:1');
    await leads(first);
    const second = stand('second:2');
    await knows(second, 'first:1');
    return [first, second];
  }

  it('have the next one lead when a reign has lost its store, and stand again', async () => {
    const [first, second] = await two();
    first.fail(new LostReign('taken'));
    await until('it does not lead', 1000, async () => !first.elector.leading);
    await leads(second);
    await knows(first, 'second:2');
    assert.deepEqual(first.said, ['opens', 'begins', 'ends']);
    await second.elector.stop();
    await leads(first);
    const failed = first.elector.failed.catch(() => 'failed');
    assert.equal(await Promise.race([failed, Promise.resolve('it goes on')]), 'it goes on');
  });

  it('end with the cause when a reign fails for another reason', async () => {
    const [first, second] = await two();
    first.fail(new Error('the disk is full'));
    await assert.rejects(first.elector.failed, /the disk is full/);
    await leads(second);
  });

  it('end a reign, and begin none, when ZooKeeper is away for longer than a session; then they stand again', async () => {
    groups += 1;
    const leading = stand('leading:1');
    await leads(leading);
    groups += 1;
    const slow = new Candidate(servers.url(`/group${groups}`), 'slow:1');
    candidates.push(slow);
    let open = () => {};
    slow.ready = new Promise((resolve) => {
      open = resolve;
    });
    await until('it opens the store', 10_000, async () => slow.said.includes('opens'));
    assert.deepEqual([slow.elector.leading, slow.elector.leader], [false, null], 'it must not be asked yet');
    servers.signal(0, 'SIGSTOP');
    try {
      const sinceMs = performance.now();
      await until('the reign has ended', 10_000, async () => leading.said.includes('ends'));
      assert.ok(performance.now() - sinceMs < 4000, 'with its session');
      assert.deepEqual([leading.elector.leading, leading.elector.leader], [false, null]);
      await until('the other session is over, too', 10_000, async () => performance.now() - sinceMs > 2200);
      slow.ready = Promise.resolve();
      open();
      await until('the store is given back', 10_000, async () => slow.said.includes('closed'));
    } finally {
      servers.signal(0, 'SIGCONT');
    }
    await Promise.all([leads(leading), leads(slow)]);
    assert.deepEqual(leading.said, ['opens', 'begins', 'ends', 'opens', 'begins']);
    assert.deepEqual(slow.said, ['opens', 'closed', 'opens', 'begins']);
  });

  it('stop with an orderly end: the next one leads without waiting for a session to expire', async () => {
    const [first, second] = await two();
    const sinceMs = performance.now();
    await first.elector.stop();
    await leads(second);
    assert.ok(performance.now() - sinceMs < 1900, 'sooner than the session would expire');
    assert.deepEqual(first.said, ['opens', 'begins', 'ends']);
  });
});
