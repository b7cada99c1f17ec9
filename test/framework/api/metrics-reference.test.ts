import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { nothingCounted } from '../../../framework/distribution.js';
import { Exposition, type Family } from '../../exposition.js';
import { buildWith, call, freshApi, put, service, web } from './harness.js';
import { replicatedGuest, reportGuest } from './replicated-guest.js';

const page = readFileSync(new URL('../../../../docs/watching.md', import.meta.url), 'utf8');
const ofReplicas = ['app', 'slot', 'member'];

/** Rows of the page: the type, and the names of the labels. */
function documented(): Map<string, { type: string; labels: string[] }> {
  const rows = [...page.matchAll(/^\| `(gaia_\w+)` \| (\w+) \| ([^|]*)\|/gm)];
  return new Map(
    rows.map(([, name, type, labels = '']) => {
      const own = [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label as string);
      const all = labels.startsWith('replica') ? [...ofReplicas, ...own] : own;
      return [name as string, { type: type as string, labels: all.sort() }];
    }),
  );
}

function labelsOf({ samples }: Family): string[] {
  const all = samples.flatMap(({ labels }) => Object.keys(labels)).filter((label) => label !== 'le');
  return [...new Set(all)].sort();
}

/** A framework of which every metric has something to say. */
async function busy(): Promise<void> {
  await put(web, replicatedGuest);
  reportGuest(service);
  service.change(replicatedGuest.id, ({ tasks: [task] }) => {
    const report = task?.replica?.report;
    if (report?.metrics) Object.assign(report, { persistedIndex: 1, snapshotIndex: 1, unexpected: { connect: 1 } });
    if (report?.metrics) report.metrics.refusedConnections = { badSecret: 1 };
  });
  const app = service.view().apps.find(({ spec }) => spec.id === web.id);
  const waits = {
    count: 2,
    delaySecondsLeft: 0,
    processedOffersCount: 1,
    unusedOffersCount: 1,
    declinedFor: { cpus: 2, closed: 1 },
    earmark: null,
  };
  const why = { refusals: [], sentence: null, waitsFor: 'mem', since: new Date(Date.now() - 60_000).toISOString() };
  service.queue = [{ appId: web.id, spec: (app as never as { spec: never }).spec, ...waits, ...why }];
  service.told = {
    ...{ masterHeardAt: '2026-11-22T10:00:00.000Z', subscriptions: 2, calls: { ACCEPT: 3, KILL: 1 }, callsLost: 1 },
    ...{ eventsWaiting: 5, store: { writeSeconds: nothingCounted, lastWriteAt: null, writingSeconds: 2 } },
  };
}

describe('api: metrics and their reference', () => {
  freshApi();
  const scrape = async () => new Exposition((await call('GET', '/metrics')).body);

  it('have the names, types and labels that docs/watching.md says, and no other', async () => {
    const authority = Buffer.from(rootCertificates[0] as string);
    buildWith({ certificates: () => ({ mesos: { authority } }) });
    await busy();
    const { families } = await scrape();
    const own = [...families].filter(([name]) => !/^(process|nodejs)_/.test(name));
    const found = own.map(([name, family]) => [name, { type: family.type, labels: labelsOf(family) }] as const);
    assert.deepEqual(Object.fromEntries(found), Object.fromEntries(documented()));
  });

  it('say what waits and why, what came of offers and deployments, and how master and store are', async () => {
    await busy();
    const metrics = await scrape();
    assert.equal(metrics.value('gaia_queue_tasks', { reason: 'mem' }), 2);
    assert.ok(metrics.value('gaia_queue_oldest_wait_seconds') >= 60);
    assert.equal(metrics.value('gaia_offers_declined_total', { reason: 'unwanted' }), 4);
    assert.equal(metrics.value('gaia_offers_declined_total', { reason: 'unsuitable' }), 1);
    assert.equal(metrics.value('gaia_deployments_ended_total', { result: 'failed' }), 1);
    assert.equal(metrics.value('gaia_deployment_duration_seconds_bucket', { le: '5' }), 1);
    assert.equal(metrics.value('gaia_deployment_duration_seconds_count'), 3);
    assert.equal(metrics.value('gaia_master_calls_total', { type: 'ACCEPT' }), 3);
    assert.equal(metrics.value('gaia_master_heard_timestamp_seconds'), Date.parse('2026-11-22T10:00:00Z') / 1000);
    assert.equal(metrics.value('gaia_events_waiting'), 5);
    assert.equal(metrics.value('gaia_store_writing_seconds'), 2);
    assert.equal(metrics.value('gaia_group_caught_up', { app: replicatedGuest.id }), 3);
  });
});
