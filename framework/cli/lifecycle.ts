import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stopLocalCluster } from '../mesos-local/cluster.js';
import { EXIT, Failure } from './failure.js';
import { isClusterDirectory, type LocalCluster, markStopped, readLocalCluster } from './local-cluster.js';
import { makeOwnDirectory } from './own-directory.js';
import { isRunning, stopProcess } from './processes.js';

/** What `up` makes below the directory of a cluster; a new cluster begins without them. */
const STATE = ['mesos', 'framework', 'framework.log'];

export const directoryNeeds = {
  what: "The cluster's directory",
  remedy: 'Name another one with --directory DIR or GAIA_DIRECTORY, or make room there.',
  // The executor's files, and those of the replicas of the demo.
  bytesMin: 256 * 2 ** 20,
};

/** Who is slow is not to be taken for dead, and started a second time. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Does the framework of this cluster serve its API? */
export async function isAnswering(cluster: LocalCluster): Promise<boolean> {
  if (!isRunning(cluster.frameworkPid, cluster.directory)) return false;
  return isFine(`${cluster.apiUrl}/ping`);
}

/** Does its embedded master still run? */
export async function hasMaster(cluster: LocalCluster): Promise<boolean> {
  if (cluster.masterUrl === '') return false;
  return isFine(`${cluster.masterUrl}/health`);
}

function isFine(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }).then(
    (answer) => answer.ok,
    () => false,
  );
}

/** Stops what is left of a cluster of this directory. */
export async function stopAll(directory: string): Promise<void> {
  const cluster = readLocalCluster(directory);
  if (cluster !== null) await stopProcess(cluster.frameworkPid, directory);
  await stopLocalCluster(join(directory, 'mesos'));
  markStopped(directory);
}

/**
 * A new cluster begins empty: its predecessor's replicas were in memory and have ended with it. Nothing is removed
 * from a directory that was not a cluster's before.
 */
export async function clearDirectory(directory: string): Promise<void> {
  makeOwnDirectory(directory, directoryNeeds);
  if (isClusterDirectory(directory)) {
    await stopAll(directory);
    for (const name of STATE) rmSync(join(directory, name), { recursive: true, force: true });
  } else if (readdirSync(directory).length > 0) {
    throw new Failure(
      EXIT.usage,
      `${directory} holds other files than a cluster's`,
      'Name an empty directory with --directory.',
    );
  }
}
