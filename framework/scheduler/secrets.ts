/** Secrets that an app's `env` refers to: read for each launch, and stored, told and logged nowhere. */
import type { AppSpec } from '../app.js';
import type { Context, SchedulerOptions } from './context.js';
import type { AppRecord } from './records.js';

/** So long counts what was found of an app that waits; a launch looks again. */
const foundForMs = 1000;

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

/** As `secretProblem` a moment ago: apps that wait are asked about in every step. */
export function recentSecretProblem({ memory, now, options }: Context, { id, active }: AppRecord): string | null {
  const known = memory.secrets.get(id);
  if (known && known.active === active && now - known.readMs < foundForMs) return known.problem;
  const problem = secretProblem(options, active);
  if (Object.values(active.env).some((value) => typeof value !== 'string'))
    memory.secrets.set(id, { active, readMs: now, problem });
  return problem;
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
