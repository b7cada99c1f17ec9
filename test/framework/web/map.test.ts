import assert from 'node:assert/strict';
import fc from 'fast-check';
import { agentsFound, areSamePlaces, regionsOf } from '../../../framework/web/model/domains.js';
import { type Box, cellUnder, layOut, neighbour, usedShare } from '../../../framework/web/model/map-layout.js';
import { agent, task } from './rows.js';

const at = (id: string, region: string | null, zone: string | null, rack?: string) =>
  agent(id, { region, zone, attributes: rack === undefined ? {} : { rack } });
const overlap = (a: Box, b: Box) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

describe('web: map of the cluster', () => {
  it('agents are ordered as people count, those without a domain last', () => {
    const regions = regionsOf([
      at('a10', null, 'z', 'r2'),
      at('a9', null, 'z', 'r10'),
      at('a2', null, 'z', 'r2'),
      at('b', null, null),
    ]);
    const names = regions[0]?.below.map(({ name, below }) => [name, below.map((rack) => rack.name)]);
    assert.deepEqual(names, [
      ['z', ['r2', 'r10']],
      [null, [null]],
    ]);
    assert.deepEqual(
      regions[0]?.below[0]?.below[0]?.below.map(({ id }) => id),
      ['a2', 'a10'],
    );
  });

  it('whatever the agents and the width are, each has a cell within its rack, and none is upon another', () => {
    const domain = fc.constantFrom('a', 'b', 'c', null);
    const agents = fc.array(fc.tuple(domain, domain, fc.constantFrom('r1', 'r2', undefined)), {
      minLength: 1,
      maxLength: 220,
    });
    fc.assert(
      fc.property(agents, fc.integer({ min: 200, max: 2000 }), (places, width) => {
        const rows = places.map(([region, zone, rack], index) => at(`n${index}`, region, zone, rack));
        const { cells, racks, height } = layOut(regionsOf(rows), width);
        assert.deepEqual(new Set(cells.map((cell) => cell.agent.id)), new Set(rows.map(({ id }) => id)));
        for (const [index, rack] of racks.entries()) {
          assert.ok(rack.x + rack.width <= width && rack.y + rack.height <= height);
          for (const other of racks.slice(index + 1)) assert.ok(!overlap(rack, other));
        }
        for (const cell of cells) assert.equal(racks.filter((rack) => overlap(rack, cell)).length, 1);
      }),
      { numRuns: 60 },
    );
  });

  it('arrow keys go to the nearest cell in their direction, and stay where there is none', () => {
    const map = layOut(regionsOf(['a1', 'a2', 'a3', 'a4', 'a5', 'a6'].map((id) => at(id, null, 'z', 'r'))), 800);
    const [first] = map.cells;
    assert.ok(first);
    assert.equal(neighbour(map, first, 'right').agent.id, 'a2');
    assert.equal(neighbour(map, first, 'left').agent.id, 'a1');
    assert.equal(neighbour(map, first, 'down').x, first.x);
    const [, second] = map.cells;
    assert.ok(second);
    assert.equal(neighbour(map, second, 'down').x, second.x);
    assert.equal(neighbour(map, neighbour(map, first, 'down'), 'up').agent.id, 'a1');
    assert.equal(cellUnder(map, first.x + 1, first.y + 1)?.agent.id, 'a1');
    assert.equal(cellUnder(map, -5, -5), null);
  });

  it('a search looks at names, places and apps', () => {
    const agents = [at('a1', 'eu', 'z1', 'r1'), at('a2', 'eu', 'z2', 'r1')];
    const tasks = new Map([['a2', [task('t', '/shop/web', 'a2')]]]);
    const ids = (search: string) => agentsFound(agents, tasks, search).map(({ id }) => id);
    assert.deepEqual(ids('zone z1'), ['a1']);
    assert.deepEqual(ids('SHOP'), ['a2']);
    assert.deepEqual(ids(' '), ['a1', 'a2']);
  });

  it('what is not known has no share', () => {
    assert.equal(usedShare(agent('a'), 'cpus'), 0.5);
    assert.equal(usedShare(agent('a', { free: null }), 'cpus'), null);
    assert.equal(usedShare(agent('a', { total: { cpus: 0, mem: 0, disk: 0 } }), 'cpus'), null);
  });

  it('a map is made anew when an agent is elsewhere, not when less is free there', () => {
    assert.ok(areSamePlaces([agent('a')], [agent('a', { free: null, draining: true })]));
    assert.ok(!areSamePlaces([agent('a')], [agent('a', { zone: 'z' })]));
    assert.ok(!areSamePlaces([at('a', null, null, 'r1')], [at('a', null, null, 'r2')]));
    assert.ok(!areSamePlaces([agent('a')], []));
  });
});
