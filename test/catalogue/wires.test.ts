import assert from 'node:assert/strict';
import { readProgram } from './entry.js';
import { soak } from './soak.js';
import { element, octets, small, Tag } from './wires/ber.js';
import { wires } from './wires/index.js';
import type { Exchange, Wire } from './wires/wire.js';

const value = Buffer.alloc(300, 'v');
const other = Buffer.alloc(300, 'w');

function chunked(...parts: string[]): string {
  const chunks = [...parts, ''].map((part) => `${part.length.toString(16)}\r\n${part}\r\n`);
  return `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.join('')}`;
}

const ldapResult = (kind: number, code: number) =>
  element(Tag.sequence, small(Tag.integer, 1), element(kind, small(Tag.enumerated, code), octets(''), octets('')));
const ldapEntry = (held: Buffer) => {
  const description = element(Tag.sequence, octets('description'), element(Tag.set, octets(held)));
  const found = element(0x64, octets('cn=a,dc=example'), element(Tag.sequence, description));
  return element(Tag.sequence, small(Tag.integer, 1), found);
};
const retained = (held: Buffer) =>
  Buffer.concat([Buffer.from([0x31, 0x80 | (303 & 0x7f), 303 >> 7, 0, 1]), Buffer.from('a'), held]);
const subscribed = Buffer.from([0x90, 3, 0, 2, 0]);
const unsubscribed = Buffer.from([0xb0, 2, 0, 3]);
const kvs = (held: Buffer) => JSON.stringify({ header: { revision: '2' }, kvs: [{ value: held.toString('base64') }] });

/** What the program says to a put and to a get of `held`, and what would be wrong for a put. */
const answers: Record<string, { put: Buffer | string; wrongPut: Buffer | string; get(held: Buffer): Buffer | string }> =
  {
    nginx: {
      put: 'HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n',
      wrongPut: 'HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\noh\n',
      get: (held) => `HTTP/1.1 200 OK\r\ncontent-length: 300\r\n\r\n${held}`,
    },
    'etcd-server': {
      put: chunked('{"header":', '{"revision":"2"}}'),
      wrongPut: chunked('{"header":{}}'),
      get: (held) => chunked(kvs(held).slice(0, 50), kvs(held).slice(50)),
    },
    'redis-server': { put: '+OK\r\n', wrongPut: '-ERR\r\n', get: (held) => `$300\r\n${held}\r\n` },
    memcached: { put: 'STORED\r\n', wrongPut: 'ERROR\r\n', get: (held) => `VALUE a 0 300\r\n${held}\r\nEND\r\n` },
    mosquitto: {
      put: Buffer.from([0x40, 2, 0, 1]),
      wrongPut: Buffer.from([0x40, 2, 0, 2]),
      get: (held) => Buffer.concat([retained(held), subscribed, unsubscribed]),
    },
    slapd: {
      put: ldapResult(0x67, 0),
      wrongPut: ldapResult(0x67, 32),
      get: (held) => Buffer.concat([ldapEntry(held), ldapResult(0x65, 0)]),
    },
  };

/** Where the answer ends, as bytes come one by one with those of a next answer behind them; never said too early. */
function endFound(exchange: Exchange, answer: Buffer): number {
  const stream = Buffer.concat([answer, Buffer.from('\r\n more')]);
  for (let received = 0; ; received++) {
    const bytes = exchange.answerBytes(stream.subarray(0, received));
    if (bytes <= received) return bytes;
    assert.ok(bytes <= answer.length, `${bytes} bytes are asked for, the answer has ${answer.length}`);
  }
}

describe('a wire of the catalogue', () => {
  for (const [name, { put, wrongPut, get }] of Object.entries(answers)) {
    const wire = wires[name] as Wire;
    it(`of ${name} finds the ends of answers and tells wrong ones`, () => {
      const puts = wire.put('a', value);
      const gets = wire.get('a', [Buffer.from('older'), value]);
      for (const [exchange, answer, isRight] of [
        [puts, put, true],
        [puts, wrongPut, false],
        [gets, get(value), true],
        [gets, get(other), false],
      ] as const) {
        assert.equal(endFound(exchange, Buffer.from(answer)), answer.length);
        assert.equal(exchange.isRight(Buffer.from(answer)), isRight, JSON.stringify(String(answer)));
      }
    });
  }

  it('of clamd knows which values are unwanted', () => {
    const { put } = wires.clamd as Wire;
    const found = Buffer.from('1: stream: Catalogue.Test.UNOFFICIAL FOUND\0');
    assert.equal(endFound(put('a', value), found), found.length);
    assert.ok(put('a', Buffer.from('uuu')).isRight(found));
    assert.ok(!put('a', Buffer.from('vvv')).isRight(found));
  });
});

describe('a soak', () => {
  it('leaves a small value in the place of each large one', async () => {
    const redis = wires['redis-server'] as Wire;
    const sizes: number[] = [];
    const put: Wire['put'] = (name, value) => {
      if (name === 'large') sizes.push(value.length);
      return redis.put(name, value);
    };
    await soak(readProgram('redis-server'), { ...redis, put }, 1, 5);
    assert.ok(sizes.length >= 2, `${sizes}`);
    for (const [place, size] of sizes.entries()) assert.equal(size > 10_000, place % 2 === 0, `${sizes}`);
  }).timeout(60_000);

  it('ends at the first wrong answer', async () => {
    const redis = wires['redis-server'] as Wire;
    const forgetful: Wire = { ...redis, put: (name, _value) => redis.put(name, other), get: redis.get };
    await assert.rejects(soak(readProgram('redis-server'), forgetful, 1, 10), /wrong answer to .*GET/s);
  }).timeout(60_000);
});
