import type { FastifyRequest } from 'fastify';
import { agentsIn, type RebalanceOptions } from '../../placement/index.js';
import type { PlanJob, PlanOf } from '../planning.js';
import type { ClusterView } from '../service.js';
import type { Context } from './context.js';
import { beginDrain, endDrain } from './drains.js';
import { ApiError, noPlan } from './errors.js';
import { text } from './query.js';
import type { Resource } from './resource.js';
import { noSuchAgent, selection } from './selection.js';

const MOVES_MAX = 1000;

/** `GET /v2/placement/drain?zone=a`: how the agents could be emptied. A preview; POST does it, DELETE ends it. */
export function drainResource(context: Context): Resource {
  const { service } = context;
  return {
    POST: beginDrain(context),
    DELETE: endDrain(context),
    GET: async (request) => {
      const view = service.cluster();
      const wanted = selection(request);
      const ids = agentsIn(view.cluster, wanted);
      if (ids.length === 0) throw noSuchAgent(view.cluster, wanted);
      return {
        known: knowledge(view),
        plan: await planFor(context, { type: 'drain', cluster: view.cluster, agentIds: ids }),
      };
    },
  };
}

/** `GET /v2/placement/rebalance`: which moves would gain. A preview; POST plans anew and carries the plan out. */
export function rebalanceResource(context: Context): Resource {
  const { service, changes } = context;
  const preview = async (request: FastifyRequest) => {
    const options = rebalanceOptions(request);
    const view = service.cluster();
    return {
      known: knowledge(view),
      plan: await planFor(context, { type: 'rebalance', cluster: view.cluster, options }),
    };
  };
  return {
    GET: preview,
    POST: async (request) => {
      const { known, plan } = await preview(request);
      const { moves } = plan;
      const { gainMin = 0 } = rebalanceOptions(request);
      if (moves.length === 0)
        throw new ApiError(409, 'No move gains', 'Nothing is to be done; add agents, or allow more with movesMax.', {
          known,
          plan,
        });
      const { accepted } = await changes.submit(request, () => ({
        command: { type: 'rebalance', moves, gainMin },
        result: null,
      }));
      return { ...accepted, known, plan };
    },
  };
}

function planFor<Job extends PlanJob>({ service }: Context, job: Job): Promise<PlanOf<Job>> {
  return service.compute(job).catch(noPlan);
}

/** What the plan was made from. */
function knowledge({ cluster, unknownAgents, oldestOfferSeconds }: ClusterView) {
  return { agents: cluster.agents.length, oldestOfferSeconds, unknownAgents };
}

function rebalanceOptions(request: FastifyRequest): RebalanceOptions {
  const other = Object.keys(request.query as object).find((name) => name !== 'movesMax' && name !== 'gainMin');
  if (other !== undefined)
    throw new ApiError(400, `The query parameter ${other} is unknown`, 'Use movesMax and gainMin.');
  const movesMax = number(request, 'movesMax', /^\d{1,4}$/, MOVES_MAX, `a whole number from 0 to ${MOVES_MAX}`);
  const gainMin = number(request, 'gainMin', /^\d{1,4}(\.\d{1,6})?$/, Number.POSITIVE_INFINITY, 'a number such as 0.5');
  return { ...(movesMax === undefined ? {} : { movesMax }), ...(gainMin === undefined ? {} : { gainMin }) };
}

function number(request: FastifyRequest, name: string, form: RegExp, max: number, use: string): number | undefined {
  const value = text(request, name);
  if (value === undefined) return undefined;
  if (form.test(value) && Number(value) <= max) return Number(value);
  throw new ApiError(400, `The query parameter ${name} is '${value}'`, `Use ${use}.`);
}
