import { existsSync } from 'node:fs';
import { stopAll } from './lifecycle.js';
import { directoryOf, readLocalCluster } from './local-cluster.js';
import type { Output } from './output.js';

/** `gaia down`: stops the framework, the agents with all they run, and the master. Harmless when nothing runs. */
export async function down(output: Output, options: { directory: string }): Promise<void> {
  const directory = directoryOf(options.directory);
  const cluster = readLocalCluster(directory);
  if (existsSync(directory)) await stopAll(directory);
  output.line(
    cluster === null ? `No cluster was running in ${directory}.` : 'The cluster is stopped, with everything it ran.',
  );
  output.result({ directory, wasRunning: cluster !== null });
}
