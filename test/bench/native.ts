/** The native benchmark programs, and callgrind around one of them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Figures } from './measure.js';

const directory = fileURLToPath(new URL('../../../build/native/', import.meta.url));
const programs = { commit: join(directory, 'gaia-consensus-bench'), failover: join(directory, 'gaia-failover-bench') };

export interface Commits {
  transport: 'shm' | 'tcp';
  replicas: number;
  /** Proposals outstanding at a time. */
  clients: number;
  bytes: number;
  /** `disk`: kept below `directory`. */
  durability?: 'memory' | 'disk';
  directory?: string;
}

/** From proposal to commit as the leader sees it. `entries` counts those of the warm-up, too. */
export function commits(options: Commits & { seconds: number }): Figures & { entries: number } {
  return run(programs.commit, flags({ ...options }), options.seconds + 60).json;
}

export interface Failovers {
  kills: number;
  /** From SIGKILL of the leader until a survivor leads. */
  electionP50Ms: number;
  electionP99Ms: number;
  /** From SIGKILL until the new leader's first entry is committed. */
  p50Ms: number;
  p99Ms: number;
  committedEntries: number;
  lostEntries: number;
}

export function failovers(options: { transport: 'shm' | 'tcp'; replicas: number; kills: number }): Failovers {
  return run(programs.failover, flags(options), options.kills * 30).json;
}

/** What one entry costs a leader; each call is counted from its entry to its return. */
const leaderCalls = ['reserve', 'append', 'commit', 'applied'];

/** Instructions of the leader's turn thread per committed entry, of three replicas over shared memory. */
export function leaderInstructions(clients: number, bytes: number): number {
  const options = { transport: 'shm', replicas: 3, clients, bytes, seconds: 2 };
  const out = mkdtempSync(join(tmpdir(), 'gaia-callgrind-'));
  try {
    const toggles = leaderCalls.map((name) => `--toggle-collect=gaia::MemberRuntime::${name}*`);
    const valgrind = ['--tool=callgrind', `--callgrind-out-file=${out}/%p`, ...toggles, programs.commit];
    const { json, stderr } = run('valgrind', [...valgrind, ...flags(options)], 120);
    const collected = [...stderr.matchAll(/Collected : (\d+)/g)].map((match) => Number(match[1]));
    return Math.round(Math.max(...collected) / json.entries);
  } finally {
    rmSync(out, { recursive: true });
  }
}

function flags(options: Record<string, string | number>): string[] {
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

function run(program: string, args: string[], timeoutSeconds: number) {
  const ran = spawnSync(program, args, { encoding: 'utf8', timeout: timeoutSeconds * 1000 });
  if (ran.status !== 0) throw new Error(`${program} ended with ${ran.error?.message ?? ran.status}: ${ran.stderr}`);
  return { json: JSON.parse(ran.stdout.trim().split('\n').at(-1) as string), stderr: ran.stderr };
}
