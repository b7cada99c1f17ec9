import { appPath } from './api-client.js';
import { type AppJson, programOf } from './app-json.js';
import type { Session } from './session.js';
import { showApp, stateOf } from './show.js';
import { readSpecFile } from './spec-file.js';
import { followDeployment } from './wait.js';

export interface ChangeOptions {
  detach?: boolean;
  force?: boolean;
  timeout: number;
  /** Seconds. */
  deadline?: number;
  rollBack?: boolean;
}

/** The query of a change. */
export function changeQuery({ force = false, deadline, rollBack }: ChangeOptions): string {
  const limit = deadline === undefined ? '' : `&deadlineSeconds=${deadline}`;
  return `?force=${force}${limit}${rollBack ? '&rollBack=true' : ''}`;
}

/** The latest of a story, enough for one deployment. */
export const STORY_LINES = 20;

interface Change {
  version: string;
  deploymentId?: string;
}

/** Creates an app; with `update` an existing one is changed instead. */
export async function addApp(
  session: Session,
  file: string,
  options: ChangeOptions & { update?: boolean },
): Promise<void> {
  const { api, output } = session;
  const spec = readSpecFile(file) as { id?: unknown };
  const isUpdate = options.update === true && typeof spec?.id === 'string';
  const answer = isUpdate
    ? await api.send<Change>('PUT', `${appPath(String(spec.id))}${changeQuery(options)}`, spec)
    : await api.send<AppJson>('POST', `/v2/apps${changeQuery(options)}`, spec);
  if (answer.ignoredFields !== null) output.line(`ignored, because unknown: ${answer.ignoredFields}`);
  const deploymentId = 'id' in answer.body ? answer.body.deployments[0]?.id : answer.body.deploymentId;
  const deployment = await followDeployment(api, output, deploymentId, options);
  const id = 'id' in answer.body ? answer.body.id : String(spec.id);
  await showResult(session, id, deployment, deploymentId);
}

export async function listApps({ api, output }: Session): Promise<void> {
  const { apps } = await api.get<{ apps: AppJson[] }>('/v2/apps');
  if (apps.length === 0) output.line('No apps. Add one with: npx gaia app add FILE');
  else {
    const rows = apps.map((app) => [
      app.id,
      `${app.tasksRunning}/${app.instances}`,
      kindOf(app),
      stateOf(app),
      String(app.cpus),
      String(app.mem),
      programOf(app),
    ]);
    output.table(['ID', 'RUNNING', 'KIND', 'STATE', 'CPUS', 'MEM', 'PROGRAM'], rows);
  }
  output.result({ apps });
}

export async function showOne({ api, output }: Session, id: string, storyLines: number): Promise<void> {
  const { app } = await api.get<{ app: AppJson }>(appPath(id));
  showApp(output, app, storyLines);
  output.result({ app });
}

export async function scaleApp(session: Session, id: string, instances: number, options: ChangeOptions): Promise<void> {
  await change(session, id, options, 'PATCH', `${appPath(id)}${changeQuery(options)}`, { instances });
}

export async function restartApp(session: Session, id: string, options: ChangeOptions): Promise<void> {
  await change(session, id, options, 'POST', `${appPath(id, 'restart')}${changeQuery(options)}`);
}

export async function removeApp({ api, output }: Session, id: string, options: ChangeOptions): Promise<void> {
  const { body } = await api.send<Change>('DELETE', `${appPath(id)}${changeQuery(options)}`);
  const deployment = await followDeployment(api, output, body.deploymentId, options);
  output.line(deployment === 'ended' ? `${id} is removed.` : `${id} is being removed.`);
  output.result({ id, deployment, ...body });
}

async function change(
  session: Session,
  id: string,
  options: ChangeOptions,
  method: 'PATCH' | 'POST',
  path: string,
  body?: object,
) {
  const answer = await session.api.send<Change>(method, path, body);
  const deployment = await followDeployment(session.api, session.output, answer.body.deploymentId, options);
  await showResult(session, id, deployment, answer.body.deploymentId);
}

async function showResult({ api, output }: Session, id: string, deployment: string, deploymentId: string | undefined) {
  const { app } = await api.get<{ app: AppJson }>(appPath(id));
  if (deployment === 'ended') showApp(output, app, STORY_LINES);
  output.result({ deployment, deploymentId: deploymentId ?? null, app });
}

function kindOf(app: AppJson): string {
  return app.replication === undefined ? 'plain' : 'replicated';
}
