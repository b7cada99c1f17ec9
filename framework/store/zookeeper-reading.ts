/** What lies in ZooKeeper of a store, for its holder and for others. */
import { setTimeout as sleep } from 'node:timers/promises';
import _ from 'lodash';
import type { ZooKeeper, ZooKeeperError, ZooKeeperErrorCode } from '../zookeeper/index.js';
import { changesIn, folders, type NodeChange, recordsIn } from './nodes.js';
import { StoreError, schemaRefusal } from './store.js';

export interface Head {
  schema: number;
  /** Who holds the store, and its how many-eth write it was. */
  holder: string;
  write: number;
}

/** The node of the journal that says of how many pieces the decided batch is. */
export const decision = 'decided';
/** Asked for at a time. */
const readsMax = 1000;
const readAttemptsMax = 30;
const readAgainMs = 300;

/**
 * What is in the store at one moment, without taking it from its scheduler: read again when something was written meanwhile.
 * @throws StoreError if it is written to all the time, or there is none
 */
export async function readZooKeeperStore(zooKeeper: ZooKeeper, root: string): Promise<[key: string, value: object][]> {
  const headVersion = async () => {
    const { data, stat } = await zooKeeper.get(`${root}/head`);
    refuseOtherSchema(root, data);
    return stat.version;
  };
  try {
    for (let attempt = 0; attempt < readAttemptsMax; attempt += 1) {
      const before = await headVersion();
      const nodes = await readDecided(zooKeeper, root).catch(ifGone);
      if (nodes && (await headVersion()) === before) return recordsIn(nodes);
      await sleep(readAgainMs);
    }
  } catch (error) {
    if ((error as ZooKeeperError).code !== 'noNode') throw asStoreError(error, root);
    throw new StoreError(`the store ${root} in ZooKeeper: there is none`);
  }
  throw new StoreError(
    `the store ${root} in ZooKeeper: it changes faster than it can be read; try again when less is going on, or stop the schedulers`,
  );
}

/** As the store's next holder will find them (rule S2). */
async function readDecided(zooKeeper: ZooKeeper, root: string): Promise<Map<string, Buffer>> {
  const nodes = await readNodes(zooKeeper, root);
  applyTo(nodes, await decided(zooKeeper, root));
  return nodes;
}

function ifGone(error: ZooKeeperError): null {
  if (error.code === 'noNode') return null;
  throw error;
}

/** By their paths below the store's; what was decided and not carried out yet does not count. */
export async function readNodes(zooKeeper: ZooKeeper, root: string): Promise<Map<string, Buffer>> {
  const nodes = new Map<string, Buffer>();
  for (const folder of [folders.records, folders.parts]) {
    for (const names of _.chunk(await zooKeeper.children(`${root}/${folder}`), readsMax)) {
      const all = await Promise.all(names.map((name) => zooKeeper.get(`${root}/${folder}/${name}`)));
      for (const [at, { data }] of all.entries()) nodes.set(`${folder}/${names[at]}`, data);
    }
  }
  return nodes;
}

export function applyTo(nodes: Map<string, Buffer>, changes: readonly NodeChange[]): void {
  for (const { path, data } of changes) {
    if (data) nodes.set(path, data);
    else nodes.delete(path);
  }
}

export async function decided(zooKeeper: ZooKeeper, root: string): Promise<NodeChange[]> {
  const folder = `${root}/${folders.journal}`;
  if (!(await zooKeeper.children(folder)).includes(decision)) return [];
  const get = async (name: string) => (await zooKeeper.get(`${folder}/${name}`)).data;
  const count = Number(await get(decision));
  return changesIn(await Promise.all(Array.from({ length: count }, (_piece, at) => get(`${at}`))));
}

export function refuseOtherSchema(root: string, head: Buffer): void {
  const refusal = schemaRefusal(readHead(head).schema);
  if (refusal !== null) throw new StoreError(`the store ${root} in ZooKeeper: ${refusal}`);
}

export function readHead(data: Buffer): Partial<Head> {
  try {
    return JSON.parse(data.toString('utf8'));
  } catch {
    return {};
  }
}

const sentences: Partial<Record<ZooKeeperErrorCode, string>> = {
  badVersion: 'another scheduler holds the store now',
  noAuth: 'it belongs to another user of ZooKeeper; name the file with its name and password: --zk-user-file',
};

export function asStoreError(error: unknown, root: string): StoreError {
  if (error instanceof StoreError) return error;
  const { code, message } = error as ZooKeeperError;
  const lost = code === 'badVersion' || code === 'sessionEnded';
  const cause = sentences[code] ?? message;
  return new StoreError(`the store ${root} in ZooKeeper: ${cause}`, { lost, cause: error });
}
