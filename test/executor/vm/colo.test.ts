import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Colo, type ColoAction, type ColoEvent, type ColoPhase } from '../../../executor/vm/colo.js';

const migration = (status: 'colo' | 'failed' | 'cancelled' | 'completed' | 'active') => ({
  type: 'migration' as const,
  status,
});
const resumed = { type: 'resumed' as const };
const lost = { type: 'partnerLost' as const };
const seed = { type: 'seed' as const, uri: 'unix:s' };

/** What is to be told and done, in few words. */
const words = (actions: ColoAction[]) =>
  actions.map((action) => {
    if (action.type === 'execute') return action.command;
    return action.type === 'entered' ? `-> ${action.phase}` : action.type;
  });

function having(start: Colo, ...events: ColoEvent[]): Colo {
  for (const event of events) start.step(event);
  return start;
}
const primary = () => having(new Colo('alone'), seed, migration('active'), migration('colo'), resumed);
const backup = () => having(Colo.listening('unix:s').colo, migration('active'), migration('colo'), resumed);

describe('executor vm: COLO', () => {
  it('seeds a backup and becomes primary; QEMU asks for rounds by itself then', () => {
    const colo = new Colo('alone');
    const actions = colo.step(seed);
    assert.deepEqual(words(actions), [
      ...['migrate-set-capabilities', 'migrate-set-parameters', 'migrate', '-> seeding'],
    ]);
    const { takes } = actions[1] as { takes: Record<string, number> };
    assert.ok((takes['x-checkpoint-delay'] as number) < 10, 'a round that is wanted would wait for it');
    assert.deepEqual(words(colo.step(migration('active'))), []);
    assert.deepEqual(words(colo.step(migration('colo'))), ['-> primary']);
    assert.deepEqual(words(colo.step(resumed)), []);
  });

  it('listens and becomes a backup', () => {
    const { colo, actions } = Colo.listening('unix:s');
    assert.deepEqual(words(actions), ['migrate-set-capabilities', 'migrate-set-parameters', 'migrate-incoming']);
    assert.deepEqual(actions[1], {
      type: 'execute',
      command: 'migrate-set-parameters',
      takes: { 'announce-rounds': 0 },
    });
    assert.deepEqual(words(colo.step(migration('colo'))), ['-> backup']);
  });

  it('goes on alone when told that its partner is lost, once QEMU has left COLO and its guest runs', () => {
    for (const [colo, order] of [
      [primary(), [migration('completed'), resumed]],
      [backup(), [migration('completed'), resumed]],
      [backup(), [resumed, migration('completed')]],
    ] as const) {
      assert.deepEqual(words(colo.step({ type: 'coloExited' })), ['severed']);
      assert.deepEqual(words(colo.step({ type: 'coloExited' })), []);
      assert.deepEqual(words(colo.step(lost)), ['x-colo-lost-heartbeat', '-> parting']);
      assert.deepEqual(words(colo.step(order[0])), []);
      assert.deepEqual(words(colo.step(order[1])), ['-> alone']);
      assert.deepEqual(words(colo.step(seed)).at(-1), '-> seeding');
    }
  });

  it('keeps running when a seed fails or its backup is lost meanwhile', () => {
    const colo = having(new Colo('alone'), seed);
    assert.deepEqual(words(colo.step(lost)), ['migrate_cancel']);
    assert.deepEqual(colo.step(migration('cancelled')), [
      { type: 'entered', phase: 'alone', reason: 'seeding a backup ended with "cancelled"' },
    ]);
    const refused = having(new Colo('alone'), seed).step({ type: 'refused', command: 'migrate', message: 'no socket' });
    assert.deepEqual(refused, [{ type: 'entered', phase: 'alone', reason: 'no socket' }]);
  });

  it('is useless without the whole state, and never takes over then', () => {
    for (const event of [
      lost,
      migration('failed'),
      { type: 'refused', command: 'migrate-incoming', message: 'x' },
    ] as const) {
      const { colo } = Colo.listening('unix:s');
      assert.deepEqual(words(colo.step(event)), ['-> useless']);
      for (const later of [lost, migration('colo'), resumed, seed]) assert.deepEqual(colo.step(later), []);
    }
  });

  it('keeps its promises in any order of events', () => {
    const statuses = ['active', 'colo', 'failed', 'cancelled', 'completed'] as const;
    const event: fc.Arbitrary<ColoEvent> = fc.oneof(
      fc.constantFrom<ColoEvent>(seed, lost, resumed, { type: 'coloExited' }),
      fc.constantFrom(...statuses).map(migration),
      fc.constant<ColoEvent>({ type: 'refused', command: 'migrate', message: 'no' }),
    );
    fc.assert(
      fc.property(fc.boolean(), fc.array(event, { maxLength: 40 }), (listens, events) => {
        const colo = listens ? Colo.listening('unix:s').colo : new Colo('alone');
        let whole = !listens;
        for (const one of events) {
          const before: ColoPhase = colo.phase;
          const actions = colo.step(one);
          const executed = words(actions).filter((word) => !word.startsWith('->'));
          whole ||= colo.phase === 'backup';
          // Only who has the whole state goes on alone.
          if (colo.phase === 'alone') assert.ok(whole);
          if (executed.includes('x-colo-lost-heartbeat')) assert.ok(before === 'primary' || before === 'backup');
          if (before === 'useless') assert.deepEqual(actions, []);
        }
      }),
    );
  });
});
