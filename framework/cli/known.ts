/** What there is to name on the command line: for completion, and for who mistyped it. */
import type { ApiClient } from './api-client.js';

export const kinds = ['app', 'group', 'deployment', 'agent'] as const;
export type Kind = (typeof kinds)[number];

interface Group {
  id: string;
  groups?: Group[];
}

const idsIn = ({ id, groups = [] }: Group): string[] => [id, ...groups.flatMap(idsIn)];

/** Of which kind the things at a path of the API are; null: the path names none. */
export function kindAt(path: string): Kind | null {
  const [, word] = /^\/v2\/(app|group|deployment)s\/[^?]/.exec(path) ?? [];
  return kinds.find((kind) => kind === word) ?? null;
}

/** @throws Failure when the API does not answer */
export async function idsOf(api: Pick<ApiClient, 'get'>, kind: Kind): Promise<string[]> {
  switch (kind) {
    case 'app':
      return (await api.get<{ apps: { id: string }[] }>('/v2/apps')).apps.map(({ id }) => id);
    case 'group':
      return idsIn(await api.get<Group>('/v2/groups?embed=group.groups'));
    case 'deployment':
      return (await api.get<{ id: string }[]>('/v2/deployments')).map(({ id }) => id);
    case 'agent':
      return (await api.get<{ agents: { hostname: string }[] }>('/v2/agents')).agents.map(({ hostname }) => hostname);
  }
}
