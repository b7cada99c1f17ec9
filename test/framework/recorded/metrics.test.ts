import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseResources } from '../../../framework/mesos-http-client/resource-text.js';
import { Agent } from '../../../framework/mesos-local/agent/agent.js';
import { agentMetrics } from '../../../framework/mesos-local/agent/metrics.js';
import { encodeJson } from '../../../framework/mesos-local/json.js';
import { masterMetrics } from '../../../framework/mesos-local/master/metrics.js';
import { systemMetrics } from '../../../framework/mesos-local/metrics.js';
import { agentSettings } from '../mesos-local/settings.js';
import { Scene } from './scene.js';

/** The names that an Apache Mesos gave, as far as they were recorded: up to `master/frameworks/`. `*` is a framework, or a role. */
const FILE = new URL('../../../../test/framework/recorded/fixtures/metrics.txt', import.meta.url);
const RECORDED = new Set(readFileSync(fileURLToPath(FILE), 'utf8').trim().split('\n'));
const LAST_RECORDED = 'master/frameworks/~';

/** Times of the allocator, and what only libprocess has. */
const NOT_DONE = /allocation_run_(latency_)?ms|event_queue|dropped_messages|shares\/dominant|quota\/roles/;

function generalised(name: string): string {
  return name
    .replace(/^master\/frameworks\/[^/]+\/[^/]+\//, 'master/frameworks/*/')
    .replace(/\/roles\/trace\//, '/roles/*/');
}

describe('metrics, by the names Apache Mesos has for them', () => {
  const scene = new Scene();
  scene.launch();
  const { world } = scene;
  const metrics = () => masterMetrics(world.master.state, world.nowMs);
  const own = (name: string) => metrics()[`master/frameworks/14-http-state/${scene.frameworkId}/${name}`];

  it('all names are recorded ones, and few are missing', () => {
    const names = Object.keys(metrics()).map(generalised);
    assert.deepEqual(
      names.filter((name) => name < LAST_RECORDED && !/gpus/.test(name) && !RECORDED.has(name)),
      [],
    );
    const missing = [...RECORDED].filter((name) => !NOT_DONE.test(name) && !names.includes(name));
    assert.deepEqual(missing, []);
  });

  it('gauges are what is', () => {
    const { 'master/slaves_active': agents, 'master/frameworks_active': frameworks } = metrics();
    assert.deepEqual([agents, frameworks], [2, 1]);
    const { 'master/cpus_total': total, 'master/cpus_used': used, 'master/cpus_percent': percent } = metrics();
    assert.deepEqual([total, used, percent], [8, 0.1, 0.1 / 8]);
    assert.equal(metrics()['master/tasks_running'], 1);
    assert.equal(own('tasks/active/task_running'), 1);
    assert.equal(metrics()['master/outstanding_offers'], 1);
    assert.equal(metrics()['allocator/mesos/offer_filters/roles/trace/active'], 1);
  });

  it('counters count calls, events, offers and ends of tasks by their causes', () => {
    assert.deepEqual(['calls/accept', 'offers/sent', 'offers/accepted', 'operations/launch'].map(own), [1, 2, 1, 1]);
    scene.call('DECLINE', { offer_ids: [...world.master.state.offers.keys()].map((value) => ({ value })) });
    assert.equal(own('offers/declined'), 1);
    scene.update('TASK_FAILED', 'AAAAAAAAQACCAAAAAAAAAA==');
    assert.deepEqual([metrics()['master/tasks_failed'], metrics()['master/tasks_running']], [1, 0]);
    assert.equal(own('tasks/terminal/task_failed'), 1);
    assert.equal(own('events/update'), 3);
    scene.call('RECONCILE', { tasks: [{ task_id: { value: 'x' }, agent_id: { value: [...world.agents.keys()][0] } }] });
    assert.equal(metrics()['master/tasks_gone'], 0, 'an answer ends nothing');
    const lost = [...world.agents.keys()][0] ?? '';
    world.operator({ type: 'MARK_AGENT_GONE', mark_agent_gone: { agent_id: { value: lost } } });
    assert.equal(metrics()['master/slaves_active'], 1);
  });

  it('agents have theirs', () => {
    const ids = { newStatusUuid: () => 'uuid', newContainerId: () => 'container' };
    const resources = parseResources('cpus:4;mem:1024');
    const agent = new Agent(agentSettings, { hostname: 'h', resources }, null, ids, 0);
    const amounts = parseResources('cpus:1;mem:32');
    const task = { name: 't', task_id: { value: 't' }, agent_id: { value: 'a' }, command: {}, resources: amounts };
    const framework = { user: 'u', name: 'n', id: { value: 'f' } };
    agent.step({ type: 'fromMaster', message: { type: 'runTask', framework, task } }, 0);
    const before = agentMetrics(agent.state, 2000);
    assert.deepEqual(
      ['uptime_secs', 'cpus_total', 'cpus_used', 'tasks_staging', 'executors_registering'].map(
        (name) => before[`slave/${name}`],
      ),
      [2, 4, 1, 1, 1],
    );
    agent.step({ type: 'containerFailed', containerId: 'container', message: 'no', dropped: false }, 0);
    const after = agentMetrics(agent.state, 2000);
    assert.deepEqual(
      ['cpus_used', 'tasks_failed', 'container_launch_errors', 'executors_terminated'].map(
        (name) => after[`slave/${name}`],
      ),
      [0, 1, 1, 1],
    );
  });

  it('all are printed as doubles', () => {
    const text = encodeJson({ ...metrics(), ...systemMetrics() });
    assert.match(text, /"master\/elected":1\.0/);
    assert.match(text, /"system\/cpus_total":\d+\.0/);
  });
});
