import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { Qmp } from '../../../executor/vm/qmp.js';
import { parseQmpLine } from '../../../executor/vm/qmp-codec.js';

const greeting =
  '{"QMP":{"version":{"qemu":{"micro":22,"minor":2,"major":7},"package":"Debian"},"capabilities":["oob"]}}\n';

/** A QEMU that says what a test wants it to say. */
class Peer extends Duplex {
  heard: { execute: string; id: number }[] = [];
  constructor(private readonly answer: (peer: Peer, id: number, command: string) => void) {
    super();
  }
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const command = JSON.parse(chunk.toString());
    this.heard.push(command);
    this.answer(this, command.id, command.execute);
    done();
  }
}

const obliging = (peer: Peer, id: number) => void peer.push(`{"return":{},"id":${id}}\n`);

describe('executor vm: QMP lines', () => {
  it('are greetings, answers, refusals and events', () => {
    assert.deepEqual(parseQmpLine(greeting), { type: 'greeting', version: { version: '7.2.22', package: 'Debian' } });
    assert.deepEqual(parseQmpLine('{"return":{"a":1},"id":3}'), { type: 'answer', id: 3, value: { a: 1 } });
    assert.deepEqual(parseQmpLine('{"id":4,"error":{"class":"GenericError","desc":"no"}}'), {
      ...{ type: 'refusal', id: 4, class: 'GenericError', description: 'no' },
    });
    assert.deepEqual(parseQmpLine('{"event":"STOP","timestamp":{}}'), {
      type: 'event',
      event: { event: 'STOP', data: {} },
    });
  });

  for (const [line, words] of [
    ['{"return":{}}', /^id is undefined; it must be a whole number/],
    ['{"error":{"class":5,"desc":"x"}}', /error.class is 5/],
    ['{"QMP":{"version":{"qemu":{"major":7},"package":""}}}', /QMP.version.qemu.minor is undefined/],
    ['[1]', /the message is \[1\]/],
    ['nonsense', /JSON/],
  ] as const) {
    it(`are not ${line}`, () => assert.throws(() => parseQmpLine(line), { message: words }));
  }
});

describe('executor vm: the QMP client', () => {
  async function opened(answer: (peer: Peer, id: number, command: string) => void): Promise<{ peer: Peer; qmp: Qmp }> {
    const peer = new Peer((from, id, command) =>
      (command === 'qmp_capabilities' ? obliging : answer)(from, id, command),
    );
    peer.push(greeting);
    return { peer, qmp: await Qmp.open(peer) };
  }

  it('gives each answer to its command, in any order and in any pieces', async () => {
    const ids: number[] = [];
    const { peer, qmp } = await opened((_, id) => ids.push(id));
    const first = qmp.execute('query-status', {});
    const second = qmp.execute('query-status', {});
    const text = `{"return":{"status":"paused"},"id":${ids[1]}}\n{"return":{"status":"running"},"id":${ids[0]}}\n`;
    for (const byte of Buffer.from(text)) peer.push(Buffer.from([byte]));
    assert.deepEqual([(await first).status, (await second).status], ['running', 'paused']);
  });

  it('does not wait for a greeting that does not come', async () => {
    await assert.rejects(
      Qmp.open(new Peer(obliging), () => {}, 20),
      /did not greet within 20 ms/,
    );
  });

  it('closes on a line beyond 64 KiB, on nonsense and on a command that QEMU could not read', async () => {
    const refusal = '{"error":{"class":"GenericError","desc":"JSON parse error"}}\n';
    for (const [words, reason] of [
      [`${'x'.repeat(70_000)}\n`, /a line was too long/],
      ['nonsense\n', /said what is not QMP/],
      [refusal, /could not read a command \(JSON parse error\)/],
    ] as const) {
      const { peer, qmp } = await opened(() => {});
      const waiting = qmp.execute('cont', {});
      peer.push(words);
      await assert.rejects(waiting, reason);
      assert.match((await qmp.closed).message, reason);
      assert.equal(peer.destroyed, true);
    }
  });

  it('sends no more than 64 commands that are not answered', async () => {
    const { peer, qmp } = await opened(() => {});
    const waiting = Array.from({ length: 64 }, () => qmp.execute('cont', {}));
    await assert.rejects(qmp.execute('stop', {}), /has not answered 64 commands; stop was not sent/);
    assert.equal(
      peer.heard.some(({ execute }) => execute === 'stop'),
      false,
    );
    qmp.close();
    for (const one of waiting) await assert.rejects(one, /closed by us/);
  });
});
