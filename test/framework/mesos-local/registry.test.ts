import assert from 'node:assert/strict';
import { ZooKeeperRegistry } from '../../../framework/mesos-local/master/registry.js';
import type { Registry } from '../../../framework/mesos-local/master/state.js';
import { type ZooKeeper, ZooKeeperError } from '../../../framework/zookeeper/index.js';

/** One node of a ZooKeeper, seen by any number of sessions; the answer to the next write can be lost, before or after it is carried out. */
class Node {
  data: Buffer | null = null;
  version = 0;
  lose: 'before' | 'after' | null = null;

  session(): ZooKeeper {
    const operations = {
      create: async (path: string, data: Buffer) => {
        if (this.data !== null) throw new ZooKeeperError('nodeExists', path);
        this.data = data;
        return path;
      },
      get: async () => ({ data: this.data as Buffer, stat: { version: this.version } }),
      set: async (path: string, data: Buffer, version: number) => {
        const { lose } = this;
        this.lose = null;
        if (lose === 'before') throw new ZooKeeperError('connectionLoss', path);
        if (version !== this.version) throw new ZooKeeperError('badVersion', path);
        this.data = data;
        this.version += 1;
        if (lose === 'after') throw new ZooKeeperError('connectionLoss', path);
        return { version: this.version };
      },
    };
    return operations as unknown as ZooKeeper;
  }
}

const registry = (gone: string): Registry => ({ agents: [], unreachable: [], gone: [gone], completedFrameworks: [] });

describe('mesos-local: the registry of several masters', () => {
  it('gives a new leader what the last one saved, and refuses the former one from then on', async () => {
    const node = new Node();
    const [first, second] = [new ZooKeeperRegistry(node.session(), '/m'), new ZooKeeperRegistry(node.session(), '/m')];
    assert.equal(await first.load(), null);
    await first.save(registry('a'));
    await first.save(registry('b'));
    assert.deepEqual((await second.load())?.gone, ['b']);
    await assert.rejects(first.save(registry('c')), { code: 'badVersion' });
    await second.save(registry('d'));
    assert.match(String(node.data), /"gone":\["d"\]/);
  });

  it('goes on after a write whose answer was lost, whether it was carried out or not', async () => {
    for (const lose of ['before', 'after'] as const) {
      const node = new Node();
      const one = new ZooKeeperRegistry(node.session(), '/m');
      await one.load();
      node.lose = lose;
      await one.save(registry('a'));
      assert.match(String(node.data), /"gone":\["a"\]/);
      await one.save(registry('b'));
      assert.match(String(node.data), /"gone":\["b"\]/, lose);
    }
  });

  it('does not take the write of another leader for its own when its answer was lost', async () => {
    const node = new Node();
    const [first, second] = [new ZooKeeperRegistry(node.session(), '/m'), new ZooKeeperRegistry(node.session(), '/m')];
    await first.load();
    await second.load();
    node.lose = 'before';
    await assert.rejects(first.save(registry('c')), { code: 'connectionLoss' });
  });
});
