/** The files of `executor/catalogue/`: specs that users post, whose labels say what is known of the program. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { repository } from '../consensus/interpose/group.js';

export const catalogueDirectory = path.join(repository, 'executor/catalogue');

export type Equality = 'exact' | 'checked' | 'gateway' | 'vm';

interface Known {
  /** Of its file, without the ending. */
  name: string;
  labels: {
    /** Debian's packages that agents need, with spaces between. */
    package: string;
    /** The version that the story was told with. */
    tested: string;
    /** The label that its replicas keep. */
    equality: Equality;
    /** What it does not do, or must not be used for. */
    limits?: string;
  };
}

/** A program that replicas run as a process. */
export interface ProgramEntry extends Known {
  cmd: string;
  replication: { via?: 'gateway' };
}

/** One that runs in a replicated guest. */
export interface GuestEntry extends Known {
  id: string;
  container: { vm: object };
  replication: object;
}

export type Entry = ProgramEntry | GuestEntry;

export const isGuest = (entry: Entry): entry is GuestEntry => 'container' in entry;

export function entryNames(): string[] {
  const files = readdirSync(catalogueDirectory).filter((file) => file.endsWith('.yaml'));
  return files.map((file) => file.slice(0, -'.yaml'.length)).sort();
}

export function readEntry(name: string): Entry {
  return { name, ...parse(readFileSync(path.join(catalogueDirectory, `${name}.yaml`), 'utf8')) };
}

/** Of a program that is no guest. */
export function readProgram(name: string): ProgramEntry {
  const entry = readEntry(name);
  if (isGuest(entry)) throw new Error(`${name} runs in a guest`);
  return entry;
}

export const programNames = (): string[] => entryNames().filter((name) => !isGuest(readEntry(name)));

/** What starts the program at this port, as the task's shell would. */
export function shellCommand(entry: ProgramEntry, port: number): [string, ...string[]] {
  // A gateway tells its program another port.
  return entry.replication.via === 'gateway' ? ['/bin/sh', '-c', entry.cmd] : commandAlone(entry, port);
}

/** The program without GAIA. */
export function commandAlone(entry: ProgramEntry, port: number): [string, ...string[]] {
  return ['/bin/sh', '-c', `PORT0=${port}; export PORT0\n${entry.cmd}`];
}
