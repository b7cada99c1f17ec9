/** `npm run test:monitoring`: Debian's promtool reads the alerts and the dashboard's PromQL, and tries each alert. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Trial, trials } from './alerts.js';
import { asAsked, dashboard, directory, rules, targets } from './files.js';

const promtoolMaxMs = 60_000;
const alerts = join(directory, 'alerts.yml');
const severities = new Map(rules().map(({ alert, labels }) => [alert, labels.severity]));

/** Promtool's tests look at the series of alerts that fire: 1 or none. */
function testOf({ alert, at, quietAt }: Trial, series: Record<string, string>, fires: boolean): object {
  const samples = fires ? [{ labels: `{severity="${severities.get(alert)}"}`, value: 1 }] : [];
  const expr = `max by (severity) (ALERTS{alertname="${alert}",alertstate="firing"})`;
  return {
    name: `${alert} ${fires ? 'fires' : 'is quiet'}`,
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [{ expr, eval_time: fires ? at : quietAt, exp_samples: samples }],
  };
}

function promtool(title: string, args: string[]): boolean {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { encoding: 'utf8', timeout: promtoolMaxMs });
  console.log(`${status === 0 ? 'passed' : 'FAILED'}: ${title}`);
  if (status !== 0) console.log(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`);
  return status === 0;
}

const place = mkdtempSync(join(tmpdir(), 'gaia-monitoring-'));
try {
  const file = (name: string, content: object) => {
    writeFileSync(join(place, name), stringify(content));
    return join(place, name);
  };
  const recorded = targets(dashboard()).map(({ expr }, at) => ({ record: `panel:${at}`, expr: asAsked(expr) }));
  const results = [
    promtool('alerts.yml is read', ['check', 'rules', '--lint-fatal', alerts]),
    promtool(`${recorded.length} expressions of the dashboard are PromQL`, [
      ...['check', 'rules', '--lint-fatal', file('panels.yml', { groups: [{ name: 'panels', rules: recorded }] })],
    ]),
    ...trials.flatMap((trial) =>
      (
        [
          [trial.fires, true],
          [trial.quiet, false],
        ] as const
      ).map(([series, fires]) => {
        const test = testOf(trial, series, fires);
        const name = file('test.yml', { rule_files: [alerts], evaluation_interval: '1m', tests: [test] });
        return promtool(`${trial.alert} ${fires ? 'fires' : 'is quiet'}`, ['test', 'rules', name]);
      }),
    ),
  ];
  const passed = results.filter(Boolean).length;
  console.log(`${passed} passed, ${results.length - passed} failed`);
  process.exitCode = passed === results.length ? 0 : 1;
} finally {
  rmSync(place, { recursive: true });
}
