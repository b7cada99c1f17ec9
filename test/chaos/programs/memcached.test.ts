/** Against a real memcached, which nobody replicates. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { exactMemcached } from '../../consensus/interpose/memcached.js';
import { freePort } from '../../consensus/ports.js';
import { until } from '../../e2e/system.js';
import { itemIn, memcached } from './memcached.js';
import type { Connection } from './program.js';

describe('chaos: objects in memcached', () => {
  let server: ChildProcess;
  let one: Connection;
  let other: Connection;

  before(async () => {
    const port = await freePort();
    const [program, ...args] = exactMemcached(1)(port);
    server = spawn(program, args, { stdio: 'ignore' });
    one = await until('memcached listens', 20_000, () => memcached.open(port, '127.0.0.1'));
    other = await memcached.open(port, '127.0.0.1');
  });

  after(async () => {
    for (const connection of [one, other]) connection.close();
    server.kill('SIGKILL');
    await once(server, 'exit');
  });

  it('a register is nothing, then what was written, and is compared before it is set', async () => {
    const ask = (operation: object) => one.ask('register', 'r', operation);
    assert.equal(await ask({ type: 'read' }), null);
    assert.equal(await ask({ type: 'compareAndSet', from: 'a', to: 'b' }), false);
    assert.equal(await ask({ type: 'write', value: 'a' }), null);
    assert.equal(await ask({ type: 'compareAndSet', from: 'b', to: 'c' }), false);
    assert.equal(await ask({ type: 'compareAndSet', from: 'a', to: 'b' }), true);
    assert.equal(await ask({ type: 'read' }), 'b');
  });

  it('of many who compare and set at once each success is one that nobody else had', async () => {
    await one.ask('register', 's', { type: 'write', value: '0' });
    const chain = async (connection: Connection) => {
      let wins = 0;
      for (let n = 0; n < 200; n++)
        if (await connection.ask('register', 's', { type: 'compareAndSet', from: `${n}`, to: `${n + 1}` })) wins += 1;
      return wins;
    };
    const [wins, others] = await Promise.all([chain(one), chain(other)]);
    const end = Number(await one.ask('register', 's', { type: 'read' }));
    assert.equal(wins + others, end);
  });

  it('a counter that is not there yet is zero, and two who begin it at once are both counted', async () => {
    assert.equal(await one.ask('counter', 'c', { type: 'read' }), 0);
    const sums = await Promise.all([one, other].map((who) => who.ask('counter', 'c', { type: 'add', by: 2 })));
    assert.deepEqual(sums.sort(), [2, 4]);
    assert.equal(await one.ask('counter', 'c', { type: 'read' }), 4);
  });

  it('takes nothing else for an answer', async () => {
    assert.throws(() => itemIn('SERVER_ERROR out of memory\r\n'), /SERVER_ERROR/);
    await one.ask('register', 'w', { type: 'write', value: 'word' });
    await assert.rejects(one.ask('counter', 'w', { type: 'add', by: 1 }), /CLIENT_ERROR cannot increment/);
  });
});
