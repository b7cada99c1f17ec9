import assert from 'node:assert/strict';
import type { Cluster } from './cluster.js';
import { type GroupState, refusal } from './gate.js';
import { Invariants, type SeenReplica, type SeenReport } from './invariants.js';
import { nameOf } from './replica-processes.js';
import { Arena } from './strikes/arena.js';
import { hasFailed } from './strikes/disk.js';

const group = '/chaos/memory@1';
const slots = [0, 1, 2];
const replica = (slot: number, member = slot + 1, pid = 100 + member): SeenReplica => ({ pid, group, slot, member });
const report = (slot: number, more: Partial<SeenReport> = {}): SeenReport => ({
  ...{
    group,
    slot,
    member: slot + 1,
    role: slot === 0 ? 'leader' : 'follower',
    term: 5,
    divergence: null,
    pid: 101 + slot,
  },
  ...{ configurationIndex: 1, configuration: slots.map((one) => ({ slot: one, member: one + 1 })) },
  ...more,
});
const whole = { atMs: 0, replicas: slots.map((slot) => replica(slot)), reports: slots.map((slot) => report(slot)) };

/** What is violated when this is seen after a whole group. */
function violations(seen: Partial<Parameters<Invariants['observe']>[0]>[]): string[] {
  const invariants = new Invariants();
  for (const [index, one] of [{}, ...seen].entries())
    invariants.observe({ ...whole, atMs: index * 1000, struckMs: new Map(), distrusted: new Map(), ...one });
  return invariants.violations.map(({ text }) => text);
}

describe('the invariants of a chaos run', () => {
  it('hold for a whole group, and one whose member was struck and is replaced', () => {
    const struckMs = new Map([[101, 1000]]);
    const reports = [
      report(1, { configurationIndex: 9, configuration: [4, 2, 3].map((member, slot) => ({ slot, member })) }),
    ];
    assert.deepEqual(violations([{}]), []);
    assert.deepEqual(
      violations([
        { replicas: [replica(1), replica(2)], struckMs },
        { replicas: [replica(0, 4), replica(1), replica(2)], reports, struckMs },
      ]),
      [],
    );
  });

  it('let two members lead in one term, one after the other', () => {
    assert.deepEqual(violations([{ reports: [report(1, { role: 'leader' })] }]), []);
  });

  const rows: [what: string, seen: Parameters<typeof violations>[0], said: RegExp][] = [
    [
      'two processes of one member',
      [{ replicas: [...whole.replicas, replica(1, 2, 999)] }],
      /member 2 is two processes, 102 and 999/,
    ],
    [
      'a ballot that was used again',
      [{ reports: [report(0, { pid: 999 })] }],
      /member 1 in term 5 leads as process 999, and did as process 101/,
    ],
    ['a divergence', [{ reports: [report(1, { divergence: { index: 7 } })] }], /diverged: \{"index":7\}/],
    [
      'a configuration with a slot twice',
      [
        {
          reports: [
            report(1, {
              configurationIndex: 3,
              configuration: [
                { slot: 0, member: 1 },
                { slot: 0, member: 2 },
              ],
            }),
          ],
        },
      ],
      /two members of one slot: 0:1 0:2/,
    ],
    [
      'two configurations of one entry',
      [{ reports: [report(1, { configuration: [{ slot: 0, member: 9 }] })] }],
      /two configurations of entry 1/,
    ],
    [
      'a member that we end while another one is known to be lost',
      [
        { replicas: [replica(0), replica(1)], struckMs: new Map([[103, 1000]]) },
        { atMs: 9000, replicas: [replica(0)], struckMs: new Map([[103, 1000]]) },
      ],
      /slot 1 member 2 was ended by us, and 1 of 3 members are left/,
    ],
    [
      'a member that takes part again from a disk that failed it',
      [{ reports: [report(1, { pid: 999 })], distrusted: new Map([[nameOf(replica(1)), 102]]) }],
      /slot 1 member 2 takes part again/,
    ],
    [
      'a process that goes on after its disk failed it',
      [0, 11_000].map((sinceMs) => ({ atMs: 1000 + sinceMs, distrusted: new Map([[nameOf(replica(1)), 102]]) })),
      /slot 1 member 2 lives as process 102/,
    ],
  ];
  for (const [what, seen, said] of rows)
    it(`do not bear ${what}`, () => {
      const [first, ...more] = violations(seen);
      assert.match(first ?? 'nothing', said);
      assert.deepEqual(more, []);
    });

  it('bear a member that looks at a disk that failed it, and ends', () => {
    const distrusted = new Map([[nameOf(replica(1)), 102]]);
    const replicas = [replica(0), replica(1, 2, 999), replica(2)];
    assert.deepEqual(
      violations([
        { distrusted },
        { replicas, distrusted },
        { replicas: [replica(0), replica(2)], distrusted, struckMs: new Map([[999, 0]]) },
      ]),
      [],
    );
  });

  it('bear that a process which never took part ends, since its disk refuses it', () => {
    const others = [replica(0)];
    const struckMs = new Map([
      [102, 1000],
      [103, 1000],
    ]);
    const refused = { replicas: [...others, replica(1, 2, 999)], struckMs };
    assert.deepEqual(violations([refused, { atMs: 9000, ...refused }, { atMs: 9500, replicas: others, struckMs }]), []);
  });

  it('bear an end after which reports tell that its group had gone on without it', () => {
    const struckMs = new Map([[103, 1000]]);
    const configuration = [report(0), report(3)].map(({ slot, member }) => ({ slot, member }));
    const ended = { atMs: 9000, replicas: [replica(0), replica(3)], struckMs };
    const later = { ...ended, atMs: 9500, reports: [report(0, { configurationIndex: 9, configuration })] };
    const lost = { replicas: [replica(0), replica(1)], struckMs };
    assert.equal(violations([lost, ended]).length, 1);
    assert.deepEqual(violations([lost, ended, later]), []);
  });

  it('do not ask for what the scheduler cannot know yet', () => {
    const struckMs = new Map([[103, 1000]]);
    assert.deepEqual(
      violations([
        { replicas: [replica(0), replica(1)], struckMs },
        { replicas: [replica(0)], struckMs },
      ]),
      [],
    );
  });
});

describe('the gate of strikes', () => {
  const groups = (isWhole: boolean): GroupState[] => [
    { id: '/chaos/memory', durability: 'memory', isWhole },
    { id: '/chaos/disk', durability: 'disk', isWhole },
  ];
  const memory = { group: '/chaos/memory@1' };
  const disk = { group: '/chaos/disk@2' };

  it('lets one member in memory be lost, when all others are there', () => {
    assert.equal(refusal([memory], groups(true), false), null);
    assert.match(refusal([memory], groups(false), false) ?? '', /\/chaos\/memory is not whole/);
    assert.match(refusal([memory, memory], groups(true), false) ?? '', /may lose one member, and 2/);
  });

  it('lets nobody take out another member while one may be lost at any moment', async () => {
    const arena = new Arena({} as Cluster);
    const release = arena.holdMembers(memory);
    assert.throws(() => arena.requireSteady('/chaos/memory'), /may lose a member any time now/);
    arena.requireSteady('/chaos/disk');
    assert.throws(() => arena.holdMembers(memory), /struck already/);
    await release();
    arena.requireSteady('/chaos/memory');
  });

  it('lets nobody be lost while another strike may cost a member at any moment', async () => {
    const victim = { pid: 1, parent: 1, group: '/chaos/memory@1', slot: 0, member: 1, host: '' };
    const told = {
      group: { state: 'whole', generation: 1 },
      replicas: [{ slot: 0, member: 1, state: 'TASK_RUNNING' }],
    };
    const api = { group: async () => told };
    const arena = new Arena({ api, replicas: () => [victim] } as unknown as Cluster);
    const ofDisk = { ...victim, group: '/chaos/disk@1' };
    const release = await arena.holdLosable(victim);
    await assert.rejects(arena.requireLosable([victim]), /\/chaos\/memory may lose a member any time now/);
    await assert.rejects(arena.holdLosable(victim), /struck already/);
    await arena.requireLosable([ofDisk]);
    await release();
    await arena.requireLosable([victim]);
    told.group.state = 'forming';
    await assert.rejects(arena.holdLosable(victim), /\/chaos\/memory is not whole/);
    arena.requireSteady('/chaos/memory');
  });

  it('lets members on disks end at any time, but lose no more than one disk', () => {
    assert.equal(refusal([disk, disk, disk], groups(false), false), null);
    assert.match(refusal([disk], groups(false), true) ?? '', /\/chaos\/disk is not whole/);
    assert.equal(refusal([disk, memory], groups(true), true), null);
  });
});

describe('a synchronisation that a strike fails', () => {
  const said = (file: string, result: string) => `4711 fdatasync(7<${file}>) = ${result}\n`;

  it('counts when it is one of a log or journal, and was failed', () => {
    assert.equal(hasFailed(said('/r/1-3/1-2.wal', '-1 EIO (Input/output error) (INJECTED)')), true);
    assert.equal(hasFailed(said('/r/1-3/1-2.journal', '-1 EIO (Input/output error) (INJECTED)')), true);
    assert.equal(hasFailed(said('/r/1-3/1-2.wal', '0')), false);
    assert.equal(hasFailed(said('/r/1-3/dump.rdb', '-1 EIO (Input/output error) (INJECTED)')), false);
    assert.equal(hasFailed(''), false);
  });
});
