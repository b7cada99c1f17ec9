/** A master, agents and executors that say what they may not: the scheduler goes on. GAIA_SEED and GAIA_RUNS choose the runs. */
import assert from 'node:assert/strict';
import { type SchedulerEvent, schedulerEventProblem } from '../../framework/mesos-http-client/index.js';
import { type Below, below, randomFrom } from '../random.js';
import { put } from './model/running.js';
import { appSpec, guestSpec, replicatedSpec, World } from './model/world.js';

const seed = Number(process.env.GAIA_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.GAIA_RUNS ?? 4000);

/** `JSON.parse` gives all of them; the last but one for 1e999. */
const strange = [
  ...[
    null,
    true,
    0,
    -1,
    0.5,
    2 ** 53,
    -(2 ** 63),
    1e308,
    '',
    'x',
    '__proto__',
    'constructor',
    '../../etc',
    '\u001b[2J\n',
  ],
  ...['9'.repeat(5000), [], [null], {}, { value: null }, [[]], Number.POSITIVE_INFINITY, undefined],
];

type Fields = Record<string, unknown>;

/** Places in a value: who has them, and under which name. */
function places(value: unknown, found: [object, string][] = []): [object, string][] {
  if (typeof value !== 'object' || value === null) return found;
  for (const name of Object.keys(value)) {
    found.push([value, name]);
    places((value as Record<string, unknown>)[name], found);
  }
  return found;
}

/** One place less, doubled, or with something strange in it; in what is coded as Base64 of JSON, too. */
function damage(value: object, pick: Below): void {
  const coded = places(value).filter(([owner, name]) => name === 'data' && typeof (owner as Fields).data === 'string');
  const all = coded.length > 0 && pick(2) === 0 ? coded : places(value);
  const [owner, name] = all[pick(all.length)] ?? [{}, ''];
  const of = owner as Fields;
  const inside = name === 'data' && typeof of.data === 'string' && pick(8) > 0 ? decoded(of.data) : null;
  if (inside !== null) {
    for (let times = 1 + pick(3); times > 0; times -= 1) damage(inside, pick);
    of.data = Buffer.from(JSON.stringify(inside)).toString('base64');
  } else if (Array.isArray(of[name]) && pick(2) === 0)
    of[name] = [...(of[name] as unknown[]), ...(of[name] as unknown[])];
  else of[name] = structuredClone(strange[pick(strange.length)]);
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
  it(`of the right form or not, the scheduler says no more than what it left out (seed ${seed})`, () => {
    const pick = below(randomFrom(seed));
    const { world, events } = seen();
    assert.deepEqual(
      events.filter((event) => schedulerEventProblem(event) !== null),
      [],
      'events of Mesos are left out',
    );
    const judged = { taken: 0, leftOut: 0 };
    for (let run = 0; run < runs; run += 1) {
      if (run % 50 === 0) {
        world.crash();
        world.deliverAll();
      }
      const event = structuredClone(events[pick(events.length)] as SchedulerEvent);
      for (let times = 1 + pick(3); times > 0; times -= 1) damage(event, pick);
      const text = JSON.stringify(event, (_, value) => (value === Number.POSITIVE_INFINITY ? '1e999' : value));
      const received = JSON.parse(text.replaceAll('"1e999"', '1e999'));
      if (typeof received.type !== 'string') continue;
      const isTaken = schedulerEventProblem(received) === null;
      judged[isTaken ? 'taken' : 'leftOut'] += 1;
      if (!isTaken) continue;
      const told = `run ${run} of seed ${seed}: ${text.slice(0, 4000)}`;
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
    assert.ok(judged.taken > runs / 20 && judged.leftOut > runs / 20, JSON.stringify(judged));
    assert.equal(({} as { value?: unknown }).value, undefined);
  }).timeout(120_000);

  it('reports that are nested without end are none, whatever else is in them', () => {
    const { world, events } = seen();
    const more = `{"more":${'['.repeat(10_000)}${']'.repeat(10_000)},`;
    const deep = (data: string) =>
      Buffer.from(Buffer.from(data, 'base64').toString().replace('{', more)).toString('base64');
    let told = 0;
    for (const event of events) {
      const [carrier] = places(event).filter(([, name]) => name === 'data');
      if (carrier === undefined) continue;
      const of = carrier[0] as { data: string };
      of.data = deep(of.data);
      world.scheduler.step({ type: 'mesos', now: world.now, event });
      told += 1;
    }
    assert.ok(told > 3, `${told} reports`);
    JSON.stringify([world.scheduler.view(world.now), world.scheduler.picture(world.now)]);
  });
});
