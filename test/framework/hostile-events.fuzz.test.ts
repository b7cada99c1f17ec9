/** A master, agents and executors that say what they may not: the scheduler goes on. */
import assert from 'node:assert/strict';
import { type SchedulerEvent, schedulerEventProblem } from '../../framework/mesos-http-client/index.js';
import { damage, jsonOf, places } from '../damage.js';
import { fuzzMs, fuzzSeed, fuzzTimeoutMs } from '../fuzzing.js';
import { type Below, below, randomFrom } from '../random.js';
import { put } from './model/running.js';
import { appSpec, guestSpec, replicatedSpec, World } from './model/world.js';

/** One place of an event, in what is coded as Base64 of JSON, too. */
function damageEvent(value: object, pick: Below): void {
  const all = places(value);
  const coded = all.filter(({ owner, name }) => name === 'data' && typeof owner.data === 'string');
  const among = coded.length > 0 && pick(2) === 0 ? coded : all;
  const place = among[pick(among.length)];
  if (place === undefined) return;
  const { owner, name } = place;
  const inside = name === 'data' && typeof owner.data === 'string' && pick(8) > 0 ? decoded(owner.data) : null;
  if (inside === null) {
    damage(place, pick);
    return;
  }
  for (let times = 1 + pick(3); times > 0; times -= 1) damageEvent(inside, pick);
  owner.data = Buffer.from(JSON.stringify(inside)).toString('base64');
}

function decoded(data: string): object | null {
  try {
    return JSON.parse(Buffer.from(data, 'base64').toString());
  } catch {
    return null;
  }
}

/** A cluster with a replicated app, a guest and a plain app, and every event that has come to its scheduler. */
function seen(): { world: World; events: SchedulerEvent[] } {
  const world = new World(6);
  const events: SchedulerEvent[] = [];
  const { deliver } = world;
  world.deliver = (index) => {
    const event = world.mesos.events[index];
    if (event !== undefined) events.push(structuredClone(event));
    deliver.call(world, index);
  };
  world.connect();
  world.command(put(replicatedSpec('/a/ledger'), appSpec('/a/plain', { instances: 2 }), guestSpec('/a/guest')));
  world.until(({ apps, deployments }) => apps.length === 3 && deployments.length === 0);
  return { world, events };
}

describe('hostile events', () => {
  it(`fuzz: of the right form or not, the scheduler says no more than what it left out (seed ${fuzzSeed})`, () => {
    const pick = below(randomFrom(fuzzSeed));
    const { world, events } = seen();
    assert.deepEqual(
      events.filter((event) => schedulerEventProblem(event) !== null),
      [],
      'events of Mesos are left out',
    );
    const judged = { taken: 0, leftOut: 0 };
    const end = Date.now() + fuzzMs;
    let run = 0;
    for (; Date.now() < end; run += 1) {
      if (run % 50 === 0) {
        world.crash();
        world.deliverAll();
      }
      const event = structuredClone(events[pick(events.length)] as SchedulerEvent);
      for (let times = 1 + pick(3); times > 0; times -= 1) damageEvent(event, pick);
      const text = jsonOf(event);
      const received = JSON.parse(text);
      if (typeof received.type !== 'string') continue;
      const isTaken = schedulerEventProblem(received) === null;
      judged[isTaken ? 'taken' : 'leftOut'] += 1;
      if (!isTaken) continue;
      const told = `run ${run} of seed ${fuzzSeed}: ${text.slice(0, 4000)}`;
      try {
        world.now += 500;
        world.scheduler.step({ type: 'mesos', now: world.now, event: received }, { type: 'ticked', now: world.now });
        JSON.stringify([
          world.scheduler.view(world.now),
          world.scheduler.agents(world.now),
          world.scheduler.picture(world.now),
        ]);
      } catch (error) {
        throw new Error(told, { cause: error });
      }
    }
    assert.ok(judged.taken > run / 20 && judged.leftOut > run / 20, JSON.stringify(judged));
    assert.equal(({} as { value?: unknown }).value, undefined);
  }).timeout(fuzzTimeoutMs);

  it('reports that are nested without end are none, whatever else is in them', () => {
    const { world, events } = seen();
    const more = `{"more":${'['.repeat(10_000)}${']'.repeat(10_000)},`;
    const deep = (data: string) =>
      Buffer.from(Buffer.from(data, 'base64').toString().replace('{', more)).toString('base64');
    let told = 0;
    for (const event of events) {
      const carrier = places(event).find(({ name }) => name === 'data');
      if (carrier === undefined) continue;
      const of = carrier.owner as { data: string };
      of.data = deep(of.data);
      world.scheduler.step({ type: 'mesos', now: world.now, event });
      told += 1;
    }
    assert.ok(told > 3, `${told} reports`);
    JSON.stringify([world.scheduler.view(world.now), world.scheduler.picture(world.now)]);
  });
});
