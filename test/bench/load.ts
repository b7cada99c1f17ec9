/** `gaia-load` (client/): closed loops of native clients, the same loop for every service. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Figures, round, type With64Clients } from './measure.js';

const program = fileURLToPath(new URL('../../../build/bench-client/gaia-load', import.meta.url));

export interface Load {
  service: 'redis' | 'etcd' | 'zookeeper';
  /** `write`: replicated; `read`: one that the server answers alone. */
  operation: 'write' | 'read';
  /** On loopback. */
  port: number;
  clients: number;
  /** Of a value. */
  bytes: number;
  seconds: number;
}

export async function load(options: Load): Promise<Figures> {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const { stdout } = await promisify(execFile)(program, args, { timeout: (options.seconds * 1.2 + 60) * 1000 });
  const { p50Us, p99Us, opsPerSecond } = JSON.parse(stdout) as Figures;
  return { p50Us: round(p50Us), p99Us: round(p99Us), opsPerSecond };
}

export async function loadBoth(options: Omit<Load, 'clients'>): Promise<With64Clients> {
  return { ...(await load({ ...options, clients: 1 })), clients64: await load({ ...options, clients: 64 }) };
}
