/**
 * Leaders as ZooKeeper's recipes have them: each candidate makes an ephemeral node with a number behind its name in one directory,
 * and the lowest number leads. Mesos' masters do the same, with the prefix `json.info_`.
 */
import type { ZooKeeperError } from './error.js';
import type { ZooKeeper } from './zookeeper.js';

export interface CandidateGroup {
  /** Made if it is missing; empty: the root. */
  directory: string;
  /** What the candidates' names begin with. */
  prefix: string;
}

export interface Leader {
  /** Of its node, in the directory. */
  name: string;
  data: Buffer;
}

/** The candidates among the names in a directory, in the order in which they may lead. */
export function inOrder(names: readonly string[], prefix: string): string[] {
  const number = (name: string) => Number(name.slice(prefix.length));
  return names
    .filter((name) => name.startsWith(prefix) && /^\d{10}$/.test(name.slice(prefix.length)))
    .sort((one, other) => number(one) - number(other));
}

/** Becomes a candidate for as long as the session lives. Gives back the node's name. */
export async function enter(zooKeeper: ZooKeeper, group: CandidateGroup, data: Uint8Array): Promise<string> {
  const { directory, prefix } = group;
  await zooKeeper.makePath(directory);
  for (;;) {
    try {
      const path = await zooKeeper.create(`${directory}/${prefix}`, data, { ephemeral: true, sequential: true });
      return path.slice(directory.length + 1);
    } catch (error) {
      if ((error as ZooKeeperError).code !== 'connectionLoss') throw error;
      const mine = await findMine(zooKeeper, group);
      if (mine !== null) return mine;
    }
  }
}

/** The answer to the creation may have been lost, not the node. */
async function findMine(zooKeeper: ZooKeeper, { directory, prefix }: CandidateGroup): Promise<string | null> {
  for (const name of inOrder(await zooKeeper.children(directory || '/'), prefix)) {
    const stat = await zooKeeper.stat(`${directory}/${name}`);
    if (stat !== null && stat.ephemeralOwner === zooKeeper.sessionId) return name;
  }
  return null;
}

/**
 * Tells who leads, now and whenever it changes, until the session is over; null: nobody does. Changes that follow each other
 * quickly may be told as one. Rejects when the session is over, or the directory cannot be read.
 */
export async function followLeader(
  zooKeeper: ZooKeeper,
  { directory, prefix }: CandidateGroup,
  told: (leader: Leader | null) => void,
): Promise<never> {
  let last: string | null | undefined;
  for (;;) {
    let changed = () => {};
    const change = new Promise<void>((resolve) => {
      changed = resolve;
    });
    const leader = await findLeader(zooKeeper, { directory, prefix }, changed);
    const name = leader?.name ?? null;
    if (name !== last) told(leader);
    last = name;
    await change;
  }
}

async function findLeader(
  zooKeeper: ZooKeeper,
  { directory, prefix }: CandidateGroup,
  changed: () => void,
): Promise<Leader | null> {
  try {
    const [name] = inOrder(await zooKeeper.children(directory || '/', changed), prefix);
    return name === undefined ? null : { name, data: (await zooKeeper.get(`${directory}/${name}`)).data };
  } catch (error) {
    if ((error as ZooKeeperError).code !== 'noNode') throw error;
  }
  // Either the candidate has just gone, which the watch of the directory tells, or there is no directory yet.
  if ((await zooKeeper.stat(directory || '/', changed)) !== null) changed();
  return null;
}
