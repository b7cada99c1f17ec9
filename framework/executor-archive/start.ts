/** How an agent that has nothing of GAIA comes to an executor. */
import { unpackedDirectory } from '../../executor/assignment.js';
import type { CommandURI } from '../mesos-http-client/index.js';
import { shellWord } from '../shell.js';
import type { ExecutorArchive } from './archive.js';
import { checksumsName } from './pack.js';

export interface ExecutorStart {
  /** Shell command, run in the sandbox. */
  executorCommand: string;
  /** What is fetched into it before. */
  executorUris: CommandURI[];
}

/** Of other archives than the one that is started; those that run stay in any case. */
const otherCopiesMax = 2;
const unpackMaxSeconds = 300;

/**
 * Agents fetch the archive from the API at `origin` (scheme://host:port), or, where there is none, have what `executorCommand` names. `sharedDirectory`: where
 * the executors of an agent have their unpacked copies.
 */
export function executorStart(
  executorCommand: string,
  archive: Pick<ExecutorArchive, 'sha256'> | null,
  origin: string,
  sharedDirectory: string,
): ExecutorStart {
  if (archive === null) return { executorCommand, executorUris: [] };
  const url = `${origin}/v1/executor/${archiveName(archive.sha256)}`;
  return {
    executorCommand: startFromArchive(archive.sha256, url, sharedDirectory),
    executorUris: [{ value: url, output_file: `${unpackedDirectory}.tar.gz`, extract: false, cache: true }],
  };
}

/** The hash is the name, so that agents that keep what they have fetched never keep the wrong one. */
export const archiveName = (sha256: string) => `${sha256}.tar.gz`;

/**
 * Mesos checks no hash, and what it extracts from its cache leaves no archive behind: so it extracts nothing, and the
 * command checks the archive and unpacks it, once for all executors of the agent. A copy is put into place whole, by its rename; whoever uses it holds its list
 * of checksums locked, and what is locked is not removed. It is used only if it is root's or one's own, since others could put anything there, and if every file has its
 * checksum. Where no copy can be had, the sandbox has one.
 */
function startFromArchive(sha256: string, url: string, sharedDirectory: string): string {
  return `
archive=${unpackedDirectory}.tar.gz shared=${shellWord(sharedDirectory)} copy=${shellWord(sharedDirectory)}/${sha256}
refuse() { echo "gaia: the executor does not start: $1" >&2; exit 1; }
is_trusted() { [ ! -L "$1" ] && [ -d "$1" ] && { [ -O "$1" ] || [ "$(stat -c %u "$1")" = 0 ]; }; }
is_whole() { (cd "$1" && sha256sum -c --status ${checksumsName}) 2>/dev/null; }
unpack() {
  echo "${sha256}  $archive" | sha256sum -c --status - || refuse 'the archive fetched from ${url} is not what its name says (SHA-256): the framework serves another, or something between changes it'
  (umask 022; mkdir -p "$1" && tar -xzf "$archive" -C "$1")
}
hold() { { command exec 9<"$copy/${checksumsName}"; } 2>/dev/null && flock -s 9 && is_trusted "$copy" && is_whole "$copy"; }
forget_others() {
  kept=0
  for other in $(ls -1t "$shared"); do
    { [ "$shared/$other" = "$copy" ] || [ ! -f "$shared/$other/${checksumsName}" ]; } && continue
    kept=$((kept + 1))
    [ $kept -le ${otherCopiesMax} ] || flock -n -x "$shared/$other/${checksumsName}" rm -rf "$shared/$other"
  done
}
replace() {
  rm -rf "$shared"/*.new "$shared"/*.old
  unpack "$copy.new" || { rm -rf "$copy.new"; return 1; }
  [ ! -e "$copy" ] || { echo "gaia: $copy is damaged, or somebody else's: it is unpacked anew" >&2; mv -T "$copy" "$copy.old"; rm -rf "$copy.old"; }
  mv -T "$copy.new" "$copy" && forget_others
}
share() {
  (umask 022; mkdir -p "$shared") 2>/dev/null
  is_trusted "$shared" || return 1
  hold && return
  [ -w "$shared" ] && { command exec 8>"$shared/.lock"; } 2>/dev/null && flock -w ${unpackMaxSeconds} 8 || return 1
  hold || { replace && hold; }
  held=$?
  exec 8>&-
  return $held
}
if share; then home=$copy; [ ! -O "$home" ] || touch "$home"
else
  exec 8>&- 9<&-
  home=${unpackedDirectory}
  unpack "$home" || refuse 'the archive cannot be unpacked in the sandbox: see the line before'
fi
rm -f "$archive"
# Node's own libraries; programs are started with an environment of their own.
LD_LIBRARY_PATH="$(cd "$home" && pwd)/lib" exec "$home/bin/node" "$home/dist/executor/main.js"`;
}
