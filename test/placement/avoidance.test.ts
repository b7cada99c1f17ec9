import assert from 'node:assert/strict';
import { avoidance, Inventory, place } from '../../placement/index.js';
import { agent, group } from './build.js';

const minuteMs = 60_000;
const nowMs = Date.UTC(2026, 0, 2, 3);
const down = (startMs: number, durationMs: number | null) => ({
  ...agent('a'),
  unavailable: { startMs: nowMs + startMs, durationMs },
});
const asked = group({ slots: [0], maintenance: { nowMs, horizonMs: 60 * minuteMs } });

describe('an agent that goes down', () => {
  const rows: [name: string, startMs: number, durationMs: number | null, reason: string | null][] = [
    [
      'soon',
      25 * minuteMs,
      90 * minuteMs,
      'maintenance begins at 2026-01-02T03:25:00.000Z, in 25 min, and takes 90 min',
    ],
    [
      'at the horizon',
      60 * minuteMs,
      null,
      'maintenance begins at 2026-01-02T04:00:00.000Z, in 60 min, and no end is known',
    ],
    ['behind the horizon', 60 * minuteMs + 1, null, null],
    ['now', 0, 1, 'maintenance has begun at 2026-01-02T03:00:00.000Z, and takes 1 min'],
    ['until a moment ago', -minuteMs, minuteMs, null],
    ['long since', -999 * minuteMs, null, 'maintenance has begun at 2026-01-01T10:21:00.000Z, and no end is known'],
  ];
  for (const [name, startMs, durationMs, reason] of rows)
    it(`${name} is ${reason === null ? 'not ' : ''}to be avoided`, () => {
      assert.equal(avoidance(asked, down(startMs, durationMs)), reason);
    });

  it('is taken like any other by a group that says nothing of maintenance', () => {
    assert.equal(avoidance(group(), down(0, null)), null);
  });

  it('is taken only when no other does, whatever fits best', () => {
    const small = { ...down(0, null), ...agent('small', { cpus: 1 }), unavailable: down(0, null).unavailable };
    const agents = [small, agent('large', { cpus: 16 })];
    const plan = place({ groups: [asked], seed: 1 }, agents);
    assert.equal(plan.assigned[0]?.agentId, 'large');
    assert.match(
      plan.considered[0]?.sentence ?? '',
      /^small: avoided \(maintenance has begun at .*\) while others do$/,
    );
    assert.equal(new Inventory(agents).place(asked, 1)[0]?.agentId, 'large');
    assert.equal(new Inventory([small]).place(asked, 1)[0]?.agentId, 'small');
  });

  it('is avoided in an inventory from when it is told', () => {
    const inventory = new Inventory([agent('small', { cpus: 1 }), agent('large', { cpus: 16 })]);
    inventory.update('small', { unavailable: { startMs: nowMs, durationMs: null } });
    assert.equal(inventory.place(asked, 1)[0]?.agentId, 'large');
    inventory.update('small', { unavailable: null });
    assert.equal(inventory.place(asked, 1)[0]?.agentId, 'small');
  });
});
