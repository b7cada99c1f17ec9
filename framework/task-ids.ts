/** Ids of instances and tasks, in Marathon's form. */

export const safePath = (appId: string) => appId.slice(1).replaceAll('/', '_');

export const instanceIdOf = (appId: string, uuid: string) => `${safePath(appId)}.instance-${uuid}`;

/** An instance without volumes is one attempt here. */
export const taskIdOf = (instanceId: string, attempt: number) => `${instanceId}._app.${attempt}`;

export const instanceOfTask = (taskId: string) => taskId.replace(/\._app\.\d+$/, '');
