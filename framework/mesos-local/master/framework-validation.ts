import type { Subscribe } from '../../mesos-http-client/calls.js';
import type { FrameworkInfo } from '../../mesos-http-client/types.js';

/** Checks of FrameworkInfo (src/master/validation.cpp, src/common/roles.cpp). Each gives the first error's text or null. */

export function hasCapability(info: FrameworkInfo, capability: string): boolean {
  return (info.capabilities ?? []).some((held) => held.type === capability);
}

/** The roles a framework gets offers for. */
export function rolesOf(info: FrameworkInfo): string[] {
  return hasCapability(info, 'MULTI_ROLE') ? (info.roles ?? []) : [info.role ?? '*'];
}

const braces = (items: string[]): string => `{ ${items.join(', ')} }`;

function componentError(component: string, role: string): string | null {
  if (component === '') return `Role '${role}' cannot contain empty components`;
  if (component === '.' || component === '..') return `Role component '${component}' is invalid`;
  if (component === '*' && role !== '*') return "Role component cannot be '*'";
  if (component.startsWith('-')) return `Role component '${component}' is invalid because it begins with a dash`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Mesos names exactly these characters
  if (/[\x08\s]/.test(component)) {
    return `Role component '${component}' is invalid because it contains backspace or whitespace`;
  }
  return null;
}

export function roleError(role: string): string | null {
  if (role === '') return 'Empty role name is invalid';
  for (const component of role.split('/')) {
    const error = componentError(component, role);
    if (error) return error;
  }
  return null;
}

function rolesError(info: FrameworkInfo): string | null {
  const roles = info.roles ?? [];
  if (!hasCapability(info, 'MULTI_ROLE')) {
    if (roles.length > 0) return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable";
    const error = info.role === undefined ? null : roleError(info.role);
    return error && `'FrameworkInfo.role' is not a valid role: ${error}`;
  }
  if (info.role !== undefined) return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable";
  const twice = [...new Set(roles.filter((role, index) => roles.indexOf(role) !== index))];
  if (twice.length > 0) return `'FrameworkInfo.roles' contains duplicate items: ${braces(twice)}`;
  const error = roles.map(roleError).find((found) => found !== null);
  return error ? `'FrameworkInfo.roles' contains invalid role: ${error}` : null;
}

/** For SUBSCRIBE and UPDATE_FRAMEWORK. */
export function subscribeError({ framework_info, suppressed_roles = [] }: Subscribe): string | null {
  const error = rolesError(framework_info);
  if (error) return error;
  const roles = rolesOf(framework_info);
  const foreign = suppressed_roles.filter((role) => !roles.includes(role));
  return foreign.length > 0 ? `Suppressed roles ${braces(foreign)} are not contained in the set of roles` : null;
}

/** A re-subscription must keep the principal; other unchangeable fields keep their old value in silence. */
export function resubscribeError(old: FrameworkInfo, info: FrameworkInfo): string | null {
  return old.principal === info.principal ? null : "Changing framework's principal is not allowed.";
}

/** UPDATE_FRAMEWORK, other than a re-subscription, refuses changes of the unchangeable fields. */
export function updateFrameworkError(old: FrameworkInfo, info: FrameworkInfo): string | null {
  const frozen = [
    ['principal', old.principal, info.principal],
    ['user', old.user, info.user],
    ['checkpoint', old.checkpoint ?? false, info.checkpoint ?? false],
  ] as const;
  const changed = frozen.find(([, before, after]) => before !== after);
  if (!changed) return null;
  const [field, before, after] = changed;
  const words = `Updating 'FrameworkInfo.${field}' is unsupported; attempted to update from '${before}' to '${after}'`;
  return `FrameworkInfo update is not valid: ${words}`;
}
