import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Range } from '../mesos-http-client/types.js';

/**
 * Port ranges for agents that share one host. Below the kernel's usual ephemeral range (32768 and up), so that no
 * outgoing connection takes them; claimed by a file per range, so that clusters started at one moment do not pick
 * the same; probed, so that no stranger listens there.
 */

const FIRST_PORT = 21_000;
const LAST_PORT = 32_699;
export const PORTS_PER_AGENT = 100;

const claimsDirectory = (): string => join(tmpdir(), `mesos-local-ports-${userInfo().uid}`);

/**
 * @param claimant directory of the cluster: its claims are void when the directory is gone
 * @throws Error if there are not enough free ranges
 */
export async function claimPortRanges(count: number, claimant: string): Promise<Range[]> {
  mkdirSync(claimsDirectory(), { recursive: true, mode: 0o700 });
  const claimed: Range[] = [];
  for (let begin = FIRST_PORT; begin <= LAST_PORT && claimed.length < count; begin += PORTS_PER_AGENT) {
    const range = { begin, end: begin + PORTS_PER_AGENT - 1 };
    if (!claim(range, claimant)) continue;
    if (await isFree(range)) claimed.push(range);
    else release(range, claimant);
  }
  if (claimed.length === count) return claimed;
  for (const range of claimed) release(range, claimant);
  const place = `${FIRST_PORT}-${LAST_PORT}`;
  throw new Error(
    `only ${claimed.length} of ${count} ranges of ${PORTS_PER_AGENT} free ports found in ${place}; stop other clusters`,
  );
}

export function releasePortRanges(ranges: readonly Range[], claimant: string): void {
  for (const range of ranges) release(range, claimant);
}

const claimPath = (range: Range): string => join(claimsDirectory(), String(range.begin));

function claim(range: Range, claimant: string): boolean {
  const path = claimPath(range);
  const owner = readOwner(path);
  if (owner !== null && !existsSync(owner)) rmSync(path, { force: true });
  try {
    writeFileSync(path, claimant, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function release(range: Range, claimant: string): void {
  if (readOwner(claimPath(range)) === claimant) rmSync(claimPath(range), { force: true });
}

function readOwner(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

async function isFree(range: Range): Promise<boolean> {
  for (let port = range.begin; port <= range.end; port++) {
    if (!(await canListen(port))) return false;
  }
  return true;
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
