import type { ZooKeeper, ZooKeeperError } from '../../zookeeper/index.js';
import { readJsonFile, writeFileAtomically } from '../durable-file.js';
import type { Registry } from './state.js';

/** Where a master keeps what survives it. */
export interface RegistryStore {
  /** Once, before the first `save`. @returns null if there is none yet */
  load(): Promise<Registry | null>;
  /** One after the other. */
  save(registry: Registry): Promise<void>;
}

export class FileRegistry implements RegistryStore {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async load(): Promise<Registry | null> {
    return readJsonFile(this.#path) as Registry | null;
  }

  async save(registry: Registry): Promise<void> {
    writeFileAtomically(this.#path, JSON.stringify(registry));
  }
}

/**
 * One node in ZooKeeper. Whoever loads it changes its version, so that an earlier leader's writes are refused: that one
 * has lost its leadership, whether it knows it or not.
 */
export class ZooKeeperRegistry implements RegistryStore {
  readonly #session: ZooKeeper;
  readonly #path: string;
  #version = 0;

  constructor(session: ZooKeeper, directory: string) {
    this.#session = session;
    this.#path = `${directory}/mesos-local-registry`;
  }

  async load(): Promise<Registry | null> {
    await this.#session.create(this.#path, Buffer.from('null')).catch((error: ZooKeeperError) => {
      if (error.code !== 'nodeExists') throw error;
    });
    const { data, stat } = await this.#session.get(this.#path);
    this.#version = (await this.#session.set(this.#path, data, stat.version)).version;
    return JSON.parse(data.toString('utf8')) as Registry | null;
  }

  /** A write whose answer was lost leaves the node at the next version, with this content, or as it was. */
  async save(registry: Registry): Promise<void> {
    const data = Buffer.from(JSON.stringify(registry));
    try {
      this.#version = (await this.#session.set(this.#path, data, this.#version)).version;
    } catch (error) {
      if ((error as ZooKeeperError).code !== 'connectionLoss') throw error;
      const found = await this.#session.get(this.#path);
      if (found.stat.version === this.#version) return this.save(registry);
      if (!found.data.equals(data)) throw error;
      this.#version = found.stat.version;
    }
  }
}
