import type { TaskView } from '../service.js';
import { endpointsText, taskJson } from './answers.js';
import { type Context, requireApp, sendDeployment } from './context.js';
import { ApiError } from './errors.js';
import { requireCovered } from './permissions.js';
import { flag, text } from './query.js';
import type { Resource } from './resource.js';
import { killTasks, wantsText } from './tasks.js';

/** `/v2/apps/{id}/tasks` */
export function appTasksResource(context: Context, appId: string): Resource {
  return {
    GET: (request, reply) => {
      const app = requireApp(context.service.view(), appId);
      if (wantsText(request)) return reply.type('text/plain').send(endpointsText([app]));
      return { tasks: app.tasks.map((task) => taskJson(task, app)) };
    },
    DELETE: async (request, reply) => {
      const app = requireApp(context.service.view(), appId);
      // Where there is no task nothing is asked of the framework.
      requireCovered(request.user, [appId]);
      const host = text(request, 'host');
      const tasks = app.tasks.filter((task) => host === undefined || host === '*' || task.host === host);
      const accepted = await killTasks(context, request, tasks.map(idOf));
      if (flag(request, 'scale') && accepted !== null) return sendDeployment(reply, accepted);
      return { tasks: tasks.map((task) => taskJson(task, app)) };
    },
  };
}

/** `/v2/apps/{id}/tasks/{task}` */
export function appTaskResource(context: Context, appId: string, taskId: string): Resource {
  const find = () => {
    const app = requireApp(context.service.view(), appId);
    const task = app.tasks.find((one) => one.id === taskId);
    if (task !== undefined) return { app, task };
    throw new ApiError(
      404,
      `Task '${taskId}' does not exist`,
      `GET /v2/apps${appId}/tasks lists the tasks of the app.`,
    );
  };
  return {
    GET: () => {
      const { app, task } = find();
      return { task: taskJson(task, app) };
    },
    DELETE: async (request, reply) => {
      const { app, task } = find();
      const accepted = await killTasks(context, request, [taskId]);
      if (flag(request, 'scale') && accepted !== null) return sendDeployment(reply, accepted);
      return { task: taskJson(task, app) };
    },
  };
}

function idOf(task: TaskView): string {
  return task.id;
}
