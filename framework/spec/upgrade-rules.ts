import { majorityOf } from '../../placement/index.js';
import type { AppSpec } from '../app.js';
import type { Problems } from './problems.js';
import { REPLICAS_MAX } from './replication.js';

/** How many replicas an upgrade may have missing: of programs, and never so many that less than a majority is left. */
export function checkMissing(
  { instances, replication, upgradeStrategy }: Pick<AppSpec, 'instances' | 'replication' | 'upgradeStrategy'>,
  problems: Problems,
): void {
  const max = upgradeStrategy.replicasMissingMax;
  if (max === undefined) return;
  const add = (why: string) =>
    problems.add('rule', '/upgradeStrategy/replicasMissingMax', `replicasMissingMax is ${max}, but ${why}`);
  const sparable = instances - majorityOf(instances);
  if (replication?.protocol !== 'apus')
    add('it is for replicated programs only: leave it out, minimumHealthCapacity is for others');
  else if (max > sparable) add(`of ${instances} replicas ${sparable} may be missing: use 0 to ${sparable}`);
  else if (max === 0 && instances >= REPLICAS_MAX)
    add(`a group of ${REPLICAS_MAX} has no place for a spare replica: use 1 or more`);
}
