import { pathBelow } from './api-client.js';
import type { AppJson } from './app-json.js';
import { type ChangeOptions, changeQuery } from './apps.js';
import { EXIT, Failure } from './failure.js';
import type { Session } from './session.js';
import { stateOf } from './show.js';
import { readSpecs } from './spec-file.js';
import { bold } from './terminal/colour.js';
import { followDeployment } from './wait.js';

/** App groups: what is below a path. */
interface GroupJson {
  id: string;
  version: string;
  dependencies: string[];
  apps: AppJson[];
  groups: GroupJson[];
}

interface Change {
  deploymentId?: string;
  version?: string;
  /** Of a dry run. */
  steps?: { actions: { action: string; app: string }[] }[];
}

export type GroupOptions = ChangeOptions & { dryRun?: boolean; strict?: boolean };

/** `/v2/groups/shop` and what is below it; the root is `/v2/groups`. */
const groupPath = (id: string, ...below: string[]) => pathBelow('/v2/groups', id, ...below);

const treePath = (id: string) => `${groupPath(id)}?embed=group.groups&embed=group.apps`;

const groupsIn = (group: GroupJson): GroupJson[] => [group, ...group.groups.flatMap(groupsIn)];
const appsIn = (group: GroupJson): AppJson[] => groupsIn(group).flatMap(({ apps }) => apps);

export async function listGroups({ api, output }: Session): Promise<void> {
  const root = await api.get<GroupJson>(treePath('/'));
  const rows = groupsIn(root).map((group) => {
    const apps = appsIn(group);
    const settled = apps.filter(({ tasksRunning, instances }) => tasksRunning >= instances).length;
    return [group.id, `${settled}/${apps.length}`, group.dependencies.join(', '), group.version];
  });
  output.table(['ID', 'APPS RUNNING', 'NEEDS', 'VERSION'], rows);
  output.result(
    { group: root },
    groupsIn(root).map(({ id }) => id),
  );
}

export async function showGroup({ api, output }: Session, id: string): Promise<void> {
  const group = await api.get<GroupJson>(treePath(id));
  output.line(`${bold(group.id)}  version ${group.version}`);
  for (const { id: inner, dependencies } of groupsIn(group))
    if (dependencies.length > 0) output.line(`  ${inner} needs ${dependencies.join(', ')}`);
  const apps = appsIn(group);
  if (apps.length === 0) output.line('  no apps');
  else {
    const rows = apps.map((app) => [app.id, `${app.tasksRunning}/${app.instances}`, stateOf(app), app.version]);
    output.table(['APP', 'RUNNING', 'STATE', 'VERSION'], rows);
  }
  output.result({ group }, [group.id]);
}

/** The file names each group by its `id`; without one it is the root. Several are changed one after another. */
export async function applyGroup(session: Session, file: string, options: GroupOptions): Promise<void> {
  const results: object[] = [];
  for (const body of readSpecs(file)) {
    const { id } = (body ?? {}) as { id?: unknown };
    results.push(await put(session, typeof id === 'string' ? id : '/', body, options));
  }
  const [only] = results;
  session.output.result(results.length === 1 && only ? only : { results });
}

export async function rollBackGroup(session: Session, id: string, version: string, options: GroupOptions) {
  session.output.result(await put(session, id, { version }, options));
}

async function put({ api, output }: Session, id: string, body: unknown, options: GroupOptions): Promise<object> {
  const more = `${options.dryRun ? '&dryRun=true' : ''}${options.strict ? '&strict=true' : ''}`;
  const answer = await api.send<Change>('PUT', `${groupPath(id)}${changeQuery(options)}${more}`, body);
  if (answer.ignoredFields !== null) output.note(`ignored, because unknown: ${answer.ignoredFields}`);
  const { steps, deploymentId } = answer.body;
  if (steps !== undefined) {
    const rows = steps.flatMap(({ actions }, index) => actions.map(({ action, app }) => [`${index + 1}`, action, app]));
    if (rows.length === 0) output.line('Nothing would change.');
    else output.table(['STEP', 'ACTION', 'APP'], rows);
    return { id, steps };
  }
  const deployment = await followDeployment(api, output, deploymentId, options);
  output.line(`${id} is ${deployment === 'ended' ? 'changed' : 'being changed'}.`);
  return { id, deployment, ...answer.body };
}

export async function removeGroup({ api, output }: Session, id: string, options: ChangeOptions): Promise<void> {
  if (groupPath(id) === '/v2/groups')
    throw new Failure(EXIT.usage, 'The root group cannot be removed by this command', 'Name a group, such as /shop.');
  const { body } = await api.send<Change>('DELETE', `${groupPath(id)}${changeQuery(options)}`);
  const deployment = await followDeployment(api, output, body.deploymentId, options);
  output.line(`${id} is ${deployment === 'ended' ? 'removed' : 'being removed'}.`);
  output.result({ id, deployment, ...body });
}

export async function groupVersions({ api, output }: Session, id: string): Promise<void> {
  const versions = await api.get<string[]>(groupPath(id, 'versions'));
  for (const version of versions) output.line(version);
  output.result({ id, versions }, versions);
}
