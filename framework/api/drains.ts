import _ from 'lodash';
import { agentsIn, type Selection } from '../../placement/index.js';
import type { DrainView, FrameworkView } from '../service.js';
import { type Context, sendDeployment } from './context.js';
import { ApiError } from './errors.js';
import type { Handler, Resource } from './resource.js';
import { noSuchAgent, selection } from './selection.js';

/** `POST /v2/placement/drain?agent=NAME`: the agents take nothing new and are emptied, until the drain is ended. */
export function beginDrain({ service, changes }: Context): Handler {
  return async (request, reply) => {
    const wanted = selection(request);
    const { cluster } = service.cluster();
    if (agentsIn(cluster, wanted).length === 0) throw noSuchAgent(cluster, wanted);
    const { accepted } = await changes.submit(request, () => ({
      command: { type: 'drain', wanted },
      result: null,
    }));
    return sendDeployment(reply, accepted);
  };
}

/** `DELETE /v2/placement/drain?agent=NAME`: the agents take tasks again; what is there stays. */
export function endDrain({ changes }: Context): Handler {
  return async (request, reply) => {
    const wanted = selection(request);
    const { accepted } = await changes.submit(request, (view) => {
      const { id } = drainOf(view, wanted);
      return { command: { type: 'cancelDeployment', deploymentId: id, force: true }, result: null };
    });
    return sendDeployment(reply, accepted);
  };
}

/** `GET /v2/placement/drains`: which agents are being drained, and what runs there still. */
export function drainsResource({ service }: Context): Resource {
  return { GET: () => ({ drains: service.view().drains }) };
}

function drainOf({ drains }: FrameworkView, wanted: Selection): DrainView {
  const found = drains.find((drain) => _.isEqual(drain.wanted, wanted));
  if (found) return found;
  const known = drains.map((drain) => selectionText(drain.wanted)).join('; ');
  const remedy = known === '' ? 'Nothing is being drained.' : `Name them as they were named when it began: ${known}.`;
  throw new ApiError(404, `There is no drain of ${selectionText(wanted)}`, remedy);
}

const selectionText = (wanted: Selection) =>
  Object.entries(wanted)
    .map(([field, values]) => values.map((value) => `${field}=${value}`).join(' '))
    .join(' ');
