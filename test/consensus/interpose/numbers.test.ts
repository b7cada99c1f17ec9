import assert from 'node:assert/strict';
import type { RespConnection } from '../../resp.js';
import type { Group } from './group.js';
import { ask, OwnGroups } from './own-server.js';

/** A listener has the numbers N and N + 1, whichever it listens by. */
describe('a listener with several numbers', function () {
  this.timeout(60_000);
  const own = new OwnGroups('numbers.c');
  const { clients } = own;
  let group: Group;

  /** A client at each replica, and what the last one is told. */
  async function comeEverywhere(word: string): Promise<string> {
    const said: string[] = [];
    for (const replica of group.living()) {
      said.push(await ask(await own.client(replica.address.slot), word));
    }
    return said.at(-1) as string;
  }

  for (const how of ['before', 'after']) {
    it(`accepts by each of them, whichever is closed (copied ${how} it listens)`, async () => {
      group = await own.start(how);
      const [, number] = /^accepted 3 by (\d+)$/.exec(await comeEverywhere('tell')) ?? [];
      const second = Number(number);
      const client = clients[0] as RespConnection;
      assert.equal(await ask(client, 'first'), `accepted 3 by ${second - 1}`);
      assert.equal(await comeEverywhere('tell'), `accepted 6 by ${second - 1}`);
      assert.equal(await ask(client, 'second'), `accepted 6 by ${second}`);
      assert.equal(await ask(client, 'close first'), `accepted 6 by ${second}`);
      assert.equal(await comeEverywhere('tell'), `accepted 9 by ${second}`);
      assert.equal(await ask(client, 'move'), 'accepted 9 by 40');
      assert.equal(await comeEverywhere('tell'), 'accepted 12 by 40');
      assert.equal(await ask(client, 'high'), 'accepted 12 by 60');
      assert.equal(await comeEverywhere('tell'), 'accepted 15 by 60');
      await group.kill(await group.leader());
      await group.leader();
      assert.equal(await comeEverywhere('tell'), 'accepted 17 by 60');
      assert.equal(await ask(clients.at(-1) as RespConnection, 'end'), 'accepted 17 by 60');
      const { address } = await group.leader();
      await assert.rejects(group.client(address.slot), /ECONNREFUSED/);
      assert.equal(await ask(clients.at(-1) as RespConnection, 'tell'), 'accepted 17 by 60');
      await own.assertSame();
    });
  }
});
