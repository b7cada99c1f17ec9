/** The files of `executor/catalogue/`: specs that users post, whose labels say what is known of the program. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { repository } from '../consensus/interpose/group.js';

export const catalogueDirectory = path.join(repository, 'executor/catalogue');

export type Equality = 'exact' | 'checked' | 'gateway';

export interface Entry {
  /** Of its file, without the ending. */
  name: string;
  cmd: string;
  replication: { via?: 'gateway' };
  labels: {
    /** Debian's packages of the program, with spaces between. */
    package: string;
    /** The version that the story was told with. */
    tested: string;
    /** The label that its replicas keep. */
    equality: Equality;
    /** What it does not do, or must not be used for. */
    limits?: string;
  };
}

export function entryNames(): string[] {
  const files = readdirSync(catalogueDirectory).filter((file) => file.endsWith('.yaml'));
  return files.map((file) => file.slice(0, -'.yaml'.length)).sort();
}

export function readEntry(name: string): Entry {
  return { name, ...parse(readFileSync(path.join(catalogueDirectory, `${name}.yaml`), 'utf8')) };
}

/** What starts the program at this port, as the task's shell would. */
export function shellCommand(entry: Entry, port: number): [string, ...string[]] {
  // A gateway tells its program another port.
  return entry.replication.via === 'gateway' ? ['/bin/sh', '-c', entry.cmd] : commandAlone(entry, port);
}

/** The program without GAIA. */
export function commandAlone(entry: Entry, port: number): [string, ...string[]] {
  return ['/bin/sh', '-c', `PORT0=${port}; export PORT0\n${entry.cmd}`];
}
