/** Provider `criu` of snapshots: this version only finds out whether CRIU works on this host, and makes no images. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const checkMs = 10_000;

/** Why CRIU cannot be used on this host, in its own words; null when its check passes. `path`: where `criu` is looked for. */
export async function probeCriu(path: string): Promise<string | null> {
  try {
    await promisify(execFile)('criu', ['check'], { env: { PATH: path, LANG: 'C' }, timeout: checkMs });
    return null;
  } catch (error) {
    return reasonOf(error as Failure);
  }
}

type Failure = Error & { code?: string | number | null; killed?: boolean; stdout?: string; stderr?: string };

function reasonOf({ code, killed, message, stdout = '', stderr = '' }: Failure): string {
  if (code === 'ENOENT') return 'criu is not installed';
  if (killed) return `"criu check" has not ended within ${checkMs / 1000} s`;
  const lines = `${stderr}\n${stdout}`.split('\n').map((line) => line.trim());
  return lines.find((line) => line.startsWith('Error')) ?? lines.find((line) => line !== '') ?? message;
}

/** Throws an error whose message is meant for the user: always, with what the probe says. */
export async function refuseCriu(path: string): Promise<never> {
  const reason = await probeCriu(path);
  const why =
    reason === null
      ? '"criu check" passes on this host, but this version makes no images of processes'
      : `CRIU cannot be used on this host: ${reason}`;
  throw new Error(`The app's replication.snapshot has provider criu, and ${why}. Use provider hook or replay.`);
}
