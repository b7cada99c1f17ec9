import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  add,
  allocate,
  contains,
  formatResources,
  fromPlain,
  parseAttributes,
  parseResources,
  type Range,
  type Resource,
  ranges,
  reservationRole,
  reservationsOf,
  subtract,
  take,
  toPlain,
  toRefinedFormat,
  toUnrefinedFormat,
  unallocate,
} from '../../../framework/mesos-http-client/index.js';

const anyRanges = fc.array(
  fc.tuple(fc.nat(60), fc.nat(12)).map(([begin, length]) => ({ begin, end: begin + length })),
  { maxLength: 6 },
);

function members(set: readonly Range[]): number[] {
  const all = set.flatMap(({ begin, end }) => Array.from({ length: end - begin + 1 }, (_, i) => begin + i));
  return [...new Set(all)].sort((a, b) => a - b);
}

function scalar(name: string, value: number, more: object = {}): Resource {
  return { name, type: 'SCALAR', scalar: { value }, ...more };
}

describe('ranges', () => {
  it('behave as the sets of numbers they stand for, in canonical form', () => {
    fc.assert(
      fc.property(anyRanges, anyRanges, (a, b) => {
        const inB = new Set(members(b));
        const results: [Range[], number[]][] = [
          [ranges.union(a, b), members([...a, ...b])],
          [ranges.difference(a, b), members(a).filter((n) => !inB.has(n))],
          [ranges.intersection(a, b), members(a).filter((n) => inB.has(n))],
        ];
        for (const [result, expected] of results) {
          assert.deepEqual(members(result), expected);
          for (const [i, range] of result.entries()) {
            assert.ok(range.begin <= range.end);
            assert.ok(i === 0 || range.begin > (result[i - 1]?.end ?? 0) + 1);
          }
        }
        assert.equal(ranges.size(a), members(a).length);
        assert.equal(
          ranges.includes(a, b),
          members(b).every((n) => members(a).includes(n)),
        );
      }),
    );
  });
});

const anyResources = fc.array(
  fc.oneof(
    fc
      .record({
        name: fc.constantFrom('cpus', 'mem'),
        value: fc.integer({ min: 1, max: 5000 }),
        role: fc.constantFrom('*', 'a'),
      })
      .map(({ name, value, role }) =>
        scalar(name, value / 1000, role === '*' ? {} : { reservations: [{ type: 'STATIC', role }] }),
      ),
    anyRanges.map((range): Resource => ({ name: 'ports', type: 'RANGES', ranges: { range } })),
  ),
  { maxLength: 8 },
);

describe('resources', () => {
  it('subtract what was added, without drift', () => {
    const scalars = anyResources.map((list) => list.filter(({ type }) => type === 'SCALAR'));
    fc.assert(
      fc.property(scalars, scalars, (a, b) => {
        const sum = add(a, b);
        assert.ok(contains(sum, a) && contains(sum, b));
        const left = subtract(sum, b);
        assert.ok(contains(left, a) && contains(a, left), `${formatResources(left)} and ${formatResources(a)}`);
      }),
    );
  });

  it('contain a list exactly if it can be subtracted', () => {
    fc.assert(
      fc.property(anyResources, anyResources, (a, b) => {
        if (!contains(a, b)) assert.throws(() => subtract(a, b), /cannot take/);
        else assert.ok(contains(a, subtract(a, b)));
      }),
    );
  });

  it('count in thousandths', () => {
    const tenths = new Array(10).fill(scalar('cpus', 0.1));
    assert.deepEqual(add(tenths), [scalar('cpus', 1)]);
    assert.deepEqual(subtract(add(tenths), [scalar('cpus', 0.999)]), [scalar('cpus', 0.001)]);
    assert.deepEqual(add([scalar('cpus', 0.0004)]), []);
  });

  it('know a reservation in either format, and keep unlike things apart', () => {
    const dynamic = { type: 'DYNAMIC', role: 'a', principal: 'p' };
    const old = scalar('cpus', 1, { role: 'a', reservation: { principal: 'p' } });
    const refined = scalar('cpus', 1, { reservations: [dynamic] });
    assert.deepEqual(reservationsOf(old), [dynamic]);
    assert.deepEqual(toRefinedFormat(old), refined);
    assert.deepEqual(toUnrefinedFormat(refined), old);
    assert.deepEqual(toUnrefinedFormat(scalar('mem', 1)), scalar('mem', 1, { role: '*' }));
    assert.deepEqual(toRefinedFormat(scalar('mem', 1, { role: '*' })), scalar('mem', 1));
    assert.deepEqual(toUnrefinedFormat(parseResources('mem(a):1')[0] as Resource), scalar('mem', 1, { role: 'a' }));
    assert.ok(contains([old], [refined]) && contains([refined], [old]));
    assert.equal(reservationRole(refined), 'a');
    const others = [
      scalar('cpus', 1),
      scalar('cpus', 1, { role: 'a' }),
      scalar('cpus', 1, { revocable: {} }),
      ...allocate([old], 'a'),
    ];
    for (const other of others) assert.ok(!contains([old], [other]), JSON.stringify(other));
    assert.deepEqual(unallocate(allocate([old], 'a')), [old]);
    const stacked = scalar('cpus', 1, { reservations: [dynamic, { type: 'DYNAMIC', role: 'a/b' }] });
    assert.throws(() => toUnrefinedFormat(stacked), /RESERVATION_REFINEMENT/);
  });

  it('take persistent volumes as they are', () => {
    const volume = (id: string) =>
      scalar('disk', 64, { disk: { persistence: { id }, volume: { container_path: 'data', mode: 'RW' } } });
    const offered = [scalar('disk', 100), volume('v1')];
    assert.ok(contains(offered, [volume('v1')]));
    assert.ok(!contains(offered, [volume('v2')]));
    assert.deepEqual(subtract(offered, [volume('v1')]), [scalar('disk', 100)]);
    assert.equal(take(offered, { ...toPlain([]), disk: 101 }), null);
  });
});

describe('resource text', () => {
  it('reads the form of the agent flags', () => {
    assert.deepEqual(parseResources('cpus:4;mem:8192; ports:[31000-31100, 31500-31600] ;disk(role):2048;x:{a,b};'), [
      scalar('cpus', 4),
      scalar('mem', 8192),
      {
        name: 'ports',
        type: 'RANGES',
        ranges: {
          range: [
            { begin: 31000, end: 31100 },
            { begin: 31500, end: 31600 },
          ],
        },
      },
      scalar('disk', 2048, { reservations: [{ type: 'STATIC', role: 'role' }] }),
      { name: 'x', type: 'SET', set: { item: ['a', 'b'] } },
    ]);
    assert.deepEqual(parseAttributes('rack:r1;zone:a;level:10;disks:{a,b};url:http://h:1/p'), [
      { name: 'rack', type: 'TEXT', text: { value: 'r1' } },
      { name: 'zone', type: 'TEXT', text: { value: 'a' } },
      { name: 'level', type: 'SCALAR', scalar: { value: 10 } },
      { name: 'disks', type: 'SET', set: { item: ['a', 'b'] } },
      { name: 'url', type: 'TEXT', text: { value: 'http://h:1/p' } },
    ]);
    assert.deepEqual(parseResources(''), []);
  });

  it('names the part that is wrong', () => {
    for (const bad of [
      'cpus',
      'cpus:',
      ':4',
      'cpus:many',
      'cpus:-1',
      'ports:[1-2',
      'ports:[2-1]',
      'ports:[1]',
      'cpus(a:4',
      'c pus:4',
      'x:{a',
    ]) {
      assert.throws(
        () => parseResources(`mem:1;${bad}`),
        (error: Error) => error.message.startsWith(`'${bad}'`),
        bad,
      );
    }
  });

  it('writes what it reads', () => {
    fc.assert(
      fc.property(anyResources, (list) => {
        const canonical = add(list);
        assert.deepEqual(parseResources(formatResources(canonical)), canonical);
      }),
    );
  });
});

describe('plain resources', () => {
  it('go over to Mesos and back', () => {
    const plain = { cpus: 0.5, mem: 128, disk: 0, gpus: 0, ports: [{ begin: 31000, end: 31001 }] };
    assert.deepEqual(
      fromPlain(plain).map(({ name }) => name),
      ['cpus', 'mem', 'ports'],
    );
    assert.deepEqual(toPlain(fromPlain(plain)), plain);
    assert.deepEqual(toPlain(parseResources('cpus:0.1;cpus(a):0.2;other:5;ports:[5-6];ports(a):[7-7]')), {
      cpus: 0.3,
      mem: 0,
      disk: 0,
      gpus: 0,
      ports: [{ begin: 5, end: 7 }],
    });
  });

  it('are taken from an offer with its reservations, reserved ones first', () => {
    const offered = allocate(parseResources('cpus:4;cpus(a):1;mem:100;ports:[1-10];ports(a):[20-30]'), 'a');
    const taken = take(offered, {
      cpus: 1.5,
      mem: 10,
      disk: 0,
      gpus: 0,
      ports: [
        { begin: 10, end: 10 },
        { begin: 20, end: 20 },
      ],
    });
    assert.ok(taken);
    assert.equal(formatResources(taken), 'cpus(a):1;cpus:0.5;mem:10;ports(a):[20-20];ports:[10-10]');
    assert.ok(contains(offered, taken));
  });

  it('are covered by an offer exactly if the sums are', () => {
    fc.assert(
      fc.property(anyResources, anyResources, (offered, wanted) => {
        const [have, demand] = [toPlain(offered), toPlain(wanted)];
        const taken = take(add(offered), demand);
        const fits = demand.cpus <= have.cpus && demand.mem <= have.mem && ranges.includes(have.ports, demand.ports);
        assert.equal(taken !== null, fits);
        if (!taken) return;
        assert.deepEqual(toPlain(taken), demand);
        assert.ok(contains(offered, taken));
      }),
    );
  });
});
