import assert from 'node:assert/strict';
import type { OperationStatus } from '../../../framework/mesos-http-client/calls.js';
import { reserved } from '../../../framework/mesos-http-client/operations.js';
import { parseResources } from '../../../framework/mesos-http-client/resource-text.js';
import { Scene } from '../recorded/scene.js';

/** A framework that has reserved something, with an id. */
function reserving(): { scene: Scene; told: () => OperationStatus[]; agentId: string } {
  const scene = new Scene();
  const { world } = scene;
  const [offer] = [...world.master.state.offers.values()];
  const agentId = offer?.agentId ?? '';
  const resources = parseResources('cpus:1').map((one) => reserved(one, { type: 'DYNAMIC', role: 'trace' }));
  const operations = [{ type: 'RESERVE', id: { value: 'op' }, reserve: { resources } }];
  scene.call('ACCEPT', { offer_ids: [{ value: offer?.id }], operations });
  const events = () => world.streams.get('framework')?.events.map(({ event }) => event) ?? [];
  const told = () =>
    events().flatMap((event) =>
      event.type === 'UPDATE_OPERATION_STATUS' ? [event.update_operation_status.status] : [],
    );
  return { scene, told, agentId };
}

const acknowledgement = (uuid: string | undefined) => ({ operation_id: { value: 'op' }, uuid });

describe('mesos-local: what became of operations', () => {
  it('a success is told after 10, 20, 40 s until its uuid is acknowledged', () => {
    const { scene, told } = reserving();
    const { world } = scene;
    const counts = [9, 2, 18, 3, 37, 4].map((seconds) => {
      world.until(world.nowMs + seconds * 1000);
      return told().length;
    });
    assert.deepEqual(counts, [1, 2, 2, 3, 3, 4]);
    assert.equal(new Set(told().map(({ uuid }) => uuid?.value)).size, 1);
    scene.call('ACKNOWLEDGE_OPERATION_STATUS', acknowledgement('AAAAAAAAQACAAAAAAAAAAA=='));
    world.until(world.nowMs + 100_000);
    assert.equal(told().length, 5, 'another uuid is none');
    scene.call('ACKNOWLEDGE_OPERATION_STATUS', acknowledgement(told()[0]?.uuid?.value));
    world.until(world.nowMs + 200_000);
    assert.equal(told().length, 5);
  });

  it('reconciliation: what is known, and else by the agent', () => {
    const { scene, told, agentId } = reserving();
    const ask = (id: string, agent?: string) => {
      const operation = { operation_id: { value: id }, ...(agent !== undefined && { agent_id: { value: agent } }) };
      scene.call('RECONCILE_OPERATIONS', { operations: [operation] });
      const { state, uuid } = told().at(-1) ?? {};
      return [state, uuid];
    };
    assert.deepEqual(ask('op'), ['OPERATION_FINISHED', undefined]);
    assert.deepEqual(ask('other', agentId), ['OPERATION_UNKNOWN', undefined]);
    scene.world.operator({ type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: { value: agentId } } });
    assert.deepEqual(ask('op', agentId), ['OPERATION_GONE_BY_OPERATOR', undefined], 'forgotten with its agent');
    assert.deepEqual(ask('op'), ['OPERATION_UNKNOWN', undefined]);
  });
});
