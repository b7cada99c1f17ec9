import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../group.js';
import { type Group, startGroup } from './group.js';
import { assertEqualTurns, assertExact, OwnServer } from './own-server.js';

/** A client of datagrams, which asks again when nobody answers. */
class Asker {
  readonly heard: string[] = [];
  private readonly socket: Socket = createSocket('udp4');

  constructor(private readonly port: number) {
    this.socket.on('message', (message) => this.heard.push(message.toString()));
  }

  tell(text: string | Buffer): void {
    this.socket.send(text, this.port, '127.0.0.1');
  }

  async ask(text: string | Buffer): Promise<string> {
    const before = this.heard.length;
    let askedMs = 0;
    await eventually(`no answer to ${text.slice(0, 40)}`, () => {
      if (this.heard.length === before && Date.now() > askedMs + 500) {
        askedMs = Date.now();
        this.tell(text);
      }
      return this.heard.length > before;
    });
    return this.heard[before] as string;
  }

  close(): void {
    this.socket.close();
  }
}

describe('a replicated server of datagrams', function () {
  this.timeout(60_000);
  let server: OwnServer;
  let group: Group;
  const askers: Asker[] = [];

  before(() => {
    server = new OwnServer('datagrams.c');
  });
  after(() => server.remove());
  afterEach(async () => {
    for (const asker of askers.splice(0)) asker.close();
    await group?.stop();
  });

  const start = async (how: string) => {
    group = await startGroup({ program: (port) => [server.binary, how, String(port)] });
    return group.leader();
  };
  const asker = (slot: number) => {
    const made = new Asker(group.replicas[slot]?.clientPort as number);
    askers.push(made);
    return made;
  };
  const countIn = (answer: string) => Number(answer.split(' ')[1]);

  for (const how of ['blocking', 'poll', 'epoll', 'timeout']) {
    it(`is exact when it waits by ${how}, through every replica and after a kill of the leader`, async () => {
      await start(how);
      let last = 0;
      const before = new Map(group.replicas.map(({ address }) => [address.slot, asker(address.slot)]));
      for (const through of before.values())
        for (let i = 0; i < 3; i++) {
          const answer = await through.ask(`word${i}`);
          assert.match(
            answer,
            new RegExp(`^word${i} \\d+ 5 \\d+\\.\\d{6}/\\d+/\\d+ \\d+${how === 'poll' ? ' asked' : ''}$`),
          );
          assert.ok(countIn(answer) > last, answer);
          last = countIn(answer);
        }
      await group.kill(await group.leader());
      const { address } = await group.leader();
      assert.ok(countIn(await asker(address.slot).ask('later')) > last);
      const follower = group.living().find((replica) => replica.address.slot !== address.slot);
      const through = before.get(follower?.address.slot as number);
      assert.ok(countIn((await through?.ask('through-another')) ?? '') > last + 1);
      await assertEqualTurns(group);
      assertExact(group);
    });
  }

  it('keeps datagrams apart and whole: many at once, large ones, empty ones, ones that find no room', async () => {
    const { address } = await start('poll');
    const one = asker(address.slot);
    assert.match(await one.ask('x'.repeat(150)), /^x{40} \d+ 100 /);
    await eventually('it is not told that it was cut', () => one.heard.includes('cut'));
    assert.match(await one.ask(''), /^ \d+ 0 /);
    const before = one.heard.length;
    for (let i = 0; i < 100; i++) one.tell(`many${i}`);
    await eventually('not all are answered', () => one.heard.length === before + 100);
    const words = one.heard.slice(before).map((answer) => answer.split(' ')[0]);
    assert.deepEqual(
      words,
      Array.from({ length: 100 }, (_, i) => `many${i}`),
    );
    await group.stop();
    const { address: next } = await start('blocking');
    assert.match(await asker(next.slot).ask(Buffer.alloc(60_000, 'y')), /^y{40} \d+ 60000 /);
    await assertEqualTurns(group, 1);
    assertExact(group);
  });

  it('loses, on all replicas alike, what comes when 256 KiB are unread', async () => {
    const { address } = await start('blocking');
    const one = asker(address.slot);
    await one.ask('first');
    one.tell('nap');
    for (let i = 0; i < 20; i++) {
      await delay(10); // the kernel's own room for the socket is smaller
      one.tell(Buffer.alloc(60_000, 'z'));
    }
    await eventually('it does not wake', () => one.heard.some((answer) => answer.startsWith('nap')));
    await one.ask('last');
    const kept = one.heard.filter((answer) => answer.startsWith('z')).length;
    assert.ok(kept >= 3 && kept <= 6, `${kept} of 20 datagrams of 60,000 bytes were kept`);
    await assertEqualTurns(group);
    assertExact(group);
  });

  it('goes on by a copy of its socket when the first is closed while it serves', async () => {
    const { address } = await start('poll');
    const one = asker(address.slot);
    assert.match(await one.ask('first'), /^first 1 /);
    assert.match(await one.ask('move'), /^move 2/);
    assert.match(await one.ask('second'), /^second 3 /);
    await assertEqualTurns(group, 2);
    assertExact(group);
  });

  it('does not let its children answer, and says so', async () => {
    const { address } = await start('blocking');
    assert.equal(await asker(address.slot).ask('fork'), 'fork 9');
    for (const replica of group.replicas) {
      await eventually('it is not counted', () => replica.state?.unexpected.clientInChild === 1);
      assert.equal(replica.state?.label, 'checked');
    }
  });
});

describe('a replicated dnsmasq', function () {
  this.timeout(60_000);
  let group: Group;
  afterEach(() => group?.stop());

  const dig = (port: number, ...words: string[]) =>
    execFileSync('dig', ['@127.0.0.1', '-p', String(port), '+short', '+tries=5', '+time=2', ...words], {
      encoding: 'utf8',
    });

  it('answers the same questions alike at every replica, by datagrams', async () => {
    group = await startGroup({
      program: (port) => [
        ...([
          'dnsmasq',
          '--keep-in-foreground',
          '--conf-file=/dev/null',
          '--no-resolv',
          '--no-hosts',
          '--no-daemon',
        ] as const),
        ...[
          '--pid-file',
          '--log-facility=-',
          '--user=root',
          '--listen-address=127.0.0.1',
          '--bind-interfaces',
          `--port=${port}`,
        ],
        ...['--address=/first.test/10.1.2.3', '--address=/first.test/10.1.2.4', '--txt-record=said.test,by all'],
      ],
    });
    for (const { clientPort } of group.replicas)
      for (let i = 0; i < 5; i++) {
        assert.deepEqual(dig(clientPort, 'a.first.test').trim().split('\n').sort(), ['10.1.2.3', '10.1.2.4']);
        assert.equal(dig(clientPort, 'said.test', 'TXT').trim(), '"by all"');
      }
    await group.kill(await group.leader());
    const { clientPort } = await group.leader();
    assert.equal(dig(clientPort, 'said.test', 'TXT').trim(), '"by all"');
    await assertEqualTurns(group, 30);
    assertExact(group);
  });
});
