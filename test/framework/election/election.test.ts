/** Who leads: the rules E1 to E3 over every order of events. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Election, type ElectionEvent } from '../../../framework/election/election.js';

const types = (election: Election, ...events: ElectionEvent[]) =>
  events.flatMap((event) => election.step(event).map(({ type }) => type));

const standing = (name: string): ElectionEvent[] => [
  { type: 'start' },
  { type: 'sessionBegan' },
  { type: 'entered', name },
];

describe('election of the leading scheduler', () => {
  it('leads as the first candidate, and stands by as another', () => {
    const election = new Election();
    assert.deepEqual(types(election, ...standing('b')), ['openSession', 'enter']);
    assert.deepEqual(types(election, { type: 'firstIs', name: 'a' }), []);
    assert.deepEqual(types(election, { type: 'firstIs', name: null }, { type: 'firstIs', name: 'b' }), ['beginReign']);
    assert.deepEqual(types(election, { type: 'firstIs', name: 'b' }), []);
  });

  it('ends its reign with its session, and stands again when all of it has ended', () => {
    const election = new Election();
    types(election, ...standing('a'), { type: 'firstIs', name: 'a' });
    assert.deepEqual(types(election, { type: 'sessionEnded' }), ['endReign']);
    assert.deepEqual(types(election, { type: 'retry' }), [], 'not before');
    assert.deepEqual(types(election, { type: 'reignEnded' }), ['retryIn']);
    assert.deepEqual(types(election, { type: 'retry' }), ['openSession']);
  });

  it('abdicates: the reign ends first, then the session, then it stands again', () => {
    const election = new Election();
    types(election, ...standing('a'), { type: 'firstIs', name: 'a' });
    assert.deepEqual(types(election, { type: 'abdicate' }), ['endReign']);
    assert.deepEqual(types(election, { type: 'abdicate' }, { type: 'firstIs', name: 'a' }), []);
    assert.deepEqual(types(election, { type: 'reignEnded' }, { type: 'retry' }), [
      'closeSession',
      'retryIn',
      'openSession',
    ]);
  });

  it('stops: at once as a standby, after its reign as the leader', () => {
    const standby = new Election();
    assert.deepEqual(types(standby, ...standing('b'), { type: 'stop' }), ['openSession', 'enter', 'closeSession']);
    assert.ok(standby.over);
    const leading = new Election();
    types(leading, ...standing('a'), { type: 'firstIs', name: 'a' });
    assert.deepEqual(types(leading, { type: 'stop' }), ['endReign']);
    assert.ok(!leading.over);
    assert.deepEqual(types(leading, { type: 'reignEnded' }), ['closeSession']);
    assert.ok(leading.over);
  });

  it('never has two reigns, nor one without being the first of a session that lives', () => {
    let reigns = 0;
    fc.assert(
      fc.property(fc.array(fc.noBias(fc.nat(5000)), { minLength: 40, maxLength: 60 }), (picks) => {
        const world = new World();
        for (const pick of picks) {
          const possible = everything.filter((event) => world.possible(event));
          world.take(pick % 50 === 49 ? { type: 'stop' } : (possible[pick % possible.length] as ElectionEvent));
        }
        reigns += world.reigns;
      }),
      { numRuns: 3000 },
    );
    assert.ok(reigns > 1000, `${reigns} reigns are too few to say anything`);
  });
});

const everything: ElectionEvent[] = [
  ...(['start', 'sessionBegan', 'sessionEnded', 'reignFailed', 'reignEnded', 'abdicate', 'retry'] as const).map(
    (type) => ({ type }),
  ),
  { type: 'entered', name: 'a' },
  { type: 'firstIs', name: 'a' },
  { type: 'firstIs', name: 'b' },
  { type: 'firstIs', name: null },
];

/** What has been ordered and is so; checks each order against it. */
class World {
  reigns = 0;
  readonly #election = new Election();
  #session: 'none' | 'opening' | 'open' = 'none';
  /** Orders to end it have not been carried out yet: `ending`. */
  #reign: 'none' | 'on' | 'ending' = 'none';
  #name: string | null = null;
  #first: string | null = null;
  #carriedReign = false;
  #stopped = false;

  possible({ type }: ElectionEvent): boolean {
    switch (type) {
      case 'sessionBegan':
        return this.#session === 'opening';
      case 'entered':
        return this.#session === 'open' && this.#name === null;
      case 'firstIs':
        return this.#session === 'open';
      case 'sessionEnded':
        return this.#session !== 'none';
      case 'reignEnded':
        return this.#reign === 'ending';
      default:
        return true;
    }
  }

  take(event: ElectionEvent): void {
    if (event.type === 'sessionBegan') this.#session = 'open';
    if (event.type === 'sessionEnded') this.#close();
    if (event.type === 'entered') this.#name = event.name;
    if (event.type === 'firstIs') this.#first = event.name;
    if (event.type === 'reignEnded') this.#reign = 'none';
    if (event.type === 'stop') this.#stopped = true;
    for (const { type } of this.#election.step(event)) this.#carryOut(type);
    const mayReign = this.#session === 'open' && this.#name !== null && this.#first === this.#name && !this.#stopped;
    if (!mayReign) assert.notEqual(this.#reign, 'on', `reigns after ${event.type} (E2)`);
    assert.equal(this.#election.reigns, this.#reign === 'on');
  }

  #carryOut(type: string): void {
    if (type === 'openSession') {
      assert.equal(this.#session, 'none');
      assert.equal(this.#stopped, false);
      this.#session = 'opening';
    }
    if (type === 'closeSession') this.#close();
    if (type === 'beginReign') {
      assert.equal(this.#reign, 'none', 'two reigns (E1)');
      assert.equal(this.#carriedReign, false, 'a second reign of one session (E3)');
      this.#reign = 'on';
      this.#carriedReign = true;
      this.reigns += 1;
    }
    if (type === 'endReign') {
      assert.equal(this.#reign, 'on');
      this.#reign = 'ending';
    }
  }

  #close(): void {
    this.#session = 'none';
    this.#name = null;
    this.#first = null;
    this.#carriedReign = false;
  }
}
