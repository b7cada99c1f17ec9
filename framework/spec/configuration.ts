/** What of a spec makes tasks outdated when it changes. */
import _ from 'lodash';
import type { AppSpec } from '../app.js';

/** A change of these alone leaves running tasks as they are. */
const outside = [
  ...['instances', 'version', 'versionInfo', 'upgradeStrategy', 'killSelection', 'dependencies', 'priority'],
  'residency',
];

type Judged = Omit<AppSpec, 'version' | 'versionInfo'>;

export const configurationChanged = (before: Judged, after: Judged): boolean =>
  !_.isEqual(_.omit(before, outside), _.omit(after, outside));

/**
 * When an app was scaled and configured last, once it is `app`: like Marathon's, a new configuration counts as both. `isNew`: tasks of
 * `existing` are outdated, whatever has changed.
 */
export function versionInfoOf(
  existing: AppSpec | null,
  app: Judged,
  version: string,
  isNew = existing !== null && configurationChanged(existing, app),
): AppSpec['versionInfo'] {
  if (existing === null || isNew) return { lastScalingAt: version, lastConfigChangeAt: version };
  return app.instances === existing.instances
    ? existing.versionInfo
    : { ...existing.versionInfo, lastScalingAt: version };
}
