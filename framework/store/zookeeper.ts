/**
 * The store in ZooKeeper, for several schedulers. Below its path: `head`, `records`, `parts` of large records, `journal`.
 *
 * Rule S1: who opens the store changes the version of `head`, and every write names the version that it left there. So whoever held
 * the store before is refused from then on, whatever it believes of itself. As each write changes the version, too, a write whose answer
 * was lost is told from one that never happened.
 * Rule S2: a batch that needs several transactions is written to the journal first, and decided by one transaction; whoever opens
 * the store carries out what was decided.
 */
import { randomUUID } from 'node:crypto';
import type { Change } from '../scheduler/state.js';
import { type Operation, type ZooKeeper, ZooKeeperError } from '../zookeeper/index.js';
import {
  folders,
  journalOf,
  type NodeChange,
  nodeChanges,
  operationsFor,
  piecesIn,
  recordsIn,
  transactionsOf,
} from './nodes.js';
import { type Store, schemaVersion } from './store.js';
import {
  applyTo,
  asStoreError,
  decided,
  decision,
  type Head,
  readHead,
  readNodes,
  refuseOtherSchema,
} from './zookeeper-reading.js';

/**
 * Takes the store from whoever holds it. The session stays the caller's; when it is over, writes are refused.
 * @param root path of the store, made if it is missing
 * @throws StoreError if another version of GAIA wrote it, or it cannot be read
 */
export async function openZooKeeperStore(zooKeeper: ZooKeeper, root: string): Promise<Store> {
  try {
    const store = new ZooKeeperStore(zooKeeper, root);
    await store.open();
    return store;
  } catch (error) {
    throw asStoreError(error, root);
  }
}

class ZooKeeperStore implements Store {
  readonly #zooKeeper: ZooKeeper;
  readonly #root: string;
  readonly #holder = randomUUID();
  #write = 0;
  #version = 0;
  /** Which nodes there are, below the store's path; records with their number of pieces. */
  readonly #records = new Map<string, number>();
  readonly #parts = new Set<string>();
  #loaded: [key: string, value: object][] = [];
  #last: Promise<void> = Promise.resolve();

  constructor(zooKeeper: ZooKeeper, root: string) {
    this.#zooKeeper = zooKeeper;
    this.#root = root;
  }

  async open(): Promise<void> {
    for (const folder of Object.values(folders)) await this.#zooKeeper.makePath(`${this.#root}/${folder}`);
    await this.#take();
    const nodes = await readNodes(this.#zooKeeper, this.#root);
    for (const [path, data] of nodes) this.#note({ path, data });
    applyTo(nodes, await this.#finishJournal());
    this.#loaded = recordsIn(nodes);
  }

  entries(): [key: string, value: object][] {
    const loaded = this.#loaded;
    this.#loaded = [];
    return loaded;
  }

  write(changes: Change[]): Promise<void> {
    this.#last = this.#last.then(() => this.#store(changes));
    return this.#last;
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined);
  }

  async #store(changes: Change[]): Promise<void> {
    try {
      await this.#carryOut(nodeChanges(changes, (name) => this.#records.get(name) ?? 0));
    } catch (error) {
      throw asStoreError(error, this.#root);
    }
  }

  async #carryOut(changes: NodeChange[]): Promise<void> {
    const transactions = transactionsOf(operationsFor(this.#root, changes, (path) => this.#exists(path)));
    if (transactions.length > 1) await this.#decide(journalOf(changes));
    for (const transaction of transactions) await this.#commit(transaction);
    if (transactions.length > 1) await this.#clearJournal();
    for (const change of changes) this.#note(change);
  }

  #exists(path: string): boolean {
    const [folder, name] = path.split('/') as [string, string];
    return folder === folders.records ? this.#records.has(name) : this.#parts.has(name);
  }

  #note({ path, data }: NodeChange): void {
    const [folder, name] = path.split('/') as [string, string];
    if (folder === folders.records) {
      if (data) this.#records.set(name, piecesIn(data));
      else this.#records.delete(name);
    } else if (data) this.#parts.add(name);
    else this.#parts.delete(name);
  }

  /** One transaction, if we hold the store still (rule S1). */
  async #commit(operations: Operation[]): Promise<void> {
    const data = this.#headData(this.#write + 1);
    const head: Operation = { type: 'set', path: `${this.#root}/head`, data, version: this.#version };
    try {
      await this.#zooKeeper.multi([head, ...operations]);
    } catch (error) {
      if ((error as ZooKeeperError).code !== 'connectionLoss') throw error;
      if (!(await this.#wasWritten())) return this.#commit(operations);
    }
    this.#write += 1;
    this.#version += 1;
  }

  /** The connection was lost before the answer. */
  async #wasWritten(): Promise<boolean> {
    // The server that is asked now may be behind.
    await this.#zooKeeper.sync(this.#root);
    const { data, stat } = await this.#zooKeeper.get(`${this.#root}/head`);
    if (stat.version === this.#version) return false;
    const { holder, write } = readHead(data);
    if (stat.version === this.#version + 1 && holder === this.#holder && write === this.#write + 1) return true;
    throw new ZooKeeperError('badVersion', 'the store has been opened by another');
  }

  #headData(write: number): Buffer {
    const head: Head = { schema: schemaVersion, holder: this.#holder, write };
    return Buffer.from(JSON.stringify(head));
  }

  async #take(): Promise<void> {
    const path = `${this.#root}/head`;
    for (;;) {
      try {
        const present = await this.#presentHead(path);
        this.#version = (await this.#zooKeeper.set(path, this.#headData(0), present)).version;
        return;
      } catch (error) {
        // Others try, too, or the answer was lost: what is there now decides.
        if (!['badVersion', 'connectionLoss', 'nodeExists'].includes((error as ZooKeeperError).code)) throw error;
      }
    }
  }

  async #presentHead(path: string): Promise<number> {
    if ((await this.#zooKeeper.stat(path)) === null) await this.#zooKeeper.create(path, this.#headData(0));
    const { data, stat } = await this.#zooKeeper.get(path);
    refuseOtherSchema(this.#root, data);
    return stat.version;
  }

  async #decide(pieces: Buffer[]): Promise<void> {
    const folder = `${this.#root}/${folders.journal}`;
    for (const [at, data] of pieces.entries()) await this.#commit([{ type: 'create', path: `${folder}/${at}`, data }]);
    await this.#commit([{ type: 'create', path: `${folder}/${decision}`, data: Buffer.from(`${pieces.length}`) }]);
  }

  /** Carries out, and gives back, what was decided and perhaps not carried out (rule S2); what was not decided is forgotten. */
  async #finishJournal(): Promise<NodeChange[]> {
    const changes = await decided(this.#zooKeeper, this.#root);
    const operations = operationsFor(this.#root, changes, (path) => this.#exists(path));
    for (const transaction of transactionsOf(operations)) if (transaction.length > 0) await this.#commit(transaction);
    for (const change of changes) this.#note(change);
    await this.#clearJournal();
    return changes;
  }

  /** The decision goes first, and with it, all at once, what it is about. */
  async #clearJournal(): Promise<void> {
    const folder = `${this.#root}/${folders.journal}`;
    const names = await this.#zooKeeper.children(folder);
    if (names.length > 0) await this.#commit(names.map((name) => ({ type: 'delete', path: `${folder}/${name}` })));
  }
}
