import assert from 'node:assert/strict';
import type { Demand } from '../../framework/scheduler/demand.js';
import { Demands } from '../../framework/scheduler/demands.js';

const demand = (id: string, slots: number[], delayed = false) => ({ request: { id, slots }, delayed }) as Demand;
const slotsOf = (demands: Demand[]) => demands.map(({ request }) => request.slots);

describe('scheduler: what apps want', () => {
  it('asks once for what waits, and again for what has been placed and is missing once more', () => {
    const demands = new Demands();
    const look = (...wanted: Demand[]) => {
      demands.set('/a', wanted);
      return demands.ask(wanted);
    };
    assert.deepEqual(slotsOf(look(demand('/a', [0, 1]))), [[0, 1]]);
    assert.deepEqual(look(demand('/a', [0, 1])), [], 'the same, looked at again');
    assert.deepEqual(slotsOf(look(demand('/a', [1]))), [[1]], 'one of them has been placed');
    demands.settle(demand('/a', [1]));
    assert.deepEqual([demands.anyAsked, demands.asked()], [false, []]);
    assert.deepEqual(slotsOf(look(demand('/a', [1]))), [[1]]);
    look();
    assert.deepEqual([demands.anyAsked, demands.of('/a')], [false, []]);
  });

  it('asks for nothing that is delayed, until it is not', () => {
    const demands = new Demands();
    for (const [delayed, asked] of [
      [true, 0],
      [false, 1],
      [true, 0],
      [false, 1],
    ] as const) {
      const wanted = [demand('/a', [0], delayed), demand('/a', [1], true)];
      demands.set('/a', wanted);
      assert.deepEqual([demands.ask(wanted).length, demands.anyAsked], [asked, !delayed]);
    }
  });

  it('keeps the apps apart', () => {
    const demands = new Demands();
    for (const id of ['/a', '/b']) {
      demands.set(id, [demand(id, [0])]);
      demands.ask(demands.of(id));
    }
    demands.set('/a', []);
    assert.deepEqual([demands.isAsked('/a 0'), demands.isAsked('/b 0')], [false, true]);
    assert.deepEqual(demands.asked(), [demand('/b', [0])]);
  });
});
