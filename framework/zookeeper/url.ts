/** `zk://host1:port1,host2:port2/path`, as Mesos writes it. */
export interface ZooKeeperUrl {
  servers: { host: string; port: number }[];
  /** Without a slash at its end; empty for the root. */
  path: string;
}

const defaultPort = 2181;
const serversMax = 32;

export const isZooKeeperUrl = (text: string): boolean => text.startsWith('zk://');

/** @throws Error with a sentence that says what is wrong and what would do */
export function parseZooKeeperUrl(text: string): ZooKeeperUrl {
  const wrong = (cause: string) =>
    new Error(`'${text.replace(/\/\/.*@/, '//...@')}': ${cause}; give zk://host:port,host:port/path`);
  if (!isZooKeeperUrl(text)) throw wrong('it does not begin with zk://');
  const rest = text.slice('zk://'.length);
  if (rest.includes('@'))
    throw wrong('a password in it could be read by anybody on this machine: name a file with it instead');
  const slash = rest.indexOf('/');
  const hosts = (slash < 0 ? rest : rest.slice(0, slash)).split(',');
  const path = slash < 0 ? '' : rest.slice(slash).replace(/\/+$/, '');
  if (hosts.length > serversMax) throw wrong(`it names ${hosts.length} servers, at most ${serversMax} are possible`);
  if (
    path
      .split('/')
      .slice(1)
      .some((part) => part === '' || part === '.' || part === '..')
  )
    throw wrong(`the path '${path}' has a part that is empty, "." or ".."`);
  const servers = hosts.map((host) => {
    const server = serverOf(host);
    if (server === null) throw wrong(`'${host}' is no host:port`);
    return server;
  });
  return { servers, path };
}

function serverOf(text: string): { host: string; port: number } | null {
  const found = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text);
  const port = Number(found?.[3] ?? defaultPort);
  return found && port >= 1 && port <= 65_535 ? { host: (found[1] ?? found[2]) as string, port } : null;
}
