import assert from 'node:assert/strict';
import { hostFacts } from '../../framework/host-facts/facts.js';
import { World } from './model/world.js';

describe('scheduler: agents and their machines', () => {
  let world: World;
  const facts = hostFacts('/');

  beforeEach(() => {
    world = new World(2);
    world.connect();
    world.tick(500);
    world.deliverAll();
  });

  function message(agentId: string, content: string): void {
    const data = Buffer.from(content).toString('base64');
    const [agent_id, executor_id] = [{ value: agentId }, { value: 'some.task' }];
    world.feed({
      type: 'mesos',
      now: world.now,
      event: { type: 'MESSAGE', message: { agent_id, executor_id, data } },
    });
  }
  const agents = () => world.scheduler.agents(world.now);

  it('are told with what executors report last, also of agents that have offered nothing', () => {
    assert.deepEqual(
      agents().map(({ host }) => host),
      [null, null],
    );
    const agentId = agents()[0]?.agentId as string;
    message(agentId, JSON.stringify({ host: { ...facts, kvm: false }, nowMs: world.now }));
    message(agentId, JSON.stringify({ host: facts, nowMs: world.now + 3000 }));
    message('silent', JSON.stringify({ host: facts, nowMs: world.now }));
    world.now += 2000;
    assert.deepEqual(agents()[0]?.host, { facts, clockOffsetMs: 3000, secondsAgo: 2 });
    assert.deepEqual(
      agents().map(({ hostname, offeredSecondsAgo }) => [hostname, offeredSecondsAgo === null]),
      [
        ['box1', false],
        ['box2', false],
        ['silent', true],
      ],
    );
    assert.deepEqual(
      world.published.filter(({ eventType }) => eventType === 'framework_message_event'),
      [],
    );
  });

  it('forget an agent that is gone, and take nothing else for a report', () => {
    message('gone', JSON.stringify({ host: facts, nowMs: world.now }));
    const event = { type: 'FAILURE' as const, failure: { agent_id: { value: 'gone' } } };
    world.feed({ type: 'mesos', now: world.now, event });
    const large = { host: { ...facts, rdmaDevices: ['x'.repeat(70_000)] }, nowMs: 1 };
    for (const bad of ['', 'null', '{"host":{}}', JSON.stringify({ host: facts }), JSON.stringify(large)])
      message('bad', bad);
    assert.equal(agents().length, 2);
    assert.equal(world.published.filter(({ eventType }) => eventType === 'framework_message_event').length, 5);
  });
});
