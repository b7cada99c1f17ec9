import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { encodeJson } from '../../../framework/mesos-local/json.js';
import { PAGES } from '../../../framework/mesos-local/master/operator-pages.js';
import { Scene } from './scene.js';

/** What a master answered an operator while one task ran, and its stream until the framework was torn down; lists are cut short. */
const FILE = '../../../../test/framework/recorded/fixtures/operator/14-http-state.json';
const RECORDED = JSON.parse(readFileSync(fileURLToPath(new URL(FILE, import.meta.url)), 'utf8')) as {
  stream: { type: string }[];
} & Record<string, object>;

/** What the embedded master leaves out. */
const NOT_DONE = [/build_(date|time)$/, /git_sha$/, /offer_constraints/, /resource_providers/];

/** The paths to all values, with their kinds; elements of lists are one. */
function shapeOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => shapeOf(item, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [`${path}: ${typeof value}`];
  return Object.entries(value).flatMap(([name, content]) => shapeOf(content, `${path}.${name}`));
}

const shapes = (value: unknown) => new Set(shapeOf(JSON.parse(encodeJson(value as object))));

function assertAlike(own: unknown, recorded: unknown, what: string): void {
  const [ours, theirs] = [shapes(own), shapes(recorded)];
  const wanted = [...theirs].filter((one) => !NOT_DONE.some((pattern) => pattern.test(one.split(':')[0] as string)));
  assert.deepEqual(
    wanted.filter((one) => !ours.has(one)),
    [],
    `${what}: missing`,
  );
  assert.deepEqual(
    [...ours].filter((one) => !theirs.has(one)),
    [],
    `${what}: not in Mesos`,
  );
}

describe('what operators are told, as Apache Mesos told it', () => {
  const scene = new Scene();
  scene.launch();

  for (const type of Object.keys(RECORDED).filter((name) => name.startsWith('GET_'))) {
    it(type, () => assertAlike(scene.world.operator({ type }).json, RECORDED[type], type));
  }

  it('/roles', () => {
    const operation = PAGES['/roles']?.GET?.(scene.world.master.state, '') as { answer: object };
    assertAlike(operation.answer, RECORDED['/roles'], '/roles');
  });

  it('the stream of events: everything first, then what changes', () => {
    const { world } = scene;
    world.subscribeOperator();
    scene.call('KILL', { task_id: { value: 't-st' } });
    scene.update('TASK_KILLING', 'AAAAAAAAQACCAAAAAAAAAA==');
    scene.update('TASK_KILLED', 'AAAAAAAAQACDAAAAAAAAAA==', 'Command terminated with signal Terminated');
    scene.call('TEARDOWN');
    assert.deepEqual(
      scene.types(),
      RECORDED.stream.map(({ type }) => type),
    );
    const told = world.operatorEvents.map((event) => event as { type: string });
    for (const [index, recorded] of RECORDED.stream.entries()) {
      const completed = /completed_frameworks/;
      const cut = JSON.parse(JSON.stringify(recorded, (key, value) => (completed.test(key) ? undefined : value)));
      const own = JSON.parse(JSON.stringify(told[index], (key, value) => (completed.test(key) ? undefined : value)));
      assertAlike(own, cut, recorded.type);
    }
  });

  it('agents, frameworks and tasks that come, change and go', () => {
    const { world } = new Scene();
    world.subscribeOperator();
    const other = new Scene();
    other.world.subscribeOperator();
    other.launch();
    assert.deepEqual(other.types(), ['SUBSCRIBED', 'HEARTBEAT', 'TASK_ADDED', 'TASK_UPDATED', 'TASK_UPDATED']);

    const agentId = `${world.master.state.settings.masterId}-S9`;
    world.addAgent(agentId, { port: 5059 });
    world.operator({ type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: { value: agentId } } });
    const framework_info = { user: 'u', name: 'n', failover_timeout: 1 };
    world.subscribe('second', { type: 'SUBSCRIBE', subscribe: { framework_info } });
    const id = { value: [...world.master.state.frameworks.keys()].at(-1) };
    const again = { type: 'SUBSCRIBE', framework_id: id, subscribe: { framework_info: { ...framework_info, id } } };
    world.subscribe('again', again);
    world.close('again');
    world.until(world.nowMs + 1500);
    assert.deepEqual(
      world.operatorEvents.map(({ type }) => type),
      [
        'SUBSCRIBED',
        'HEARTBEAT',
        'AGENT_ADDED',
        'AGENT_REMOVED',
        'FRAMEWORK_ADDED',
        'FRAMEWORK_UPDATED',
        'FRAMEWORK_REMOVED',
      ],
    );
  });

  it('a heartbeat is told when it is due, to each by itself', () => {
    const { world } = new Scene();
    world.subscribeOperator();
    world.until(world.nowMs + 16_000);
    assert.equal(world.operatorEvents.filter(({ type }) => type === 'HEARTBEAT').length, 2);
  });
});
