import type { FastifyRequest } from 'fastify';
import { stagedStates } from '../mesos-http-client/index.js';
import type { AppView, TaskView } from '../service.js';
import { endpointsText, taskJson } from './answers.js';
import type { Accepted } from './changes.js';
import { type Context, sendDeployment } from './context.js';
import { ApiError, malformed } from './errors.js';
import { flag, texts } from './query.js';
import type { Handler, Resource } from './resource.js';

/** `/v2/tasks`: the tasks of all apps. */
export function tasksResource({ service }: Context): Resource {
  return {
    GET: (request, reply) => {
      const { apps } = service.view();
      if (wantsText(request)) return reply.type('text/plain').send(endpointsText(apps));
      const wanted = statesOf([...texts(request, 'status'), ...texts(request, 'status[]')]);
      const isWanted = (task: TaskView) => wanted === null || wanted.includes(task.state);
      return { tasks: apps.flatMap((app) => app.tasks.filter(isWanted).map((task) => taskJson(task, app))) };
    },
  };
}

/** `/v2/tasks/delete`: kills the tasks in the body, `{"ids": [...]}`. */
export function deleteTasksResource(context: Context): Resource {
  return { POST: deleteTasks(context) };
}

function deleteTasks(context: Context): Handler {
  return async (request, reply) => {
    const ids = readIds(request.body);
    const found = new Map<string, { task: TaskView; app: AppView }>();
    for (const app of context.service.view().apps) {
      for (const task of app.tasks) if (ids.has(task.id)) found.set(task.id, { task, app });
    }
    const accepted = await killTasks(context, request, [...found.keys()]);
    if (flag(request, 'scale') && accepted !== null) return sendDeployment(reply, accepted);
    return { tasks: [...found.values()].map(({ task, app }) => taskJson(task, app)) };
  };
}

/** Null when there is nothing to kill. */
export async function killTasks(
  context: Context,
  request: FastifyRequest,
  taskIds: string[],
): Promise<Accepted | null> {
  refuseScaleAndWipe(request);
  const [scale, wipe, force] = [flag(request, 'scale'), flag(request, 'wipe'), flag(request, 'force')];
  if (taskIds.length === 0) return null;
  const command = { type: 'killTasks', taskIds, scale, wipe, force } as const;
  const { accepted } = await context.changes.submit(request, () => ({ command, result: null }));
  return accepted;
}

/** `wipe` gives up what agents keep for the instances: their volumes are destroyed, and new ones start elsewhere. */
function refuseScaleAndWipe(request: FastifyRequest): void {
  if (!flag(request, 'wipe') || !flag(request, 'scale')) return;
  throw new ApiError(400, 'You cannot use scale and wipe at the same time.', 'Scaling down destroys volumes, too.');
}

export function wantsText(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? '';
  return accept.includes('text/plain') && !accept.includes('application/json');
}

function statesOf(names: string[]): string[] | null {
  const states: Record<string, string[]> = { running: ['TASK_RUNNING'], staging: [...stagedStates] };
  const unknown = names.find((name) => !Object.hasOwn(states, name));
  if (unknown !== undefined) throw new ApiError(400, `The status is '${unknown}'`, 'Use running or staging.');
  return names.length === 0 ? null : names.flatMap((name) => states[name] ?? []);
}

function readIds(body: unknown): Set<string> {
  if (body === undefined) throw malformed('No content to map due to end-of-input');
  const ids = typeof body === 'object' && body !== null ? (body as { ids?: unknown }).ids : undefined;
  if (Array.isArray(ids) && ids.every((id) => typeof id === 'string')) return new Set(ids);
  const key = ids === undefined ? 'error.path.missing' : 'error.expected.jsarray';
  const details = [{ path: '/ids', errors: [key, 'give the ids of tasks: {"ids": ["…"]}'] }];
  throw new ApiError(400, 'Invalid JSON', null, { details });
}
