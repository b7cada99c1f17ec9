/** What lies in docs/monitoring/, and the PromQL in it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { installation } from '../../framework/installation.js';

export const directory = join(installation.root, 'docs/monitoring');

export interface Rule {
  alert: string;
  expr: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  datasource?: { uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string; datasource: { uid: string } }[];
}

export interface Dashboard {
  schemaVersion: number;
  uid: string;
  panels: Panel[];
  templating: { list: { name: string; type: string }[] };
}

export function rules(): Rule[] {
  const { groups } = parse(readFileSync(join(directory, 'alerts.yml'), 'utf8')) as { groups: { rules: Rule[] }[] };
  return groups.flatMap(({ rules: inGroup }) => inGroup);
}

export const dashboard = (): Dashboard => JSON.parse(readFileSync(join(directory, 'dashboard.json'), 'utf8'));

export const targets = ({ panels }: Dashboard) => panels.flatMap((panel) => panel.targets ?? []);

/** As Prometheus is asked: Grafana's variables have been replaced. */
export const asAsked = (expr: string) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$app', '.*');

/** Strings are not looked into. */
export function metricsIn(expr: string): string[] {
  const bare = expr.replace(/"[^"]*"/g, '""');
  return [...bare.matchAll(/\b(?:gaia|process|nodejs)_\w+/g)].map(([name]) => name);
}
