import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { bytesByKind, liveBytes, liveOf } from './scheduler/live.js';

const megabyte = 2 ** 20;
const tolerated = megabyte / 4;

/** Each has more than a megabyte. */
const things = () => ({
  objects: Array.from({ length: 30_000 }, (_, at) => ({ at, text: `number ${at}` })),
  names: new Set(Array.from({ length: 30_000 }, (_, at) => `/jobs/${at}`)),
  buffer: new Uint8Array(megabyte),
});

/** Each is compiled when it first runs, and shares its code with no other. */
function programs(): ((list: { value: number }[]) => number)[] {
  const turns = 'for (const one of list) sum += one.value; '.repeat(20);
  const texts = Array.from({ length: 1000 }, (_, at) => `function (list) { let sum = ${at}; ${turns} return sum; }`);
  return new Function(`return [${texts}]`)();
}

describe('what lives in a process', function () {
  this.timeout(120_000);

  // V8 gives back code that has not run for a few collections.
  before(() => setFlagsFromString('--no-flush-bytecode'));
  after(() => setFlagsFromString('--flush-bytecode'));

  it('is what something refers to, and as long as it does', async () => {
    const kept: object[] = [];
    const before = await liveBytes();
    kept.push(things());
    const more = (await liveBytes()) - before;
    kept.length = 0;
    const left = (await liveBytes()) - before;
    assert.ok(more > 3 * megabyte, `${more} bytes more`);
    assert.ok(Math.abs(left) < tolerated, `${left} bytes are left`);
  });

  it('is not the code that runs', async () => {
    const [all, list] = [programs(), [{ value: 1 }, { value: 2 }]];
    const before = await bytesByKind();
    for (const program of all) program(list);
    const after = await bytesByKind();
    const code = (after.get('code') ?? 0) - (before.get('code') ?? 0);
    assert.ok(code > 2 * tolerated, `${code} bytes of code`);
    const more = liveOf(after) - liveOf(before);
    assert.ok(Math.abs(more) < tolerated, `${more} bytes more`);
  });
});
