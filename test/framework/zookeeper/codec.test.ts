/** What goes over the connection: jute records, frames, answers to `multi`; and which candidate leads. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { inOrder } from '../../../framework/zookeeper/candidates.js';
import { FrameDecoder, JuteReader, JuteWriter } from '../../../framework/zookeeper/jute.js';
import { type Operation, readMultiReply, request } from '../../../framework/zookeeper/messages.js';
import { parseZooKeeperUrl } from '../../../framework/zookeeper/url.js';

const framed = (body: (writer: JuteWriter) => JuteWriter): Buffer => body(new JuteWriter()).frame().subarray(4);

describe('zookeeper: records', () => {
  it('are read as they were written', () => {
    const numbers = [fc.maxSafeInteger().map(BigInt), fc.integer()] as const;
    fc.assert(
      fc.property(...numbers, fc.string(), fc.uint8Array(), (long, int, text, bytes) => {
        const frame = framed((writer) => writer.long(long).int(int).string(text).buffer(bytes).bool(true));
        const reader = new JuteReader(frame);
        assert.deepEqual([reader.long(), reader.int()], [long, int]);
        assert.equal(reader.string(), text);
        assert.deepEqual([...reader.buffer()], [...bytes]);
        assert.equal(reader.bool(), true);
        assert.equal(reader.left, 0);
      }),
    );
  });

  it('that end too early are refused, whatever they say of their length', () => {
    const whole = framed((writer) => writer.string('a').string('bc'));
    for (let length = 0; length < whole.length; length++) {
      const reader = new JuteReader(whole.subarray(0, length));
      assert.throws(() => [reader.string(), reader.string()], /shorter than it says/);
    }
    const boast = new JuteReader(framed((writer) => writer.int(0x7fff_ffff).string('')));
    assert.throws(() => boast.strings(), /shorter than it says/);
  });

  it('come out of the connection whole, however its bytes are cut', () => {
    const frames = ['', 'a', 'x'.repeat(1000)].map((text) => new JuteWriter().string(text).frame());
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1 }), (cuts) => {
        const decoder = new FrameDecoder(2000);
        const found: Buffer[] = [];
        let rest = Buffer.concat(frames);
        for (let at = 0; rest.length > 0; at++) {
          const cut = cuts[at % cuts.length] as number;
          found.push(...decoder.push(rest.subarray(0, cut)));
          rest = rest.subarray(cut);
        }
        assert.deepEqual(
          found.map(String),
          frames.map((frame) => String(frame.subarray(4))),
        );
      }),
    );
    assert.throws(() => new FrameDecoder(2000).push(Buffer.from([0, 0, 8, 0])), /a frame of 2048 bytes came/);
    assert.throws(() => new FrameDecoder(2000).push(Buffer.from([255, 255, 255, 255])), /-1 bytes/);
  });

  it('have number and type in front', () => {
    assert.deepEqual([...request(7, -11)], [0, 0, 0, 8, 0, 0, 0, 7, 255, 255, 255, 245]);
  });
});

describe('zookeeper: the answer to a multi that was refused', () => {
  const operations: Operation[] = ['/a', '/b', '/c'].map((path) => ({ type: 'delete', path }));
  const answer = (...errors: number[]) =>
    new JuteReader(
      framed((writer) => {
        for (const error of errors) writer.int(-1).bool(false).int(error).int(error);
        return writer.int(-1).bool(true).int(-1);
      }),
    );

  for (const [errors, path] of [
    [[-101, -2, -2], '/a'],
    [[0, -101, -2], '/b'],
    [[0, 0, -101], '/c'],
  ] as const) {
    it(`names the operation that is to blame: ${path}`, () => {
      assert.throws(() => readMultiReply(answer(...errors), operations), {
        code: 'noNode',
        message: `delete ${path}: ZooKeeper answered noNode`,
      });
    });
  }
});

describe('zookeeper: candidates', () => {
  it('lead in the order of their numbers; other names are none', () => {
    const names = ['json.info_0000000010', 'log_replicas', 'json.info_0000000009', 'info_0000000001', 'json.info_9'];
    assert.deepEqual(inOrder(names, 'json.info_'), ['json.info_0000000009', 'json.info_0000000010']);
  });
});

describe('zookeeper: addresses', () => {
  it('name servers and a path', () => {
    assert.deepEqual(parseZooKeeperUrl('zk://a:1,[::1]:2,c/mesos/x/'), {
      servers: [
        { host: 'a', port: 1 },
        { host: '::1', port: 2 },
        { host: 'c', port: 2181 },
      ],
      path: '/mesos/x',
    });
    assert.equal(parseZooKeeperUrl('zk://a').path, '');
  });

  for (const [text, cause] of [
    ['http://a', /does not begin with zk:/],
    ['zk://', /'' is no host:port/],
    ['zk://a:0', /'a:0' is no host:port/],
    ['zk://a:65536,b', /'a:65536' is no host:port/],
    ['zk://a,,b', /'' is no host:port/],
    ['zk://a//b', /a part that is empty/],
    ['zk://a/../b', /a part that is empty/],
  ] as const) {
    it(`are refused with the cause: ${text}`, () => assert.throws(() => parseZooKeeperUrl(text), cause));
  }

  it('with a password are refused without repeating it', () => {
    assert.throws(
      () => parseZooKeeperUrl('zk://ops:secret@a/b'),
      (error: Error) => /name a file/.test(error.message) && !error.message.includes('secret'),
    );
  });
});
