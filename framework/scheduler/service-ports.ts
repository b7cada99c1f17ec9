/** Service ports of apps that are new, or whose tasks are replaced anyway: no port is given to two apps. */
import type { AppSpec } from '../app.js';
import { configurationChanged } from '../spec/configuration.js';
import { giveServicePorts, type ServicePorts, wantsServicePorts } from '../spec/service-ports.js';
import type { Refusal } from './changes.js';
import type { Context } from './context.js';

/** @param apps what users want to be; null: it is deleted */
export function withServicePorts(
  { state, options }: Context,
  apps: Map<string, AppSpec | null>,
): Map<string, AppSpec | null> | Refusal {
  const range = options.servicePorts;
  const wanting = [...apps.values()].filter((spec) => spec !== null).filter(wantsServicePorts);
  if (!range || wanting.length === 0) return apps;
  const others = [...state.apps.values()].map(({ spec }) => spec).filter(({ id }) => !apps.has(id));
  const taken = new Set([...others, ...apps.values()].flatMap((spec) => portsOf(spec)));
  const given = new Map(apps);
  for (const spec of wanting) {
    const before = state.apps.get(spec.id)?.spec;
    if (before && !configurationChanged(before, spec)) continue;
    const withPorts = giveServicePorts(spec, taken, range);
    if (withPorts === null) return tooFew(spec, range);
    given.set(spec.id, withPorts);
  }
  return given;
}

const portsOf = (spec: AppSpec | null) => (spec?.portDefinitions ?? []).map(({ port }) => port);

function tooFew({ id }: AppSpec, { min, max }: ServicePorts): Refusal {
  const remedy =
    'give a port in place of 0, "portDefinitions": [], or start the framework with a higher --local-port-max';
  const message = `portDefinitions: "${id}" can be given no service port: all from ${min} to ${max} are taken; ${remedy}`;
  return { ok: false, reason: 'invalid', message };
}
