import assert from 'node:assert/strict';
import { requestOf } from '../../framework/scheduler/demand.js';
import { replicatedSpec } from './model/world.js';

describe('scheduler: what an app asks of placement', () => {
  it('says how many replicas it is to have, for what goes by the size of the app', () => {
    assert.equal(requestOf(replicatedSpec('/a', { instances: 5 })).size, 5);
  });
});
