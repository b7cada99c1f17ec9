/** Who may use the API, and what: the lines of the file of users. */
import { isWithin } from '../spec/dependencies.js';

/** Each may do what those before it may. */
export const roles = ['viewer', 'deployer', 'admin'] as const;
export type Role = (typeof roles)[number];

export interface User {
  name: string;
  role: Role;
  /** What a deployer may change: these paths and what is below them. */
  paths: string[];
}

/** A user as the file has it: `hash` is of a password (`scrypt-...`) or of a token (`sha256$...`). */
export interface Account extends User {
  hash: string;
}

export class UsersError extends Error {}

const USERS_MAX = 10_000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
const PATH = /^(\/|(\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?)+)$/;
const HASH = /^(scrypt-32768-8-1\$[\w-]{22}\$[\w-]{43}|sha256\$[\w-]{43})$/;

/** One a line: `NAME ROLE HASH`, with `deployer:/path,/other` as ROLE of deployers; `#` begins a comment. @throws UsersError */
export function parseUsers(text: string, file: string): Account[] {
  const accounts = text.split('\n').flatMap((line, index) => {
    const fields = line.trim().split(/\s+/);
    if (line.trim() === '' || line.trim().startsWith('#')) return [];
    return [accountOf(fields, `${file}, line ${index + 1}`)];
  });
  const keys = accounts.map(({ name, hash }) => `${name}, ${isTokenHash(hash) ? 'token' : 'password'}`);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) throw new UsersError(`${file} has ${twice}, twice; remove one of the lines`);
  if (accounts.length === 0) throw new UsersError(`${file} names nobody; add a line with "gaia user add"`);
  if (accounts.length > USERS_MAX)
    throw new UsersError(`${file} has ${accounts.length} users; at most ${USERS_MAX} are possible`);
  return accounts;
}

export function formatAccount({ name, role, paths, hash }: Account): string {
  return `${name} ${role === 'deployer' ? `deployer:${paths.join(',')}` : role} ${hash}`;
}

export const isTokenHash = (hash: string) => hash.startsWith('sha256$');

/** Whether a user may change what has this id. */
export const covers = ({ role, paths }: User, id: string) =>
  role === 'admin' || (role === 'deployer' && paths.some((path) => isWithin(id, path)));

export const hasRole = (user: User, needed: Role) => roles.indexOf(user.role) >= roles.indexOf(needed);

function accountOf([name = '', roleAndPaths = '', hash = '', ...more]: string[], where: string): Account {
  const [role = '', list] = roleAndPaths.split(':');
  const paths = list === undefined ? [] : list.split(',');
  // The line itself is not quoted: it may be a password that was put into the wrong place.
  if (more.length > 0 || !HASH.test(hash))
    throw new UsersError(`${where}: it is not NAME ROLE HASH; have it made by "gaia user add"`);
  return { ...checkedUser({ name, role, paths }, where), hash };
}

/** @throws UsersError */
export function checkedUser(user: { name: string; role: string; paths: string[] }, where: string): User {
  const { name, role, paths } = user;
  if (!NAME.test(name))
    throw new UsersError(`${where}: the name is '${name}'; use 1 to 64 letters, digits, dots, dashes, _ and @`);
  if (!isRole(role)) throw new UsersError(`${where}: the role is '${role}'; use ${roles.join(', ')}`);
  const bad = paths.find((path) => !PATH.test(path));
  if (bad !== undefined)
    throw new UsersError(`${where}: the path is '${bad}'; use the path of a group, such as /shop, or /`);
  if ((role === 'deployer') !== paths.length > 0)
    throw new UsersError(`${where}: the role ${role} has ${paths.length} paths; deployers have some, others none`);
  return { name, role, paths };
}

const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text);
