/** What clients of the programs speak, by the names of their files in `executor/catalogue/`. */
export const protocols = {
  clamd: 'clamd',
  'etcd-server': 'etcd',
  lighttpd: 'http',
  memcached: 'memcached',
  'memcached-threads': 'memcached',
  mosquitto: 'mqtt',
  nginx: 'http',
  'node-http': 'http',
  'python-asyncio': 'http',
  'redis-server': 'redis',
  slapd: 'ldap',
} as const;

export type Protocol = (typeof protocols)[keyof typeof protocols];

/** What there is for the programs' protocols, by the programs. */
export function byProgram<Part>(parts: Record<Protocol, Part>): Record<string, Part> {
  return Object.fromEntries(Object.entries(protocols).map(([program, protocol]) => [program, parts[protocol]]));
}
