import { segmentsAfter } from './app-path.js';
import { ApiError } from './errors.js';
import type { Handler, Resource } from './resource.js';

/** `/v2/pods`: there are none, which readers of all services may rely on, and none can be made. */
export function podsResource(): Resource {
  return { GET: () => [], POST: refuse };
}

/** `/v2/pods/*`: a pod, or with `::status` the states of all. */
export function podResource(): Resource {
  return { GET: statusOrNone, PUT: refuse, DELETE: missing };
}

const statusOrNone: Handler = (request, reply) =>
  request.url.split('?')[0]?.endsWith('/::status') ? [] : missing(request, reply);

const refuse: Handler = () => {
  const remedy = 'Give each of its containers as an app, with affinity "near" the others: POST /v2/apps.';
  throw new ApiError(501, 'Pods are not supported by this version', remedy);
};

const missing: Handler = (request) => {
  const id = `/${segmentsAfter('/v2/pods', request.url).join('/').replace(/::.*/, '')}`;
  throw new ApiError(404, `Pod '${id}' does not exist`, 'There are no pods in this version; apps are at /v2/apps.');
};
