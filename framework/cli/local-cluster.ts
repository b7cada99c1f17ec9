import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writable } from '../installation.js';
import { EXIT, Failure } from './failure.js';

/** What `gaia up` leaves in the directory of a local cluster, for the commands that come after it. */
export interface LocalCluster {
  directory: string;
  /** Empty until the framework has been started. */
  apiUrl: string;
  masterUrl: string;
  /** 0 until the framework has been started. */
  frameworkPid: number;
  /** Of secrets that apps may have. */
  secretsDirectory?: string | undefined;
}

const FILE = 'gaia-up.json';

/** `GAIA_DIRECTORY`, else below the installation or the home of the user. */
export function defaultDirectory(): string {
  return resolve(process.env.GAIA_DIRECTORY || writable.cluster);
}

export function directoryOf(given: string | undefined): string {
  return given === undefined ? defaultDirectory() : resolve(given);
}

/** Null when none was started there, or it was stopped. Whether its processes live is for the caller to see. */
export function readLocalCluster(directory: string): LocalCluster | null {
  const record = readRecord(directory);
  return record?.running === true ? record : null;
}

/** Was this directory ever the home of a cluster? Then what it holds is ours to remove. */
export function isClusterDirectory(directory: string): boolean {
  return readRecord(directory) !== null;
}

export function writeLocalCluster(cluster: LocalCluster): void {
  write(cluster.directory, { ...cluster, running: true });
}

export function markStopped(directory: string): void {
  const record = readRecord(directory);
  if (record !== null) write(directory, { ...record, running: false });
}

type Record = LocalCluster & { running: boolean };

function readRecord(directory: string): Record | null {
  const file = join(directory, FILE);
  if (!existsSync(file)) return null;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new Failure(EXIT.failed, `${file} is damaged`, 'Stop what runs there by hand, and remove the directory.');
  }
}

function write(directory: string, record: Record): void {
  writeFileSync(join(directory, FILE), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
}
