/**
 * `GET /metrics` for Prometheus. Every scrape is made from the present view alone, so what is gone (an app, a member)
 * is gone from the metrics too, and there are never more series than apps, replicas and their peers.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { expiryOf } from '../access/pem.js';
import type { ClientTls } from '../access/tls.js';
import { installation } from '../installation.js';
import type { FrameworkView } from '../service.js';
import type { Context } from './context.js';
import { addFramework } from './framework-metrics.js';
import { addReplicas } from './replica-metrics.js';
import type { Resource } from './resource.js';

export function metricsResource({ service, leadership, executorArchive, certificates, now }: Context): Resource {
  return {
    GET: async (_request, reply) => {
      const registry = new Registry();
      const leads = new Gauge({ name: 'gaia_leading', help: '1 while this scheduler leads', registers: [registry] });
      leads.set(Number(leadership.leading));
      addVersions(registry, executorArchive?.sha256 ?? '');
      addCertificates(registry, certificates());
      // Others know nothing of agents and apps.
      if (leadership.leading) {
        const view = service.view();
        addFramework(registry, view, service.vitals(), now());
        addApps(registry, view);
        addReplicas(registry, view);
      }
      const text = await Registry.merge([registry, processRegistry()]).metrics();
      return reply.type(registry.contentType).send(text);
    },
  };
}

/** Empty: agents have the executor. */
function addVersions(registry: Registry, executor_archive: string): void {
  const labels = { version: installation.version, executor_archive };
  const help = '1 for the version of this scheduler and the SHA-256 of the executor that it serves';
  new Gauge({ name: 'gaia_info', help, labelNames: Object.keys(labels), registers: [registry] }).set(labels, 1);
}

/** Of a chain the first that is over. */
function addCertificates(registry: Registry, all: Record<string, ClientTls>): void {
  const gauge = new Gauge({
    ...{ name: 'gaia_certificate_expiry_timestamp_seconds', labelNames: ['of', 'kind'], registers: [registry] },
    help: 'When the certificates that are shown, and the authorities that are believed in, are over',
  });
  for (const [of, { certificate, authority }] of Object.entries(all)) {
    for (const [kind, pem] of Object.entries({ certificate, authority })) {
      const atMs = pem === undefined ? null : expiryOf(pem);
      if (atMs !== null) gauge.set({ of, kind }, atMs / 1000);
    }
  }
}

let ofProcess: Registry | null = null;

/** What prom-client knows about this process: processor time, memory, event loop, garbage collection. */
function processRegistry(): Registry {
  if (ofProcess === null) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess });
  }
  return ofProcess;
}

function addApps(registry: Registry, { apps, queue }: FrameworkView): void {
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const instances = gauge('gaia_app_instances', 'Instances the app asks for', 'app');
  const tasks = gauge('gaia_app_tasks', 'Tasks of the app by state', 'app', 'state');
  const waiting = gauge('gaia_app_tasks_waiting', 'Tasks that wait to be placed', 'app');
  const group = gauge('gaia_app_group_state', '1 for the state the group of a replicated app is in', 'app', 'state');
  const caughtUp = gauge('gaia_group_caught_up', 'Members that count and have what is committed', 'app');
  const leaders = new Counter({
    ...{ name: 'gaia_group_leader_changes_total', labelNames: ['app'], registers: [registry] },
    help: 'Times another member has come to lead the group',
  });
  const waitingOf = new Map(queue.map(({ appId, count }) => [appId, count]));
  for (const { spec, tasks: all, group: ofApp } of apps) {
    const app = spec.id;
    instances.set({ app }, spec.instances);
    for (const { state } of all) tasks.inc({ app, state });
    waiting.set({ app }, waitingOf.get(app) ?? 0);
    if (!ofApp) continue;
    group.set({ app, state: ofApp.state }, 1);
    caughtUp.set({ app }, ofApp.caughtUp);
    leaders.inc({ app }, ofApp.leaderChanges);
  }
}
