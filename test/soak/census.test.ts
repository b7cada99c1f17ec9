/** Who is who, and when a process has had more memory than docs/operations.md says. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../consensus/interpose/group.js';
import { above, ceilings } from './ceilings.js';
import { type Kind, kindOf, kinds } from './census.js';

const megabyte = 2 ** 20;

describe('soak: kinds of processes', () => {
  for (const [words, kind] of [
    [['/usr/bin/node', '--enable-source-maps', '/opt/gaia/dist/executor/main.js'], 'executor'],
    [['/usr/bin/redis-server', '--bind', '127.0.0.1'], 'replica'],
    // As Redis calls itself.
    [['redis-server 127.0.0.1:31000', '', ''], 'replica'],
    [['/opt/gaia/build/native/gaia-gateway', '--', '/opt/gaia/build/native/gaia-static-server'], 'gateway'],
    [['/opt/gaia/build/native/gaia-static-server'], 'program'],
    [['sleep', '1000000'], null],
    [['sh', '-c', 'exec redis-server'], null],
    [['redis-cli', '-p', '6379'], null],
    // It has just ended.
    [[], null],
  ] as [string[], Kind | null][])
    it(`"${words.join(' ').trim()}": ${kind ?? 'none'}`, () => assert.equal(kindOf(words.join('\0')), kind));
});

describe('soak: ceilings', () => {
  it('what is at its ceiling is not above it; a byte more is, and is told with both numbers', () => {
    const atMost = new Map(Object.entries(ceilings) as [Kind, number][]);
    assert.deepEqual(above(atMost), []);
    for (const [kind, bytes] of atMost)
      assert.deepEqual(above(new Map([...atMost, [kind, bytes + 1]])), [
        `${kind}: ${bytes + 1} bytes of memory, and at most ${bytes} are promised`,
      ]);
  });

  it('nothing is promised of the embedded Mesos, and of programs of others', () => {
    const free = kinds.filter((kind) => ceilings[kind] === undefined);
    assert.deepEqual(free, ['program', 'mesos']);
    assert.deepEqual(above(new Map(free.map((kind) => [kind, 2 ** 40]))), []);
  });

  it('are those of docs/operations.md, row by row', () => {
    const page = readFileSync(join(repository, 'docs/operations.md'), 'utf8');
    const section = /^## Memory$(.*?)^## /ms.exec(page)?.[1] ?? '';
    const rows = [...section.matchAll(/^\| an? (\w+)[^|]* \| (\d+) MiB|^\| the (\w+) \| (\d+) MiB/gm)];
    const told = rows.map(([, one, ofOne, the, ofThe]) => [one ?? the, Number(ofOne ?? ofThe) * megabyte]);
    assert.deepEqual(Object.fromEntries(told), ceilings);
  });
});
