/** Dashboard and alerts against the reference of metrics. That they are PromQL and fire is for `npm run test:monitoring`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { installation } from '../../framework/installation.js';
import { trials } from './alerts.js';
import { asAsked, dashboard, metricsIn, rules, targets } from './files.js';

const page = (name: string) => readFileSync(join(installation.root, 'docs', name), 'utf8');

/** Names that Prometheus has, with those of histograms' series. */
async function known(): Promise<Set<string>> {
  const rows = [...page('watching.md').matchAll(/^\| `(gaia_\w+)` \| (\w+) \|/gm)];
  const series = rows.flatMap(([, name, type]) =>
    type === 'histogram' ? ['bucket', 'sum', 'count'].map((end) => `${name}_${end}`) : [name as string],
  );
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  const names = (await ofProcess.getMetricsAsJSON()).map(({ name }) => name);
  return new Set([...series, ...names]);
}

describe('monitoring: the dashboard', () => {
  const board = dashboard();

  it('asks for metrics that there are', async () => {
    const names = await known();
    const asked = targets(board).flatMap(({ expr }) => metricsIn(expr));
    assert.ok(asked.length > 40, `${asked.length}`);
    assert.deepEqual(
      asked.filter((name) => !names.has(name)),
      [],
    );
  });

  it('has panels with ids and places of their own, all of one data source that people choose', () => {
    const { panels, schemaVersion, templating } = board;
    assert.ok(schemaVersion >= 36, 'data sources are objects');
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    assert.deepEqual(
      templating.list.map(({ name, type }) => [name, type]),
      [
        ['datasource', 'datasource'],
        ['app', 'query'],
      ],
    );
    for (const { title, type, targets: asked = [], datasource, gridPos } of panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      if (type === 'row') continue;
      assert.ok(asked.length > 0, title);
      for (const { uid } of [datasource, ...asked.map((target) => target.datasource)] as { uid: string }[])
        assert.match(uid, /^\$\{datasource\}$/, title);
    }
    const overlap = panels.find((one, at) =>
      panels.slice(at + 1).some((other) => overlaps(one.gridPos, other.gridPos)),
    );
    assert.equal(overlap?.title, undefined);
    assert.deepEqual(
      targets(board).filter(({ expr }) => asAsked(expr).includes('$')),
      [],
      'variables it does not have',
    );
  });
});

type Place = { x: number; y: number; w: number; h: number };
const overlaps = (one: Place, other: Place) =>
  one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h;

describe('monitoring: alerts', () => {
  const all = rules();

  it('are on metrics that there are', async () => {
    const names = await known();
    assert.deepEqual(
      all.filter(({ expr }) => metricsIn(expr).some((name) => !names.has(name))),
      [],
    );
  });

  it('say how bad it is, what it is, and what to do, in a part of the runbook that there is', () => {
    const runbook = page('operations.md');
    for (const { alert, labels, annotations } of all) {
      assert.ok(['warning', 'critical'].includes(labels.severity ?? ''), alert);
      assert.ok(annotations.summary && annotations.description, alert);
      assert.equal(annotations.runbook, `docs/operations.md#${alert.toLowerCase()}`);
      assert.ok(runbook.includes(`\n### ${alert}\n`), `docs/operations.md has no "### ${alert}"`);
    }
  });

  it('are each tried by `npm run test:monitoring`', () => {
    assert.deepEqual(trials.map(({ alert }) => alert).sort(), all.map(({ alert }) => alert).sort());
  });
});
