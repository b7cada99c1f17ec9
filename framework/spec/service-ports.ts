import type { AppSpec } from '../app.js';

/** Marathon's service ports: names for load balancers, which tell no agent's ports. */
export interface ServicePorts {
  min: number;
  max: number;
}

type Ports = Pick<AppSpec, 'portDefinitions' | 'requirePorts'>;

/** With `requirePorts` ports are those of agents: 0 is any. */
export const wantsServicePorts = ({ portDefinitions, requirePorts }: Ports): boolean =>
  !requirePorts && portDefinitions.some(({ port }) => port === 0);

/** A port 0 of an update is the service port that the app was given in its place. */
export function keepServicePorts<App extends Ports>(app: App, before: Ports | null, range: ServicePorts | null): App {
  if (before === null || range === null || before.requirePorts || !wantsServicePorts(app)) return app;
  const named = app.portDefinitions.map(({ port }) => port);
  const portDefinitions = app.portDefinitions.map((one, index) => {
    const given = before.portDefinitions[index]?.port ?? 0;
    const isKept = one.port === 0 && given >= range.min && given <= range.max && !named.includes(given);
    return isKept ? { ...one, port: given } : one;
  });
  return { ...app, portDefinitions };
}

/** With the lowest that are free in place of 0; `taken` grows by them. Null: there are too few. */
export function giveServicePorts(app: AppSpec, taken: Set<number>, range: ServicePorts): AppSpec | null {
  let port = range.min;
  const portDefinitions = app.portDefinitions.map((one) => {
    if (one.port !== 0) return one;
    while (taken.has(port)) port += 1;
    taken.add(port);
    return { ...one, port };
  });
  return port <= range.max ? { ...app, portDefinitions } : null;
}
