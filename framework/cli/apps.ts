import { appPath } from './api-client.js';
import { type AppJson, programOf } from './app-json.js';
import { gaia } from './program-name.js';
import type { Session } from './session.js';
import { showApp, stateOf } from './show.js';
import { readSpecs } from './spec-file.js';
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

type AddOptions = ChangeOptions & { update?: boolean };

/** Creates the apps of a file, one after another; with `update` those that exist are changed instead. */
export async function addApps(session: Session, file: string, options: AddOptions): Promise<void> {
  const results: AppResult[] = [];
  for (const spec of readSpecs(file)) results.push(await addApp(session, spec as { id?: unknown }, options));
  const [only] = results;
  const names = results.map(({ app }) => app.id);
  session.output.result(results.length === 1 && only ? only : { results }, names);
}

async function addApp(session: Session, spec: { id?: unknown }, options: AddOptions): Promise<AppResult> {
  const { api, output } = session;
  const isUpdate = options.update === true && typeof spec?.id === 'string';
  const answer = isUpdate
    ? await api.send<Change>('PUT', `${appPath(String(spec.id))}${changeQuery(options)}`, spec)
    : await api.send<AppJson>('POST', `/v2/apps${changeQuery(options)}`, spec);
  if (answer.ignoredFields !== null) output.note(`ignored, because unknown: ${answer.ignoredFields}`);
  const deploymentId = 'id' in answer.body ? answer.body.deployments[0]?.id : answer.body.deploymentId;
  const deployment = await followDeployment(api, output, deploymentId, options);
  return resultOf(session, 'id' in answer.body ? answer.body.id : String(spec.id), deployment, deploymentId);
}

export async function listApps({ api, output }: Session): Promise<void> {
  const { apps } = await api.get<{ apps: AppJson[] }>('/v2/apps');
  if (apps.length === 0) output.line(`No apps. Add one with: ${gaia} app add FILE`);
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
  output.result(
    { apps },
    apps.map(({ id }) => id),
  );
}

export async function showOne({ api, output }: Session, id: string, storyLines: number): Promise<void> {
  const { app } = await api.get<{ app: AppJson }>(appPath(id));
  showApp(output, app, storyLines);
  output.result({ app }, [app.id]);
}

export async function scaleApp(session: Session, id: string, instances: number, options: ChangeOptions): Promise<void> {
  await change(session, id, options, 'PATCH', `${appPath(id)}${changeQuery(options)}`, { instances });
}

export async function restartApp(session: Session, id: string, options: ChangeOptions): Promise<void> {
  await change(session, id, options, 'POST', `${appPath(id, 'restart')}${changeQuery(options)}`);
}

/** Versions that are kept, the newest first. */
export async function appVersions({ api, output }: Session, id: string): Promise<void> {
  const { versions } = await api.get<{ versions: string[] }>(appPath(id, 'versions'));
  for (const version of versions) output.line(version);
  output.result({ id, versions }, versions);
}

/** Makes an app what it was in a version that is kept. */
export async function rollBackApp(session: Session, id: string, version: string, options: ChangeOptions) {
  await change(session, id, options, 'PUT', `${appPath(id)}${changeQuery(options)}`, { version });
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
  method: 'PATCH' | 'POST' | 'PUT',
  path: string,
  body?: object,
) {
  const answer = await session.api.send<Change>(method, path, body);
  const deployment = await followDeployment(session.api, session.output, answer.body.deploymentId, options);
  session.output.result(await resultOf(session, id, deployment, answer.body.deploymentId));
}

interface AppResult {
  deployment: string;
  deploymentId: string | null;
  app: AppJson;
}

/** Shows the app as it is after a change that has ended. */
async function resultOf(
  { api, output }: Session,
  id: string,
  deployment: string,
  deploymentId: string | undefined,
): Promise<AppResult> {
  const { app } = await api.get<{ app: AppJson }>(appPath(id));
  if (deployment === 'ended') showApp(output, app, STORY_LINES);
  return { deployment, deploymentId: deploymentId ?? null, app };
}

function kindOf(app: AppJson): string {
  return app.replication === undefined ? 'plain' : 'replicated';
}
