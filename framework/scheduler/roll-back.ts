import type { CommandResult } from '../service.js';
import { deploy } from './changes.js';
import type { Context } from './context.js';
import type { DeploymentRecord } from './records.js';
import { nextVersion } from './tasks.js';

/**
 * What a deployment has changed becomes what it was, as a new deployment. Apps that it has deleted come back; those that it made, and
 * that somebody has deleted since, do not.
 */
export function rollBack(context: Context, { originals, originalGroups = {} }: DeploymentRecord): CommandResult {
  const known = Object.entries(originals).filter(([id, original]) => original || context.state.apps.get(id));
  const versions = known.map(([id]) => nextVersion(context, context.state.apps.get(id)));
  const version = versions.sort().at(-1) ?? nextVersion(context, undefined);
  const apps = new Map(known.map(([id, original]) => [id, original && { ...original, version }]));
  return deploy(context, { version, apps, groups: new Map(Object.entries(originalGroups)), mode: 'rollBack' });
}
