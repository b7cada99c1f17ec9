import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasPort, normalizedPorts, portCount, portsText, takePorts } from '../../placement/resources.js';

const ranges = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: -2, max: 5 }))
    .map(([begin, more]) => ({ begin, end: begin + more })),
  { maxLength: 5 },
);
const numbers = (list: { begin: number; end: number }[]) =>
  new Set(list.flatMap(({ begin, end }) => Array.from({ length: Math.max(0, end - begin + 1) }, (_, i) => begin + i)));

describe('ports', () => {
  it('are the same set in normal form, sorted and apart', () => {
    fc.assert(
      fc.property(ranges, (list) => {
        const normal = normalizedPorts(list);
        assert.deepEqual(numbers(normal), new Set([...numbers(list)].sort((a, b) => a - b)));
        assert.equal(portCount(normal), numbers(list).size);
        for (const [i, range] of normal.entries()) assert.ok(i === 0 || (normal[i - 1]?.end ?? 0) + 1 < range.begin);
      }),
    );
  });

  it('are taken whenever they are there, and nothing else changes', () => {
    const asked = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 3 });
    fc.assert(
      fc.property(
        ranges,
        asked,
        fc.nat(3),
        fc.nat(),
        fc.uniqueArray(fc.integer({ min: 1, max: 30 })),
        (list, specific, any, start, shun) => {
          const free = normalizedPorts(list);
          const result = takePorts(free, [...Array<number>(any).fill(0), ...specific], start, new Set(shun));
          const fits = specific.every((port) => hasPort(free, port)) && portCount(free) >= specific.length + any;
          assert.equal(result !== null, fits);
          if (!result) return;
          assert.deepEqual(result.taken.slice(any), specific);
          assert.deepEqual(
            new Set([...numbers(result.left), ...result.taken]),
            new Set([...numbers(result.left), ...numbers(free)]),
          );
          assert.equal(portCount(result.left) + result.taken.length, portCount(free));
          const unshunned = [...numbers(result.left)].some((port) => !shun.includes(port));
          if (unshunned) assert.ok(result.taken.slice(0, any).every((port) => !shun.includes(port)));
        },
      ),
    );
  });

  it('are shown as at most three intervals', () => {
    assert.equal(portsText([]), 'none');
    assert.equal(
      portsText([
        { begin: 1, end: 1 },
        { begin: 3, end: 4 },
        { begin: 6, end: 6 },
        { begin: 8, end: 9 },
      ]),
      '1, 3-4, 6, ...',
    );
  });
});
