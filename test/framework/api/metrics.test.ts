import assert from 'node:assert/strict';
import lodash from 'lodash';
import type { ReplicaMetrics } from '../../../executor/assignment.js';
import { Exposition } from '../../exposition.js';
import { call, freshApi, ledger, put, service, web } from './harness.js';

const counted: ReplicaMetrics = {
  commitLatencyNs: {
    count: 100,
    sum: 2_000_000,
    buckets: [
      [95, 40],
      [447, 50],
      [1_015_807, 10],
    ],
  },
  batchEntries: {
    count: 100,
    sum: 250,
    buckets: [
      [1, 50],
      [4, 50],
    ],
  },
  batchBytes: { count: 100, sum: 6400, buckets: [[67, 100]] },
  elections: 2,
  divergences: 0,
  refusedConnections: { badSecret: 2, timedOut: 1 },
  journalBytes: 12_345,
};

const scrape = async () => {
  const answer = await call('GET', '/metrics');
  assert.equal(answer.status, 200);
  assert.match(String(answer.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  return new Exposition(answer.body);
};
const leader = { app: '/demo/ledger', slot: '0', member: '1' };

describe('api: metrics', () => {
  freshApi();
  const report = (metrics: ReplicaMetrics | null) =>
    service.change('/demo/ledger', (app) => {
      const replica = app.tasks[0]?.replica;
      if (replica?.report) replica.report = { ...replica.report, metrics };
    });

  it('counts what the scheduler does and shows the process', async () => {
    await put(web);
    const metrics = await scrape();
    assert.equal(metrics.value('gaia_master_connected'), 1);
    assert.equal(metrics.value('gaia_offers_held'), 2);
    assert.equal(metrics.value('gaia_offers_received_total'), 7);
    assert.equal(metrics.value('gaia_offers_accepted_total'), 1);
    assert.equal(metrics.value('gaia_tasks_launched_total'), 3);
    assert.equal(metrics.value('gaia_tasks_failed_total'), 1);
    assert.equal(metrics.value('gaia_deployments_ended_total', { result: 'done' }), 2);
    assert.equal(metrics.value('gaia_deployments'), 0);
    assert.equal(metrics.value('gaia_app_instances', { app: '/shop/web' }), 2);
    assert.equal(metrics.value('gaia_app_tasks', { app: '/shop/web', state: 'TASK_RUNNING' }), 2);
    assert.equal(metrics.value('gaia_app_tasks_waiting', { app: '/shop/web' }), 0);
    assert.ok(metrics.value('process_resident_memory_bytes') > 0);
    assert.deepEqual(metrics.samples('gaia_replica_term'), []);
  });

  it('shows what each replica has reported', async () => {
    await put(ledger);
    report(counted);
    const metrics = await scrape();
    assert.equal(metrics.value('gaia_app_group_state', { app: '/demo/ledger' }), 1);
    assert.equal(metrics.samples('gaia_replica_applied_index').length, 3);
    assert.equal(metrics.value('gaia_replica_lag_entries', { member: '3' }), 2);
    assert.equal(metrics.value('gaia_replica_role', { ...leader, role: 'leader' }), 1);
    assert.equal(metrics.value('gaia_replica_connected', { ...leader, peer: '9', transport: 'shm' }), 1);
    assert.equal(metrics.value('gaia_replica_elections_total', leader), 2);
    assert.equal(metrics.value('gaia_replica_refused_connections_total', { ...leader, cause: 'badSecret' }), 2);
    assert.equal(metrics.value('gaia_replica_refused_connections_total', { ...leader, cause: 'timedOut' }), 1);
    assert.equal(metrics.value('gaia_replica_journal_bytes', leader), 12_345);
    assert.equal(metrics.samples('gaia_replica_elections_total').length, 1, 'what was not reported is not there');
  });

  it('counts as one what it has no names for, so that no program makes series without end', async () => {
    await put(ledger);
    const madeUp = Object.fromEntries(lodash.range(50).map((number) => [`madeUp${number}`, 2]));
    report({ ...counted, refusedConnections: { badSecret: 2, ...madeUp } });
    service.change('/demo/ledger', (app) => {
      const reported = app.tasks[0]?.replica?.report;
      const peers = reported?.peers.map((peer) => ({ ...peer, transport: 'pigeons' }));
      if (reported) Object.assign(reported, { unexpected: { connect: 3, ...madeUp }, role: 'king', peers });
    });
    const metrics = await scrape();
    const values = (name: string, label: string) =>
      metrics
        .samples(`gaia_replica_${name}`)
        .filter(({ labels }) => labels.member === '1')
        .map(({ labels, value }) => [labels[label], value]);
    assert.deepEqual(values('unexpected', 'name'), [
      ['connect', 3],
      ['other', 100],
    ]);
    assert.deepEqual(values('refused_connections_total', 'cause'), [
      ['badSecret', 2],
      ['other', 100],
    ]);
    assert.deepEqual(values('role', 'role'), [['other', 1]]);
    assert.deepEqual(
      values('connected', 'transport').map(([transport]) => transport),
      ['other', 'other'],
    );
  });

  it('shows how far the disk has come, of those that have one to wait for', async () => {
    await put(ledger);
    service.change('/demo/ledger', (app) => {
      const replica = app.tasks[0]?.replica;
      if (replica?.report) replica.report = { ...replica.report, persistedIndex: 9, snapshotIndex: 5 };
    });
    const metrics = await scrape();
    assert.equal(metrics.value('gaia_replica_persisted_index', leader), 9);
    assert.equal(metrics.samples('gaia_replica_persisted_index').length, 1);
    assert.equal(metrics.value('gaia_replica_snapshot_index', leader), 5);
    assert.equal(metrics.samples('gaia_replica_snapshot_index').length, 3);
    const { replicas } = (await call('GET', '/v2/apps/demo/ledger/replicas')).body;
    assert.deepEqual([replicas[0].persistedIndex, replicas[1].persistedIndex], [9, null]);
    assert.deepEqual([replicas[0].snapshotIndex, replicas[0].journal], [5, { from: 1, to: 10 }]);
  });

  it('does not call exact who has diverged', async () => {
    await put(ledger);
    service.change('/demo/ledger', (app) => {
      const replica = app.tasks[0]?.replica;
      if (replica?.report) replica.report = { ...replica.report, divergence: { index: 7, otherMember: 2 } };
    });
    const metrics = await scrape();
    assert.deepEqual(
      [1, 2].map((member) => metrics.value('gaia_replica_exact', { member: `${member}` })),
      [0, 1],
    );
    const { replicas } = (await call('GET', '/v2/apps/demo/ledger/replicas')).body;
    assert.equal(replicas[0].label, 'diverged');
    assert.match(replicas[0].labelReasons[0], /^it and member 2 have put out different bytes at entry 7; /);
  });

  it('puts distributions under bounds in base units, and never a value below itself', async () => {
    await put(ledger);
    report(counted);
    const metrics = await scrape();
    const latency = (le: string) => metrics.value('gaia_replica_commit_latency_seconds_bucket', { ...leader, le });
    assert.deepEqual(['1e-7', '2.5e-7', '5e-7', '0.001', '0.0025', '+Inf'].map(latency), [40, 40, 90, 90, 100, 100]);
    assert.equal(metrics.value('gaia_replica_commit_latency_seconds_sum', leader), 0.002);
    assert.equal(metrics.value('gaia_replica_commit_latency_seconds_count', leader), 100);
    assert.equal(metrics.value('gaia_replica_commit_entries_bucket', { ...leader, le: '2' }), 50);
    assert.equal(metrics.value('gaia_replica_commit_bytes_bucket', { ...leader, le: '64' }), 0);
    assert.equal(metrics.value('gaia_replica_commit_bytes_bucket', { ...leader, le: '256' }), 100);
  });

  it('forgets a member that is gone', async () => {
    await put(ledger);
    report(counted);
    await scrape();
    service.change('/demo/ledger', (app) => app.tasks.shift());
    const metrics = await scrape();
    assert.equal(metrics.samples('gaia_replica_term').length, 2);
    assert.deepEqual(metrics.samples('gaia_replica_commit_latency_seconds_count'), []);
    await call('DELETE', '/v2/apps/demo/ledger');
    assert.deepEqual((await scrape()).samples('gaia_app_instances'), []);
  });

  it('summarises them for people', async () => {
    await put(ledger);
    report(counted);
    const { replicas } = (await call('GET', '/v2/apps/demo/ledger/replicas')).body;
    assert.deepEqual(replicas[0].metrics, {
      commits: 100,
      commitLatencyP50Ns: 447,
      commitLatencyP99Ns: 1_015_807,
      entriesPerCommit: 2.5,
      bytesPerCommit: 64,
      elections: 2,
      divergences: 0,
      refusedConnections: { badSecret: 2, timedOut: 1 },
      journalBytes: 12_345,
    });
    assert.equal(replicas[1].metrics, null);
  });
});
