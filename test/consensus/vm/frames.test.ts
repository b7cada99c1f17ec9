/** Groups of gaia-vm with guests that the test plays: order, fail-over, rounds and the output guard, through real sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { eventually } from '../group.js';
import { freePort } from '../ports.js';
import { Client } from './client.js';
import { GuestGroup, GuestMember } from './guest-group.js';
import { ToyGuest } from './toy-guest.js';

/** As an address of the network: not where the station itself has its doors. */
const outside = '127.0.0.2';
const numbers = (count: number) => Array.from({ length: count }, (_, number) => `${number}`);

describe('a replicated guest', function () {
  this.timeout(60_000);
  let group: GuestGroup;
  let guests: ToyGuest[];
  let clients: Client[];

  beforeEach(async () => {
    group = await GuestGroup.start([
      { protocol: 'udp', guestPort: 7 },
      { protocol: 'tcp', guestPort: 7 },
      { protocol: 'udp', guestPort: 7, host: outside },
    ]);
    guests = await Promise.all([1, 2].map((number) => ToyGuest.plug(group.member(number).socket)));
    clients = group.members.map((member, slot) => new Client('abc'.charAt(slot), member.ports[0] as number));
    await group.formed();
  });

  afterEach(async () => {
    for (const guest of guests) guest.unplug();
    for (const client of clients) await client.close();
    await group.stop();
  });

  const [primary, backup] = [() => guests[0] as ToyGuest, () => guests[1] as ToyGuest];
  const client = (number: number) => clients[number - 1] as Client;
  const heardOf = (guest: ToyGuest, name: string) =>
    guest.heard.filter((text) => text.startsWith(name)).map((text) => text.slice(2));

  async function setBackup(): Promise<void> {
    group.member(1).order('backup 2');
    await eventually('member 2 is not the backup', () => group.members.every(({ guest }) => guest?.backup === 2));
  }

  /** A round has given the backup the guest's state; before, it does not become the primary. */
  async function cover(): Promise<void> {
    await setBackup();
    for (const number of [2, 1]) group.member(number).order('committed 1');
    await eventually('the round does not count', () =>
      [1, 2].every((number) => group.member(number).guest?.round === 1),
    );
  }

  it('answers clients of every member', async () => {
    for (const each of clients) await each.isAnswered('0');
    assert.deepEqual(primary().heard, ['a 0', 'b 0', 'c 0']);
  });

  it('hears the same frames in the same order at both members, whoever they come through', async () => {
    await setBackup();
    await Promise.all(
      clients.map(async (each) => {
        for (const number of numbers(300)) await each.isAnswered(number);
      }),
    );
    await eventually('the backup did not hear all', () => backup().heard.length === 900);
    assert.deepEqual(backup().heard, primary().heard);
    for (const name of 'abc') assert.deepEqual(heardOf(primary(), name), numbers(300));
    await eventually('not all output was equal', () => (group.member(1).frames?.equalOutputs ?? 0) >= 900);
    assert.equal(group.member(1).frames?.mismatches, 0);
  });

  it('hears every input once and in order, and answers, when the primary’s machine is lost under load', async () => {
    await cover();
    for (const number of numbers(50)) await client(3).isAnswered(number);
    const more = numbers(400).slice(50);
    for (const [place, number] of more.entries()) {
      client(3).say(number);
      if (place === 100) await group.member(1).kill();
      if (place % 10 === 0) await delay(1);
    }
    await eventually('the backup did not hear all', () => heardOf(backup(), 'c').length >= 400, 20_000);
    assert.deepEqual(heardOf(backup(), 'c'), numbers(400));
    await client(2).isAnswered('afterwards');
    await client(3).isAnswered('afterwards');
    assert.deepEqual(
      group.members.slice(1).map(({ guest }) => [guest?.epoch, guest?.primary, guest?.backup]),
      [
        [3, 2, 0],
        [3, 2, 0],
      ],
    );
  });

  it('says by the new primary what the lost one kept back', async () => {
    await client(3).isAnswered('0');
    await cover();
    primary().freeze(true);
    client(3).say('1');
    await eventually('the backup does not hear it', () => heardOf(backup(), 'c').includes('1'));
    assert.deepEqual(client(3).answers, ['c 0']);
    await group.member(1).kill();
    await eventually('it is not answered', () => client(3).answers.includes('c 1'));
  });

  it('is asked whether it lives when it keeps silent', async () => {
    await client(3).isAnswered('0');
    primary().silent = true;
    const before = primary().asked;
    client(3).say('1');
    await eventually('nobody asks', () => primary().asked > before);
    assert.deepEqual(heardOf(primary(), 'c'), ['0', '1']);
  });

  it('is told of as silent where a client asks and it stands still, until it answers', async () => {
    const silence = () => group.member(3).frames?.unheardMs ?? 0;
    await client(3).isAnswered('0');
    primary().freeze(true);
    client(3).say('1');
    await eventually('nobody notices', () => silence() >= 5000);
    assert.equal(group.member(2).frames?.unheardMs ?? 0, 0, 'no client of member 2 has asked');
    primary().freeze(false);
    await eventually('it is still called silent', () => silence() === 0);
    assert.deepEqual(heardOf(primary(), 'c'), ['0', '1']);
  });

  it('says by the new primary what the lost one held when their round ended', async () => {
    await client(3).isAnswered('0');
    await cover();
    backup().answer = () => 'c x'; // after the round it has said "c 1", as far as it knows
    backup().freeze(true);
    client(3).say('1');
    await eventually('the primary does not hear it', () => heardOf(primary(), 'c').includes('1'));
    group.member(1).order('cut 2');
    await eventually('the cut is not there', () => [1, 2].every((number) => group.member(number).guest?.cut === 2));
    group.member(2).order('committed 2');
    await eventually('the round does not count', () => group.member(2).guest?.round === 2);
    await group.member(1).kill();
    await eventually('it is not answered', () => client(3).answers.includes('c 1'));
  });

  it('reaches no service of a host', async () => {
    await client(1).isAnswered('0');
    const service = new Client('service', 0);
    primary().answerPort = await service.listens();
    client(1).say('1');
    await eventually('the guest does not hear it', () => primary().heard.includes('a 1'));
    primary().answerPort = null;
    await client(1).isAnswered('2');
    assert.deepEqual(service.answers, []);
    await service.close();
  });

  it('keeps clients of other members when the witness is lost', async () => {
    await client(2).isAnswered('before');
    await group.member(3).kill();
    await client(1).isAnswered('after');
    await client(2).isAnswered('after');
  });

  it('says nothing that the backup’s guest does not say, until a round covers it', async () => {
    await setBackup();
    for (const each of clients) await each.isAnswered('0');
    backup().answer = (text) => text.replace('differs', 'DIFFERS');
    client(3).say('differs');
    await eventually('no round is wanted', () => group.member(1).guest?.roundWanted === 'mismatch');
    await client(2).isAnswered('1'); // another flow, and no letter that differs
    assert.deepEqual(client(3).answers, ['c 0']);

    group.member(1).order('cut 1');
    const cut = (number: number) => group.member(number).guest;
    await eventually('the cut is not there', () =>
      [1, 2].every((number) => cut(number)?.cut === 1 && cut(number)?.drained),
    );
    client(2).say('behind the cut');
    await eventually('the witness has it', () => (group.member(3).frames?.inputs ?? 0) > 5);
    assert.equal(heardOf(primary(), 'b').includes('behind the cut'), false);
    backup().answer = (text) => text;
    for (const number of [2, 1]) group.member(number).order('committed 1');
    await eventually('what the round covers is not said', () => client(3).answers.includes('c differs'));
    await eventually('inputs do not go on', () => client(2).answers.includes('b behind the cut'));
    await eventually('the backup does not hear as much', () => backup().heard.length === primary().heard.length);
    assert.deepEqual(backup().heard, primary().heard);
    await eventually('a round is still wanted', () => group.member(1).guest?.roundWanted === null);
  });

  it('wants a round when output is held and its guest rests', async () => {
    await setBackup();
    await client(3).isAnswered('0');
    await eventually('a round is wanted', () => group.member(1).guest?.roundWanted === null);
    backup().freeze(true);
    client(3).say('1');
    await eventually('no round is wanted', () => group.member(1).guest?.roundWanted === 'idle');
    backup().freeze(false);
    await eventually('it is not answered', () => client(3).answers.includes('c 1'));
    await eventually('a round is still wanted', () => group.member(1).guest?.roundWanted === null);
  });

  /** As a round ends it that leaves the backup's guest asleep. */
  async function putToSleep(): Promise<void> {
    await setBackup();
    await client(3).isAnswered('awake');
    for (const number of [2, 1]) group.member(number).order('committed 1 asleep');
    await eventually('the round does not count', () =>
      [1, 2].every((number) => group.member(number).guest?.round === 1),
    );
  }

  async function roundTwo(end: string): Promise<void> {
    group.member(1).order('cut 2');
    await eventually('the cut is not there, or waits for a guest that sleeps', () =>
      [1, 2].every((number) => group.member(number).guest?.cut === 2 && group.member(number).guest?.drained),
    );
    for (const number of [2, 1]) group.member(number).order(end);
  }

  it('hears nothing at a backup that sleeps, and after the next round only what lies behind its cut', async () => {
    await putToSleep();
    client(3).say('before');
    await eventually('the primary does not hear it', () => heardOf(primary(), 'c').includes('before'));
    await eventually('no round is wanted', () => group.member(1).guest?.roundWanted === 'idle');
    assert.equal(client(3).answers.includes('c before'), false);
    await roundTwo('committed 2');
    await eventually('what the round covers is not said', () => client(3).answers.includes('c before'));
    await client(3).isAnswered('after');
    assert.deepEqual(heardOf(backup(), 'c'), ['awake', 'after']);
  });

  it('is let work on while it computes in silence, and its answer waits as long as any', async () => {
    await putToSleep();
    await roundTwo('committed 2 asleep');
    const computing = new Worker('for (;;);', { eval: true }); // the toy's process is this one
    try {
      await once(computing, 'online');
      client(3).say('before');
      await eventually('it does not wait', () => group.member(1).guest?.roundWanted === 'waiting');
    } finally {
      await computing.terminate();
    }
  });

  it('hears what its backup has slept through when that becomes the primary', async () => {
    await putToSleep();
    for (const number of numbers(50)) client(3).say(number);
    await eventually('the primary does not hear it', () => heardOf(primary(), 'c').length === 51);
    assert.deepEqual(heardOf(backup(), 'c'), ['awake']);
    await group.member(1).kill();
    await eventually('it is not answered', () => client(3).answers.includes('c 49'));
    assert.deepEqual(heardOf(backup(), 'c'), ['awake', ...numbers(50)]);
  });

  it('has its inputs when both guests have taken them', async () => {
    await client(3).isAnswered('before');
    await setBackup();
    backup().freeze(true);
    const long = 'x'.repeat(1300); // more than the toy takes without looking
    for (const text of numbers(60)) {
      client(3).say(`${text} ${long}`);
      await eventually(`the primary did not hear ${text}`, () => primary().heard.length === Number(text) + 2);
    }
    group.member(1).order('cut 1');
    await eventually('the cut is not there', () => [1, 2].every((number) => group.member(number).guest?.cut === 1));
    await delay(100); // more than the backup takes to tell
    assert.equal(group.member(1).guest?.drained, false);
    backup().freeze(false);
    await eventually('the primary is not told', () => group.member(1).guest?.drained === true);
  });

  it('goes on at a backup that hears of the end of a round before its cut', async () => {
    await client(3).isAnswered('before');
    await setBackup();
    group.member(2).order('committed 1');
    await eventually('the round does not count', () => group.member(2).guest?.round === 1);
    group.member(1).order('cut 1');
    await eventually('the cut is not there', () => group.member(1).guest?.cut === 1);
    client(3).say('behind the cut');
    await eventually('the backup waits', () => heardOf(backup(), 'c').includes('behind the cut'));
    assert.equal(heardOf(primary(), 'c').includes('behind the cut'), false);
    assert.equal(group.member(2).guest?.cut, 0);
  });

  it('stays with its primary when a backup leads that has not all of it, and goes on there once a seed has brought that', async () => {
    await setBackup();
    const { term } = group.member(3);
    group.member(1).order('transfer 2');
    // Once to the backup, and once back.
    await eventually('the primary does not lead again', () =>
      group.members.every((one) => one.term >= term + 2 && one.leader === 1),
    );
    await client(3).isAnswered('0');
    assert.deepEqual(
      [1, 2, 3].map((number) => group.member(number).guest?.primary),
      [1, 1, 1],
    );
    group.member(2).order('seeded');
    await group.member(1).kill();
    await eventually('the backup does not go on', () => group.member(2).guest?.primary === 2);
    await client(3).isAnswered('1');
    assert.deepEqual(heardOf(backup(), 'c'), ['0', '1']);
  });

  it('is not spoken for by a former primary', async () => {
    await cover();
    await client(3).isAnswered('0');
    primary().freeze(true);
    primary().answer = () => 'old';
    client(3).say('1');
    await eventually('the backup does not hear it', () => heardOf(backup(), 'c').includes('1'));
    group.member(1).order('transfer 2');
    await eventually('member 2 is not the primary', () => group.members.every(({ guest }) => guest?.primary === 2));
    primary().freeze(false);
    await eventually('the former primary does not hear it', () => heardOf(primary(), 'c').join() === '0,1');
    await client(3).isAnswered('2');
    // The new primary repeats what the former one may not have said.
    assert.deepEqual([...new Set(client(3).answers)], ['c 0', 'c 1', 'c 2']);
  });

  it('hears nothing at a member before that is the backup, which none of it holds up', async () => {
    backup().freeze(true);
    const long = 'x'.repeat(1300);
    for (const number of numbers(6000)) {
      client(1).say(`${number} ${long}`);
      if (Number(number) % 20 === 19)
        await eventually(`${number} is not answered`, () => client(1).answers.length === Number(number) + 1);
    }
    await setBackup();
    backup().freeze(false);
    await client(1).isAnswered('afterwards');
    assert.deepEqual(backup().heard, ['a afterwards']);
  });

  it('answers clients of other hosts, each with its own, also when there are more than it keeps', async () => {
    const port = group.member(3).ports[2] as number;
    const others = numbers(300).map((name) => new Client(name, port, outside));
    clients.push(...others);
    const soon = 30; // at once, so that no buffer is too small
    for (let first = 0; first < others.length; first += soon)
      await Promise.all(others.slice(first, first + soon).map((one) => one.isAnswered('hello')));
    await (others[0] as Client).isAnswered('again');
    assert.deepEqual((others[0] as Client).answers, ['0 hello', '0 again']);
  });

  it('refuses orders that it cannot follow, with the reason', async () => {
    const { refused } = group.member(2);
    for (const order of ['backup 1', 'cut 1', 'abandoned 7', 'dance']) group.member(2).order(order);
    await eventually('four refusals', () => refused.length === 4);
    assert.match(refused[0] as string, /^backup 1: this member is not the primary that leads; ask the primary/);
    assert.match(refused[2] as string, /round 7 is not under way/);
    assert.match(refused[3] as string, /no order of this version/);
  });

  it('does not start with a port that is taken, nor with a door at no address: cause and remedy', async () => {
    const starts = async (name: string, door: string) => {
      const self = `self=0,9,127.0.0.1,${await freePort()},${await freePort()}`;
      const lines = ['group=/test/other@1', 'journal=journal', self, `door=${door}`];
      const member = await GuestMember.start(path.join(group.directory, name), lines, []);
      await eventually(`a member with door=${door} does not end`, () => member.status !== null && member.fatal !== '');
      return [member.status, member.fatal];
    };
    const [udp, tcp] = group.member(1).ports;
    for (const [protocol, port] of [
      ['udp', udp],
      ['tcp', tcp],
    ]) {
      const [status, message] = await starts(`${protocol}`, `${protocol},127.0.0.1,${port},7`);
      assert.equal(status, 70);
      assert.equal(
        message,
        `cannot listen on ${protocol} 127.0.0.1:${port}: Address already in use; free the port or choose another`,
      );
    }
    const [status, message] = await starts('remote', 'udp,0.0.0.0,7000,6379');
    assert.equal(status, 64);
    assert.match(`${message}`, /vm.conf: door="udp,0.0.0.0,7000,6379" is not valid; the executor must write it/);
  });
});
