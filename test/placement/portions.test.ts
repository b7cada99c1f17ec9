import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type AgentSnapshot,
  type Claim,
  type GroupRequest,
  type Portion,
  place,
  type Resources,
} from '../../placement/index.js';
import { agent, group } from './build.js';

const resources = (cpus: number, begin = 0, count = 0): Resources => ({
  cpus,
  mem: 1000 * cpus,
  disk: 1000,
  gpus: 0,
  ports: count === 0 ? [] : [{ begin, end: begin + count - 1 }],
});
const withPortions = (id: string, cpus: number, portions: Portion[]): AgentSnapshot => ({
  ...agent(id, { cpus }),
  portions,
});
const one = (claim?: Claim, cpus = 1): GroupRequest =>
  group({ slots: [0], demand: { cpus, mem: 0, disk: 0, gpus: 0, ports: [] }, ...(claim && { claim }) });
const where = (asked: GroupRequest, agents: AgentSnapshot[]) =>
  place({ groups: [asked], seed: 1 }, agents).assigned.map(({ agentId }) => agentId);
const why = (asked: GroupRequest, agents: AgentSnapshot[]) =>
  place({ groups: [asked], seed: 1 }, agents)
    .unplaced.map(({ sentence }) => sentence)
    .join();

describe('place: what is set aside', () => {
  it('is taken by groups that claim its role, and by no others', () => {
    const agents = [withPortions('a', 0, [{ resources: resources(2), reservedFor: ['eng'] }])];
    assert.deepEqual(where(one(), agents), []);
    assert.deepEqual(where(one({ roles: ['ops', '*'] }), agents), []);
    assert.deepEqual(where(one({ roles: ['eng'] }), agents), ['a']);
  });

  it('of a refined reservation the last role is in force', () => {
    const agents = [withPortions('a', 0, [{ resources: resources(2), reservedFor: ['eng', 'eng/web'] }])];
    assert.deepEqual(where(one({ roles: ['eng', '*'] }), agents), []);
    assert.deepEqual(where(one({ roles: ['eng/web'] }), agents), ['a']);
  });

  it('without * a group leaves alone what is free, with both it may take both together', () => {
    const agents = [withPortions('a', 1, [{ resources: resources(1), reservedFor: ['eng'] }])];
    assert.deepEqual(where(one({ roles: ['eng'] }, 2), agents), []);
    assert.deepEqual(where(one({ roles: ['eng', '*'] }, 2), agents), ['a']);
  });

  it('what is reserved goes first, so that others find what is free', () => {
    const agents = [withPortions('a', 1, [{ resources: resources(1), reservedFor: ['eng'] }])];
    const groups = [
      { ...one({ roles: ['eng', '*'] }), id: '/eng' },
      { ...one(), id: '/any' },
    ];
    assert.equal(place({ groups, seed: 1 }, agents).assigned.length, 2);
  });

  it('what is kept for a name is for that name alone, on its agent alone', () => {
    const kept = { resources: resources(1), reservedFor: ['eng'], keptFor: 'web-1' };
    const agents = [withPortions('a', 9, []), withPortions('b', 0, [kept])];
    assert.deepEqual(where(one({ keptFor: 'web-1' }), agents), ['b']);
    assert.deepEqual(where(one({ roles: ['eng'] }), agents), []);
    assert.match(why(one({ keptFor: 'web-2' }), agents), /kept for web-2: nothing of that is offered there/);
    assert.match(why(one({ keptFor: 'web-1' }, 2), agents), /asked 2, free 1, missing 1/);
  });

  it('what can be revoked goes to those that claim it, and is not mixed with the rest', () => {
    const agents = [withPortions('a', 1, [{ resources: resources(1.5), revocable: true }])];
    assert.deepEqual(where(one(undefined, 1.5), agents), []);
    assert.deepEqual(where(one({ revocable: true }, 1.5), agents), ['a']);
    assert.deepEqual(where(one({ revocable: true }, 2), agents), []);
    const groups = [
      { ...one({ revocable: true }), id: '/batch' },
      { ...one(), id: '/web' },
    ];
    assert.equal(place({ groups, seed: 1 }, agents).assigned.length, 2);
  });

  it('ports and sets come from the portion that has them', () => {
    const portion: Portion = {
      resources: { ...resources(1, 40_000, 1), sets: { licences: ['x'] } },
      reservedFor: ['eng'],
    };
    const agents = [withPortions('a', 5, [portion])];
    const demand = { cpus: 1, mem: 0, disk: 0, gpus: 0, ports: [40_000], sets: { licences: 1 } };
    const asked = (id: string, claim: Claim) => group({ id, slots: [0], demand, claim });
    const plan = place(
      { groups: [asked('/1', { roles: ['eng', '*'] }), asked('/2', { roles: ['eng', '*'] })], seed: 1 },
      agents,
    );
    assert.deepEqual(
      plan.assigned.map(({ group: id, ports, items }) => [id, ports, items]),
      [['/1', [40_000], { licences: ['x'] }]],
    );
  });
});

const claims: (Claim | undefined)[] = [
  undefined,
  { roles: ['eng'] },
  { roles: ['eng', '*'] },
  { roles: ['ops', '*'] },
  { keptFor: 'k' },
  { revocable: true },
  { roles: ['eng', '*'], revocable: true },
];
const portion = (number: number): fc.Arbitrary<Portion> =>
  fc
    .record({ kind: fc.integer({ min: 0, max: 4 }), tenths: fc.integer({ min: 0, max: 30 }) })
    .map(({ kind, tenths }) => {
      const kinds: Omit<Portion, 'resources'>[] = [
        { reservedFor: ['eng'] },
        { reservedFor: ['top', 'ops'] },
        { reservedFor: ['eng'], keptFor: 'k' },
        { revocable: true },
        { reservedFor: ['eng'], revocable: true },
      ];
      return { ...kinds[kind], resources: resources(tenths / 10, 40_000 + 100 * number, tenths) };
    });
const agents = fc
  .array(
    fc.record({ tenths: fc.integer({ min: 0, max: 30 }), portions: fc.tuple(portion(0), portion(1), portion(2)) }),
    { minLength: 1, maxLength: 4 },
  )
  .map((list) => list.map(({ tenths, portions }, i) => withPortions(`a${i}`, tenths / 10, portions)));
const groups = fc
  .array(
    fc.record({
      claim: fc.constantFrom(...claims),
      tenths: fc.integer({ min: 1, max: 20 }),
      ports: fc.integer({ min: 0, max: 3 }),
      slots: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((list) =>
    list.map(({ claim, tenths, ports, slots }, i) =>
      group({
        id: `/g${i}`,
        slots: Array.from({ length: slots }, (_, slot) => slot),
        demand: { cpus: tenths / 10, mem: 0, disk: 0, gpus: 0, ports: Array(ports).fill(0) },
        distinctAgents: i % 2 === 0,
        whole: false,
        ...(claim && { claim }),
      }),
    ),
  );

/** Written without the library: the parts of an agent that this claim may touch. */
function touchable({ free, portions = [] }: AgentSnapshot, claim: Claim = {}): Portion[] {
  const roles = claim.roles ?? ['*'];
  return [{ resources: free }, ...portions].filter((part) => {
    if (claim.keptFor !== undefined || part.keptFor !== undefined) return part.keptFor === claim.keptFor;
    return roles.includes(part.reservedFor?.at(-1) ?? '*') && (claim.revocable === true || !part.revocable);
  });
}
const tenthsOf = (parts: Portion[]) => Math.round(10 * parts.reduce((sum, { resources: { cpus } }) => sum + cpus, 0));

describe('place, for any agents with portions', () => {
  it('those of one claim never get more than it may touch, all together never more than there is, and no port twice', () => {
    fc.assert(
      fc.property(agents, groups, (snapshot, asked) => {
        const { assigned } = place({ groups: asked, seed: 1 }, snapshot);
        const byId = new Map(asked.map((item) => [item.id, item]));
        for (const on of snapshot) {
          const here = assigned.filter(({ agentId }) => agentId === on.id);
          const used = (list: typeof here) =>
            Math.round(10 * list.reduce((sum, seat) => sum + (byId.get(seat.group)?.demand.cpus ?? 0), 0));
          for (const claim of claims) {
            const mine = here.filter((seat) => JSON.stringify(byId.get(seat.group)?.claim) === JSON.stringify(claim));
            assert.ok(used(mine) <= tenthsOf(touchable(on, claim)), `${JSON.stringify(claim)} on ${on.id}`);
            const own = touchable(on, claim)
              .filter(({ revocable }) => !revocable)
              .flatMap(({ resources: { ports } }) => ports);
            for (const port of mine.flatMap(({ ports }) => ports))
              assert.ok(own.some(({ begin, end }) => begin <= port && port <= end));
          }
          assert.ok(used(here) <= tenthsOf([{ resources: on.free }, ...(on.portions ?? [])]));
          const ports = here.flatMap((seat) => seat.ports);
          assert.equal(new Set(ports).size, ports.length);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a single group finds room where the parts it may touch have room, and only there', () => {
    fc.assert(
      fc.property(agents, groups, (snapshot, [asked]) => {
        const single = { ...(asked as GroupRequest), slots: [0] };
        const { cpus, ports } = single.demand;
        const tenths = Math.round(10 * cpus);
        const fits = snapshot.some((on) => {
          const parts = touchable(on, single.claim);
          const [soft, hard] = [
            parts.filter(({ revocable }) => revocable),
            parts.filter(({ revocable }) => !revocable),
          ];
          const free = hard.reduce(
            (sum, part) => sum + part.resources.ports.reduce((n, { begin, end }) => n + end - begin + 1, 0),
            0,
          );
          return Math.max(tenthsOf(soft), tenthsOf(hard)) >= tenths && free >= ports.length;
        });
        assert.equal(place({ groups: [single], seed: 1 }, snapshot).assigned.length, fits ? 1 : 0);
      }),
      { numRuns: 500 },
    );
  });

  it('a portion that nobody claims changes nothing', () => {
    fc.assert(
      fc.property(agents, groups, (snapshot, asked) => {
        const foreign: Portion = { resources: resources(9, 50_000, 9), reservedFor: ['strangers'] };
        const more = snapshot.map((on) => ({ ...on, portions: [...(on.portions ?? []), foreign] }));
        const request = { groups: asked, seed: 1 };
        assert.deepEqual(place(request, more).assigned, place(request, snapshot).assigned);
      }),
      { numRuns: 300 },
    );
  });
});
