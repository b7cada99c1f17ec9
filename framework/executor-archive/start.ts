/** How an agent that has nothing of GAIA comes to an executor. */
import { unpackedDirectory } from '../../executor/assignment.js';
import type { CommandURI } from '../mesos-http-client/index.js';
import type { ExecutorArchive } from './archive.js';

export interface ExecutorStart {
  /** Shell command, run in the sandbox. */
  executorCommand: string;
  /** What is fetched into it before. */
  executorUris: CommandURI[];
}

/** Agents fetch the archive from the API at `origin` (scheme://host:port), or, where there is none, have what `executorCommand` names. */
export function executorStart(
  executorCommand: string,
  archive: Pick<ExecutorArchive, 'sha256'> | null,
  origin: string,
): ExecutorStart {
  return archive === null ? { executorCommand, executorUris: [] } : startFromArchive(archive.sha256, origin);
}

/** The hash is the name, so that agents that keep what they have fetched never keep the wrong one. */
export const archiveName = (sha256: string) => `${sha256}.tar.gz`;

/**
 * Mesos checks no hash, and what it extracts from its cache leaves no archive behind: so it extracts nothing, and the
 * command checks the archive, unpacks it and starts what was in it.
 */
function startFromArchive(sha256: string, origin: string): ExecutorStart {
  const file = `${unpackedDirectory}.tar.gz`;
  const url = `${origin}/v1/executor/${archiveName(sha256)}`;
  const executorCommand = [
    `refuse() { echo "gaia: the executor does not start: $1" >&2; exit 1; }`,
    `echo '${sha256}  ${file}' | sha256sum -c --status - || refuse 'the archive fetched from ${url} is not what its name says (SHA-256): the framework serves another, or something between changes it'`,
    `mkdir -p ${unpackedDirectory} && tar -xzf ${file} -C ${unpackedDirectory} && rm ${file} || refuse 'the archive cannot be unpacked in the sandbox: see the line before'`,
    // Node's own libraries; programs are started with an environment of their own.
    `LD_LIBRARY_PATH="$PWD/${unpackedDirectory}/lib" exec ${unpackedDirectory}/bin/node ${unpackedDirectory}/dist/executor/main.js`,
  ].join('\n');
  return { executorCommand, executorUris: [{ value: url, output_file: file, extract: false, cache: true }] };
}
