import { chownSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where executors run: Mesos' layout below the agent's work directory. */

export interface SandboxKey {
  agentId: string;
  frameworkId: string;
  executorId: string;
  containerId: string;
}

export function sandboxesDirectory(workDirectory: string): string {
  return join(workDirectory, 'slaves');
}

export function sandboxPath(workDirectory: string, key: SandboxKey): string {
  const executors = join(sandboxesDirectory(workDirectory), key.agentId, 'frameworks', key.frameworkId, 'executors');
  return join(executors, key.executorId, 'runs', key.containerId);
}

export interface Account {
  uid: number;
  gid: number;
}

/** @returns null if there is no such user */
export function findAccount(user: string): Account | null {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const fields = lines.map((line) => line.split(':')).find(([name]) => name === user);
  return fields ? { uid: Number(fields[2]), gid: Number(fields[3]) } : null;
}

/**
 * The account to run as; null means the agent's own. As with `--no-switch_user`, only an agent that is root switches.
 * @throws Error with Mesos' words if there is no such user
 */
export function accountFor(user: string | undefined): Account | null {
  if (!user || process.getuid?.() !== 0 || user === 'root') return null;
  const account = findAccount(user);
  if (!account) throw new Error(`Failed to chown directory to '${user}': No such user '${user}'`);
  return account;
}

/** Creates the sandbox and makes `latest` point to it. The folders above it are open to the account, which comes through them. */
export function createSandbox(path: string, account: Account | null): void {
  mkdirSync(dirname(path), { recursive: true });
  mkdirSync(path, { recursive: true, mode: 0o750 });
  if (account) chownSync(path, account.uid, account.gid);
  const latest = join(dirname(path), 'latest');
  rmSync(latest, { force: true });
  symlinkSync(path, latest);
}
