/** A guest in two QEMUs behind a group of gaia-vm, which orders its inputs, holds its output and synchronises it. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { prepareGuestImage } from '../../framework/guest/image.js';
import { GuestGroup, type RoundLine } from '../consensus/vm/guest-group.js';
import { until } from '../e2e/system.js';
import type { RespConnection } from '../resp.js';
import { bare, patienceMs, TestMachine } from './machine.js';
import { redisAt } from './redis.js';
import { native, neverMs } from './relayed-pair.js';

const commandLine = 'quiet nokaslr no_timer_check mitigations=off';
const writes = 8;
const pageBytes = 4096;

const value = (number: number) => `${number} `.repeat(200);

describe('a replicated guest', function () {
  this.timeout(8 * patienceMs);
  let group: GuestGroup;
  let primary: TestMachine;
  let backup: TestMachine;
  let client: RespConnection;
  let rounds = 0;
  let counter = 0;

  before(async () => {
    group = await GuestGroup.start([{ protocol: 'tcp', guestPort: 6379 }]);
    await group.formed();
    primary = await startMachine(1, false);
    await primary.qmp.execute('cont', {});
    client = await redisAt(group.member(3).ports[0] as number);
    backup = await startMachine(2, true);
    await seed();
    await round(++rounds);
  });
  after(async () => {
    client?.close();
    await primary?.kill();
    await backup?.kill();
    await group?.stop();
  });

  function startMachine(number: number, incoming: boolean): Promise<TestMachine> {
    const member = group.member(number);
    const network = { type: 'stream' as const, socket: member.socket };
    const env = { LD_PRELOAD: path.join(native, 'libgaia-tcg-colo.so') };
    const { memoryFile } = member;
    return TestMachine.start(
      { ...bare, ...prepareGuestImage(), commandLine, memoryMib: 128, network, memoryFile, incoming },
      env,
    );
  }

  /** From here on both guests get all inputs, and output waits for rounds. */
  async function seed(): Promise<void> {
    const [first, second] = [group.member(1), group.member(2)];
    for (const { qmp } of [backup, primary])
      await qmp.execute('migrate-set-capabilities', { capabilities: [{ capability: 'x-colo', state: true }] });
    await backup.qmp.execute('migrate-incoming', { uri: `unix:${second.migrationSocket}` });
    second.order('listen');
    const port = await until('the backup listens', patienceMs, async () => second.relay?.port);
    first.order(`dial 2 127.0.0.1 ${port}`);
    await until('the primary has its end', patienceMs, async () => first.relay?.end === 'primary');
    await primary.qmp.execute('migrate-set-parameters', { 'x-checkpoint-delay': neverMs, 'max-bandwidth': 2 ** 33 });
    await primary.qmp.execute('migrate', { uri: `unix:${first.migrationSocket}` });
    await until('COLO begins', patienceMs, async () => {
      return (await primary.qmp.execute('query-migrate', {})).status === 'colo';
    });
    first.order('backup 2');
    await until('the backup counts', patienceMs, async () => second.guest?.backup === 2);
  }

  /** Both guests have the inputs up to here, and get no more before the round has ended. */
  async function cut(number: number): Promise<void> {
    const [first, second] = [group.member(1), group.member(2)];
    first.order(`cut ${number}`);
    await until('inputs are cut', patienceMs, async () =>
      [first, second].every(({ guest }) => guest?.cut === number && guest.drained),
    );
  }

  /** One that QEMU is told to ask for. */
  async function round(number: number): Promise<void> {
    const first = group.member(1);
    first.order('round test');
    await primary.qmp.execute('migrate-set-parameters', { 'x-checkpoint-delay': neverMs });
    await until(`round ${number}; ${JSON.stringify(first.relay)}`, patienceMs, async () =>
      first.rounds.some((one) => one.number === number),
    );
  }

  /** Rounds until it is settled. */
  async function roundsUntil<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    work.then(done, done);
    while (!settled) await round(++rounds);
    return work;
  }

  async function increments(through: (answer: Promise<unknown>) => Promise<unknown>): Promise<void> {
    for (let i = 0; i < writes; i++) assert.equal(await through(client.call('INCR', 'counter')), String(++counter));
  }

  it('answers when a round covers the answer, and each round says why it was', async () => {
    await increments(roundsUntil);
    assert.deepEqual(
      group.member(1).rounds.map(({ number, trigger }) => `${number} ${trigger}`),
      Array.from({ length: rounds }, (_, i) => `${i + 1} test`),
    );
  });

  it('sends far less than the pages that were written', async () => {
    const before = rounds;
    for (let i = 0; i < 5; i++)
      await roundsUntil(Promise.all(Array.from({ length: 50 }, (_, k) => client.call('SET', `${i} ${k}`, value(k)))));
    const list = group.member(1).rounds.filter(({ number }) => number > before);
    const sum = (what: (round: RoundLine) => number) => list.reduce((total, one) => total + what(one), 0);
    const ratio = (pageBytes * sum((one) => one.dirtyPages)) / sum((one) => one.toBackupBytes + one.toPrimaryBytes);
    const sent = `${sum((one) => one.sentPages)} of ${sum((one) => one.dirtyPages)} dirty pages`;
    console.log(`      ${list.length} rounds sent ${sent}; bytes ${ratio.toFixed(1)} times fewer`);
    assert.ok(ratio > 5, `bytes only ${ratio} times fewer`);
  });

  it('goes on at the backup with the same connection when the primary is lost in the middle of a round', async () => {
    await cut(rounds + 1);
    await Promise.all([primary.kill(), group.member(1).kill()]);
    await until('the backup is the primary', patienceMs, async () => group.member(2).guest?.primary === 2);
    await backup.qmp.execute('x-colo-lost-heartbeat', {});
    group.member(2).order('backup 0');
    await increments((answer) => answer);
    assert.equal(await client.call('GET', '4 49'), value(49));
  });
});
