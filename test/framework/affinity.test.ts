import assert from 'node:assert/strict';
import type { AffinityRule } from '../../framework/app.js';
import { put, running, settled } from './model/running.js';
import { appSpec, replicatedSpec, type World } from './model/world.js';

const rule = (type: AffinityRule['type'], app: string, domain = 'host', required = true): AffinityRule => ({
  type,
  app,
  domain,
  required,
});
const agentsOf = (world: World, id: string) => new Set(world.app(id).tasks.map(({ agentId }) => agentId));
const isSubset = (small: Set<string>, large: Set<string>) => [...small].every((one) => large.has(one));
const zoneOf = (agentId: string) => Number(agentId.slice(1)) % 2;

describe('scheduler: affinity', () => {
  it('puts tasks near another app, or apart from it', () => {
    const world = running();
    const there = agentsOf(world, '/demo/ledger');
    world.command(put(appSpec('/near', { affinity: [rule('near', '/demo/ledger')] })));
    world.command(put(appSpec('/apart', { affinity: [rule('apart', '/demo/ledger')] })));
    world.until(settled);
    assert.ok(isSubset(agentsOf(world, '/near'), there));
    assert.ok([...agentsOf(world, '/apart')].every((id) => !there.has(id)));
  });

  it('holds in return for apps that come later', () => {
    const world = running();
    const affinity = [rule('apart', '/later')];
    world.command(put(...['/a', '/b', '/c'].map((id) => replicatedSpec(id, { instances: 1, affinity }))));
    world.until(settled);
    const alone = new Set(['/a', '/b', '/c'].flatMap((id) => [...agentsOf(world, id)]));
    world.command(put(replicatedSpec('/later', { instances: 5 - alone.size })));
    world.until(settled);
    assert.ok([...agentsOf(world, '/later')].every((id) => !alone.has(id)));
  });

  it('waits while it cannot be, says why, and is no condition when it is not required', () => {
    const world = running();
    world.command(put(appSpec('/web', { affinity: [rule('near', '/cache')], instances: 1 })));
    world.command(put(appSpec('/soft', { affinity: [rule('near', '/cache', 'host', false)], instances: 1 })));
    for (let i = 0; i < 10; i++) {
      world.tick(500);
      world.deliverAll();
    }
    assert.equal(agentsOf(world, '/soft').size, 1);
    const waiting = world.view().queue.find(({ appId }) => appId === '/web');
    assert.match(waiting?.sentence ?? '', /near \/cache by host: no replica of \/cache is known to run/);
    world.command(put(appSpec('/cache', { instances: 1 })));
    world.until(settled);
    assert.deepEqual(agentsOf(world, '/web'), agentsOf(world, '/cache'));
  });

  it('goes before preferences, which are followed where they can be', () => {
    const world = running({ instances: 1 });
    const [home] = agentsOf(world, '/demo/ledger') as unknown as [string];
    const rack = (number: number) => ({ field: 'rack', operator: 'IS' as const, value: `r${number % 3}` });
    const away = Number(home.slice(1)) + 1;
    world.command(put(appSpec('/alone', { instances: 1, preferences: [rack(away)] })));
    const affinity = [rule('near', '/demo/ledger', 'host', false)];
    world.command(put(appSpec('/beside', { instances: 1, preferences: [rack(away)], affinity })));
    world.until(settled);
    const [alone] = agentsOf(world, '/alone') as unknown as [string];
    assert.equal(Number(alone.slice(1)) % 3, away % 3);
    assert.deepEqual(agentsOf(world, '/beside'), new Set([home]));
  });

  it('knows what runs on agents that offer nothing', () => {
    const world = running({ instances: 1 });
    const [home] = agentsOf(world, '/demo/ledger') as unknown as [string];
    world.mesos.setUp(home, false);
    for (const [id, type] of [
      ['/near', 'near'],
      ['/apart', 'apart'],
    ] as const) {
      world.command(put(appSpec(id, { affinity: [rule(type, '/demo/ledger', 'zone')], instances: 2 })));
      world.until((view) => view.apps.some(({ spec, tasks }) => spec.id === id && tasks.length === 2), 30);
      for (const agentId of agentsOf(world, id)) {
        assert.notEqual(agentId, home);
        assert.equal(zoneOf(agentId) === zoneOf(home), type === 'near');
      }
      const others = world.app(id).tasks.flatMap(({ placement }) => placement?.others ?? []);
      assert.ok(others.every(({ hostname }) => hostname !== home.replace('S', 'box')));
    }
  });
});
