import type { Context } from './context.js';
import type { Resource } from './resource.js';

/** `/v2/agents`: those that are known, and their machines as executors there have found them. */
export function agentsResource({ service }: Context): Resource {
  return { GET: () => ({ agents: service.agents() }) };
}
