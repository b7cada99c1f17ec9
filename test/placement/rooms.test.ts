import assert from 'node:assert/strict';
import { type AgentSnapshot, type GroupRequest, Inventory, place } from '../../placement/index.js';
import { Recurring } from '../../placement/recurring.js';
import { agent, group } from './build.js';

const demand = (cpus: number) => ({ cpus, mem: 1, disk: 0, gpus: 0, ports: [] });
const ofCpus = (cpus: number, id = `/of${cpus}`): GroupRequest => group({ id, slots: [0], demand: demand(cpus) });
const used = (id: string, free: number, total = 12, mem = 10): AgentSnapshot =>
  agent(id, { cpus: free, mem, total: { cpus: total, mem: 100 } });

/** Where the replica of one more group goes. */
const goesTo = (inventory: Inventory, cpus: number) => inventory.place(ofCpus(cpus, '/next'), 1)[0]?.agentId;

/** Groups of a demand came and went. */
function recur(inventory: Inventory, cpus: number): void {
  for (const time of [1, 2, 3, 4]) {
    const [seat] = inventory.place(ofCpus(cpus, `/of${cpus}/${time}`), 1);
    assert.ok(seat);
    inventory.release(seat, demand(cpus));
  }
}

describe('kept rooms', () => {
  it('leave room for a recurring demand where best fit would take it', () => {
    const inventory = new Inventory([used('a', 4), used('b', 5)]);
    recur(inventory, 4);
    assert.equal(goesTo(inventory, 1), 'b');
    const fresh = new Inventory([used('a', 4), used('b', 5)]);
    assert.equal(goesTo(fresh, 1), 'a');
  });

  it('take the least spare room that does, then the smallest kept room', () => {
    const free = { a: 4, b: 6.5, c: 5.5, e: 3 };
    const agents = Object.entries(free).map(([id, cpus]) => used(id, cpus));
    const inventory = new Inventory([...agents, used('d', 2, 20, 90)]);
    recur(inventory, 4);
    recur(inventory, 2);
    const taken = Array.from({ length: 8 }, () => goesTo(inventory, 1));
    assert.deepEqual(taken, ['e', 'c', 'b', 'b', 'e', 'e', 'd', 'd']);
  });

  it('are kept only while less than half is free, and by best fit only', () => {
    const half = new Inventory([used('a', 4, 8, 100), used('b', 5, 10, 100)]);
    recur(half, 4);
    assert.equal(goesTo(half, 1), 'a');
    const evenly = new Inventory([used('a', 4), used('b', 5)], 'residual');
    recur(evenly, 4);
    assert.equal(goesTo(evenly, 1), 'a');
  });

  it('are not kept for groups that are known', () => {
    const inventory = new Inventory([used('a', 10, 20), used('b', 5.5, 20)]);
    recur(inventory, 4);
    inventory.placeAll([ofCpus(6, '/x'), ofCpus(1, '/y')], 1);
    assert.deepEqual(
      inventory.ledgers.map(({ left }) => left.cpus / 1000),
      [3, 5.5],
    );
    // Then they are kept again: best fit would take the other.
    assert.equal(goesTo(inventory, 1), 'b');
  });

  it('follow what an agent is restocked with', () => {
    const inventory = new Inventory([used('a', 4), used('b', 5)]);
    recur(inventory, 4);
    assert.equal(goesTo(inventory, 1), 'b');
    inventory.restock('b', used('b', 0).free);
    assert.equal(goesTo(inventory, 1), 'a');
    inventory.restock('b', used('b', 5).free);
    assert.equal(goesTo(inventory, 1), 'b');
  });

  it('are said in the score', () => {
    const groups = ['/w', '/x', '/y', '/z'].map((id) => ofCpus(id === '/z' ? 1 : 4, id));
    const agents = [used('a', 4, 20), used('b', 4, 20), used('c', 5, 20), used('d', 4, 20), used('e', 4, 20)];
    const { assigned, considered } = place({ groups, seed: 1 }, agents);
    const last = assigned.find((one) => one.group === '/z');
    assert.equal(last?.scoreParts.at(-1)?.name, 'best fit beside kept rooms');
    for (const { group: id, sentence } of considered) if (id === '/z') assert.match(sentence, /cpus|score 0/);
  });
});

describe('recurring demands', () => {
  const largest = { cpus: 1000, mem: 1000, disk: 0, gpus: 0 };
  const asked = (cpus: number) => ({ cpus, mem: 0, disk: 0, gpus: 0 });
  const listed = (asks: readonly number[]) => {
    const recurring = new Recurring();
    for (const cpus of asks) recurring.note(asked(cpus), largest);
    return recurring.list.map(({ cpus }) => cpus);
  };

  it('are those asked for twice or more, the largest first', () => {
    assert.deepEqual(listed([5, 7, 5, 9, 7, 1, 5, 7]), [7, 5]);
  });

  it('are the 15 that are asked for most', () => {
    const sizes = Array.from({ length: 20 }, (_, i) => i + 1);
    const asks = Array.from({ length: 32 }, (_, round) => sizes.filter((size) => round < 12 || size <= 15)).flat();
    assert.deepEqual(listed(asks.slice(0, 512)), sizes.slice(0, 15).reverse());
  });

  it('are forgotten when too many others have come since', () => {
    const others = Array.from({ length: 64 }, (_, i) => 100 + i);
    assert.deepEqual(listed([5, 5, ...others, ...others].slice(0, 128)), listed([...others, ...others].slice(0, 128)));
  });
});
