import type { Account } from '../access/users.js';
import type { Resource } from './resource.js';

/** `/v2/me`: whom this API takes the client for, and what it may do. `authenticated` false: there are no accounts, all may do everything. */
export function meResource(users: (() => Account[]) | null): Resource {
  return {
    GET: ({ user: { name, role, paths } }) => {
      const authenticated = users !== null;
      return { name: authenticated ? name : null, role, paths: role === 'deployer' ? paths : null, authenticated };
    },
  };
}
