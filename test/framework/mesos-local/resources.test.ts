import assert from 'node:assert/strict';
import {
  converted,
  type ResourceOperation,
  reserved,
  volumeOn,
} from '../../../framework/mesos-http-client/operations.js';
import { parseResources } from '../../../framework/mesos-http-client/resource-text.js';
import { add, contains, subtract } from '../../../framework/mesos-http-client/resources.js';
import type { Resource } from '../../../framework/mesos-http-client/types.js';
import { withReservations } from '../../../framework/mesos-local/agent/resources.js';

const flags = parseResources('cpus:4;disk:1000;cpus(ops):2');
const dynamic = (role: string) => ({ type: 'DYNAMIC' as const, role, principal: 'p' });
const own = parseResources('cpus:1;disk:100').map((one) => reserved(one, dynamic('ops')));
const refined = reserved(parseResources('cpus(ops):2')[0] as Resource, dynamic('ops/x'));
const volume = volumeOn(own[1] as Resource, 60, 'v', 'p', { mode: 'RW', container_path: 'data' });
const operations: ResourceOperation[] = [
  { type: 'RESERVE', reserve: { resources: own } },
  { type: 'RESERVE', reserve: { resources: [refined] } },
  { type: 'CREATE', create: { volumes: [volume] } },
];
const reservedOnFlags = operations.reduce<Resource[]>(converted, flags);

describe('mesos-local: resources of an agent', () => {
  it('operations change kinds, never amounts, and can be undone', () => {
    assert.ok(contains(reservedOnFlags, [volume, refined, own[0] as Resource]));
    const undone = converted(converted(reservedOnFlags, { type: 'DESTROY', destroy: { volumes: [volume] } }), {
      type: 'UNRESERVE',
      unreserve: { resources: [...own, refined] },
    });
    assert.deepEqual(subtract(undone, flags), []);
    assert.deepEqual(subtract(flags, undone), []);
  });

  it('are found again, on the same flags and on larger ones', () => {
    assert.deepEqual(subtract(withReservations(flags, reservedOnFlags), reservedOnFlags), []);
    const larger = withReservations(add(flags, parseResources('cpus:10')), reservedOnFlags);
    assert.deepEqual(subtract(larger, reservedOnFlags), parseResources('cpus:10'));
  });

  it('flags that give less than is reserved are refused by name', () => {
    assert.throws(
      () => withReservations(parseResources('cpus:4;disk:50;cpus(ops):2'), reservedOnFlags),
      /disk.*v:data/,
    );
  });
});
