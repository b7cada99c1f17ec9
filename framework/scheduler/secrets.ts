/** Secrets that an app's `env` refers to: read for each launch, and stored, told and logged nowhere. */
import type { AppSpec } from '../app.js';
import type { SchedulerOptions } from './context.js';

type Options = Pick<SchedulerOptions, 'secrets'>;
type Spec = Pick<AppSpec, 'env' | 'secrets'>;

/** Why the app cannot be launched now; null: no secret is missing. */
export function secretProblem({ secrets }: Options, { env, secrets: named = {} }: Spec): string | null {
  for (const [name, value] of Object.entries(env)) {
    if (typeof value === 'string') continue;
    const source = named[value.secret]?.source ?? '';
    const found = secrets?.read(source) ?? { problem: 'the framework has no --secrets-directory' };
    if ('problem' in found) return `env ${name} needs the secret "${source}", but ${found.problem}`;
  }
  return null;
}

/** `env` with the values of secrets. What has gone since `secretProblem` was asked is left out. */
export function withSecrets({ secrets }: Options, { env, secrets: named = {} }: Spec): Record<string, string> {
  const entries = Object.entries(env).flatMap(([name, value]) => {
    if (typeof value === 'string') return [[name, value]];
    const found = secrets?.read(named[value.secret]?.source ?? '');
    return found && 'value' in found ? [[name, found.value]] : [];
  });
  return Object.fromEntries(entries);
}
