import assert from 'node:assert/strict';
import type { GuestMetrics, ReplicaMetrics, ReplicaReport } from '../../../executor/assignment.js';
import { Exposition } from '../../exposition.js';
import { guestMetrics } from '../../guest-report.js';
import { call, freshApi, put, service } from './harness.js';
import { replicatedGuest, reportGuest } from './replicated-guest.js';

const primary = { app: '/demo/guest', slot: '0', member: '1' };
const scrape = async () => new Exposition((await call('GET', '/metrics')).body);

describe('api: metrics of replicated guests', () => {
  freshApi();
  const report = (guest: GuestMetrics | undefined) => {
    reportGuest(service);
    service.change(replicatedGuest.id, ({ tasks: [task] }) => {
      const report = task?.replica?.report as ReplicaReport;
      const { guest: _, ...others } = report.metrics as ReplicaMetrics;
      report.metrics = { ...others, ...(guest && { guest }) };
    });
  };

  it('show rounds, pages, bytes, pauses, frames and how the guest stands', async () => {
    await put(replicatedGuest);
    report({ ...guestMetrics, frames: guestMetrics.frames && { ...guestMetrics.frames, unheardMs: 6500 } });
    const metrics = await scrape();
    const value = (name: string, more: Record<string, string> = {}) =>
      metrics.value(`gaia_guest_${name}`, { ...primary, ...more });
    assert.equal(value('standing', { standing: 'covered' }), 1);
    assert.equal(value('rounds_total', { trigger: 'mismatch' }), 19);
    const pages = ['unchanged', 'zero', 'equal', 'sent', 'whole'].map((became) => value('pages_total', { became }));
    assert.deepEqual(pages, [100, 200, 300, 250, 150]);
    assert.equal(value('round_bytes_total', { of: 'stream' }), 4_096_000);
    assert.equal(value('round_bytes_total', { of: 'sent' }), 300_000);
    assert.deepEqual(
      ['0.001', '0.0025', '0.01', '0.05', '0.1', '+Inf'].map((le) => value('pause_seconds_bucket', { le })),
      [0, 60, 99, 99, 100, 100],
    );
    assert.equal(value('pause_seconds_sum'), 0.5);
    const frames = ['inputs', 'outputs', 'lost', 'equal'].map((what) => value('frames_total', { what }));
    assert.deepEqual(frames, [500, 700, 0, 650]);
    assert.deepEqual([value('output_mismatches_total'), value('held_bytes')], [19, 3000]);
    assert.equal(value('unheard_seconds'), 6.5);
    assert.equal(metrics.samples('gaia_guest_standing').length, 1);
  });

  it('are not there of programs, of members that have told nothing, and of a backup that began no round', async () => {
    await put(replicatedGuest);
    report(undefined);
    const none = await scrape();
    for (const name of ['rounds_total', 'pages_total', 'pause_seconds_count', 'held_bytes'])
      assert.deepEqual(none.samples(`gaia_guest_${name}`), [], name);
    report({ ...guestMetrics, recent: null, triggers: {}, frames: null, takeover: null });
    const early = await scrape();
    for (const name of ['rounds_total', 'pause_seconds_count', 'frames_total', 'held_bytes'])
      assert.deepEqual(early.samples(`gaia_guest_${name}`), [], name);
  });
});
