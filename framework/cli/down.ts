import { existsSync } from 'node:fs';
import { holdDirectory } from './hold-directory.js';
import { stopAll } from './lifecycle.js';
import { directoryOf, readLocalCluster } from './local-cluster.js';
import type { Output } from './output.js';

/** A start takes seconds; with the demo on a slow machine a minute. */
const waitSecondsMax = 120;

/** `gaia down`: stops the framework, the agents with all they run, and the master. Harmless when nothing runs. */
export async function down(output: Output, options: { directory: string }): Promise<void> {
  const directory = directoryOf(options.directory);
  const wasRunning = existsSync(directory) && (await stopIn(directory, output));
  output.line(
    wasRunning ? 'The cluster is stopped, with everything it ran.' : `No cluster was running in ${directory}.`,
  );
  output.result({ directory, wasRunning });
}

/** What a `gaia up` is about to start would go on. @returns whether a cluster was there */
async function stopIn(directory: string, output: Output): Promise<boolean> {
  const waits = () =>
    output.note(`Another command starts or stops the cluster in ${directory}. This one goes on when that has ended.`);
  const letGo = await holdDirectory(directory, { secondsMax: waitSecondsMax, waits });
  try {
    const cluster = readLocalCluster(directory);
    await stopAll(directory);
    return cluster !== null;
  } finally {
    letGo();
  }
}
