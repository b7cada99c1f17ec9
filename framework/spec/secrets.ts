import type { AppSpec, EnvValue } from '../app.js';
import { type Problems, show } from './problems.js';
import { type Reader, readString, requirePresent } from './reader.js';

const SOURCE = {
  pattern: /^(?!.*(^|\/)\.\.?(\/|$))[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/,
  patternMeaning:
    "a secret's path below the framework's --secrets-directory: letters, digits, dots and dashes, such as db/password",
  lengthMax: 512,
};
/** Linux gives a program no argument and no variable of 128 KiB or more (MAX_ARG_STRLEN); the name needs room too. */
export const ARGUMENT_CHARACTERS_MAX = 120 * 1024;

/** A value of `env`. */
export function readEnvironmentValue(value: unknown, path: string, reader: Reader): EnvValue | undefined {
  const isSecret = typeof value === 'object' && value !== null && 'secret' in value;
  if (!isSecret) return readString(value, path, { lengthMax: ARGUMENT_CHARACTERS_MAX }, reader.problems);
  const secret = reader.enter(value, path)?.string('secret', { lengthMin: 1 });
  return secret === undefined ? undefined : { secret };
}

export function readSecrets(reader: Reader): Record<string, { source: string }> | undefined {
  return reader.map('secrets', (value, path) => {
    const inner = reader.enter(value, path);
    if (inner === undefined) return undefined;
    requirePresent(inner, 'source', SOURCE.patternMeaning);
    return { source: inner.string('source', SOURCE) ?? '' };
  });
}

/** `available`: the framework has a provider of secrets. */
export function checkSecrets(
  { env, secrets = {} }: Pick<AppSpec, 'env' | 'secrets'>,
  available: boolean,
  problems: Problems,
): void {
  const names = Object.keys(secrets);
  for (const [name, value] of Object.entries(env)) {
    if (typeof value === 'string' || names.includes(value.secret)) continue;
    const known = names.length === 0 ? 'secrets is missing' : `secrets has ${names.join(', ')}`;
    const words = `env ${name} refers to the secret ${show(value.secret)}, but ${known}; give {"${value.secret}": {"source": "..."}}`;
    problems.add('rule', `/env/${name}`, words);
  }
  if (names.length === 0 || available) return;
  const remedy = 'this framework has none: start it with --secrets-directory, or give the values in env';
  problems.add('rule', '/secrets', 'Feature secrets is not enabled', remedy);
}
