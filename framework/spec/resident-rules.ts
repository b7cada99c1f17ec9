import type { AppSpec } from '../app.js';
import { type Problems, show } from './problems.js';

type Judged = Omit<AppSpec, 'version' | 'versionInfo'>;

/** What an app with persistent volumes must be like. `principal`: of the framework; null: it has none. */
export function checkResident(app: Judged, principal: string | null, problems: Problems): void {
  if (!app.residency) return;
  const { volumes } = app.residency;
  const paths = volumes.map(({ containerPath }) => containerPath);
  if (new Set(paths).size < paths.length) {
    const sentence = `the container paths are ${show(paths)}; give each volume its own`;
    problems.add('rule', '/container/volumes', 'Volume names must be unique', sentence);
  }
  if (principal === null) {
    const sentence = `container.volumes has ${volumes.length}, but the framework has no principal in whose name they would be reserved; start it with --principal`;
    problems.add('rule', '/container/volumes', sentence);
  }
  if (app.acceptedResourceRoles !== null && show(app.acceptedResourceRoles) !== '["*"]') {
    const sentence = `it is ${show(app.acceptedResourceRoles)}; what is reserved already cannot be reserved again for an instance`;
    const words = 'A resident app must have `acceptedResourceRoles = ["*"]`.';
    problems.add('rule', '/acceptedResourceRoles', words, sentence);
  }
  if (app.unreachableStrategy !== 'disabled') {
    const sentence = `it is ${show(app.unreachableStrategy)}; give "disabled" or leave it out: residency says when an instance is given up`;
    problems.add('rule', '/unreachableStrategy', 'unreachableStrategy must be disabled for resident tasks', sentence);
  }
  if (app.upgradeStrategy.maximumOverCapacity !== 0) {
    const value = app.upgradeStrategy.maximumOverCapacity;
    const sentence = `it is ${value}; there is no instance beyond those that have volumes, give 0`;
    problems.add('rule', '/upgradeStrategy/maximumOverCapacity', `got ${value}, expected 0`, sentence);
  }
  if (app.replication?.protocol === 'apus') checkJournalVolume(app, volumes.length, problems);
}

function checkJournalVolume({ replication }: Judged, count: number, problems: Problems): void {
  if (replication?.durability === 'memory') {
    const sentence =
      'a replica of durability "memory" keeps nothing that a new process could use; give replication.durability "disk", or no volume';
    problems.add('rule', '/container/volumes', sentence);
  } else if (count > 1) {
    const sentence = `container.volumes has ${count}; a replica keeps all it has in one, give one`;
    problems.add('rule', '/container/volumes', sentence);
  }
}
