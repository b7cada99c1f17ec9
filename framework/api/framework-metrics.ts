/** What the scheduler that leads has done and waits for, as Prometheus' families. */
import _ from 'lodash';
import { Counter, Gauge, type Metric, type Registry } from 'prom-client';
import type { Distribution } from '../../executor/assignment.js';
import { deploymentSecondsBounds, writeSecondsBounds } from '../distribution.js';
import type { FrameworkView, Vitals } from '../service.js';
import { Counted, type Scale } from './counted.js';

/** A number, or one for each value of a label; null: not known. */
type Values = number | null | { [label: string]: Record<string, number> };
type Row = [name: string, help: string, values: Values];

/** `nowMs`: milliseconds since 1970. */
export function addFramework(registry: Registry, view: FrameworkView, vitals: Vitals, nowMs: number): void {
  for (const row of [...gaugesOf(view, nowMs), ...gaugesOfProcess(vitals)]) addGauge(registry, row);
  for (const row of [...countersOf(view), ...countersOfProcess(vitals)]) addCounter(registry, row);
  addHistogram(registry, deploymentDuration, view.counts.deploymentSeconds);
  addHistogram(registry, writeDuration, vitals.store.writeSeconds);
}

function gaugesOf({ master, offers, queue, deployments }: FrameworkView, nowMs: number): Row[] {
  const age = (times: string[]) => Math.max(0, ...times.map((time) => (nowMs - Date.parse(time)) / 1000));
  const byReason = _.mapValues(_.groupBy(queue, 'waitsFor'), (items) => _.sumBy(items, 'count'));
  return [
    ['gaia_master_connected', '1 while a Mesos master is connected', Number(master.connected)],
    ['gaia_offers_held', 'Offers held for what waits', offers.held],
    ['gaia_queue_tasks', 'Tasks that wait to be placed, by what they wait for', { reason: byReason }],
    [
      'gaia_queue_oldest_wait_seconds',
      'How long the app has waited that waits longest',
      age(queue.map(({ since }) => since)),
    ],
    ['gaia_deployments', 'Deployments under way', deployments.length],
    [
      'gaia_deployments_oldest_step_seconds',
      'How long the deployment has been in its present step that has been longest',
      age(deployments.map(({ stepSince }) => stepSince)),
    ],
  ];
}

function gaugesOfProcess({ masterHeardAt, eventsWaiting, store }: Vitals): Row[] {
  const heard = masterHeardAt && Date.parse(masterHeardAt) / 1000;
  return [
    ['gaia_master_heard_timestamp_seconds', 'When the master last said anything, heartbeats included', heard || null],
    ['gaia_events_waiting', 'Events that have come and are not handled yet', eventsWaiting],
    ['gaia_store_writing_seconds', 'How long the present write of the store has taken', store.writingSeconds ?? 0],
  ];
}

function countersOf({ counts }: FrameworkView): Row[] {
  return [
    ['gaia_offers_received_total', 'Offers received', counts.offersReceived],
    ['gaia_offers_accepted_total', 'Offers that something was launched on, or given back', counts.offersAccepted],
    ['gaia_offers_declined_total', 'Offers given back unused', { reason: counts.offersDeclined }],
    ['gaia_offers_rescinded_total', 'Offers that Mesos took back', counts.offersRescinded],
    ['gaia_agents_forgotten_total', 'Agents forgotten because too many are known', counts.agentsForgotten],
    ['gaia_tasks_launched_total', 'Tasks launched', counts.tasksLaunched],
    ['gaia_tasks_failed_total', 'Tasks that ended unasked', counts.tasksFailed],
    [
      'gaia_deployments_ended_total',
      'Deployments that have ended',
      { result: { done: counts.deploymentsDone, failed: counts.deploymentsFailed } },
    ],
  ];
}

function countersOfProcess({ subscriptions, calls, callsLost }: Vitals): Row[] {
  return [
    ['gaia_master_subscriptions_total', 'Times a master has taken the framework in', subscriptions],
    ['gaia_master_calls_total', 'Calls to the master', { type: calls }],
    ['gaia_master_calls_lost_total', 'Calls that the master refused or did not get', callsLost],
  ];
}

const deploymentDuration: Scale = {
  name: 'gaia_deployment_duration_seconds',
  help: 'From the beginning of a deployment to its end, done or failed',
  bounds: deploymentSecondsBounds,
  scale: 1,
};

const writeDuration: Scale = {
  name: 'gaia_store_write_seconds',
  help: 'Writes of the store, until they would survive a loss of power',
  bounds: writeSecondsBounds,
  scale: 1,
};

function addGauge(registry: Registry, [name, help, values]: Row): void {
  const gauge = new Gauge<string>({ name, help, labelNames: labelsOf(values), registers: [registry] });
  for (const [labels, value] of samples(values)) gauge.set(labels, value);
}

function addCounter(registry: Registry, [name, help, values]: Row): void {
  const counter = new Counter<string>({ name, help, labelNames: labelsOf(values), registers: [registry] });
  for (const [labels, value] of samples(values)) counter.inc(labels, value);
}

const labelsOf = (values: Values): string[] => (_.isObject(values) ? Object.keys(values) : []);

function samples(values: Values): [labels: Record<string, string>, value: number][] {
  if (values === null) return [];
  if (!_.isObject(values)) return [[{}, values]];
  return Object.entries(values).flatMap(([label, byValue]) =>
    Object.entries(byValue).map(([name, value]): [Record<string, string>, number] => [{ [label]: name }, value]),
  );
}

function addHistogram(registry: Registry, scale: Scale, distribution: Distribution): void {
  const counted = new Counted(scale);
  registry.registerMetric(counted as unknown as Metric);
  counted.add({}, distribution);
}
