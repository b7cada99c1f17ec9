/**
 * Machines as network namespaces on one bridge. All of it, with every process that is started there, lives in namespaces
 * of this program's own and is gone when that ends, however it ends.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutorHost } from './executor/fake-agent.js';

const insideVariable = 'GAIA_INSIDE_NAMESPACES';
export const switchName = 'switch0';
/** Of that bridge, where this program itself is. */
export const ownAddress = '10.77.0.1';
/** Of a guest that is on it, and what its kernel is told of that. */
export const bridgedGuestAddress = '10.77.0.50';
export const bridgedGuestWords = `gaia.address=${bridgedGuestAddress} gaia.gateway=${ownAddress}`;
const killRoundsMax = 100;

function run(command: string, ...words: string[]): string {
  return execFileSync(command, words, { encoding: 'utf8' });
}

const ip = (...words: string[]) => run('ip', ...words);

/**
 * Outside: runs this program again in namespaces of its own and gives its exit status. Inside: null.
 * The owner of new namespaces has root's rights in them; who is not root needs user namespaces that are allowed.
 */
export function enterNamespaces(): number | null {
  if (process.env[insideVariable] !== undefined) return null;
  const user = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const words = [...user, '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  // A shell is the first process: it reaps orphans, which node would leave as zombies.
  const reaper = ['sh', '-c', '"$@"; exit $?', 'sh'];
  const { status, signal, error } = spawnSync(
    'setpriv',
    ['--pdeathsig', 'KILL', 'unshare', ...words, ...reaper, ...self],
    {
      stdio: 'inherit',
      env: { ...process.env, [insideVariable]: '1' },
    },
  );
  if (error) throw new Error(`cannot run setpriv and unshare, of Debian's package util-linux: ${error.message}`);
  if (signal !== null) throw new Error(`what ran in namespaces was ended by ${signal}`);
  return status;
}

/** The bridge, with a place of its own for the names of namespaces. */
export function makeSwitch(): void {
  run('mkdir', '-p', '/run/netns');
  run('mount', '-t', 'tmpfs', 'none', '/run/netns');
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', 'name', switchName, 'type', 'bridge');
  ip('addr', 'add', `${ownAddress}/24`, 'dev', switchName);
  ip('link', 'set', switchName, 'up');
}

/** A host: what runs in it can be killed, stopped and cut off as a whole. */
export class NamespaceHost implements ExecutorHost {
  readonly agentAddress = ownAddress;
  readonly address: string;
  private readonly name: string;
  private readonly cable: string;

  /** `number`: 0 to 100. `bridge`: the name of one in the host, which the cable then leads to. */
  constructor(number: number, bridge: string | null = null) {
    this.name = `host${number}`;
    this.cable = `cable${number}`;
    this.address = `10.77.0.${100 + number}`;
    ip('netns', 'add', this.name);
    ip('link', 'add', 'name', this.cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.name);
    ip('link', 'set', this.cable, 'master', switchName, 'up');
    if (bridge !== null) {
      ip('-n', this.name, 'link', 'add', 'name', bridge, 'type', 'bridge');
      ip('-n', this.name, 'link', 'set', 'eth0', 'master', bridge);
    }
    const own = bridge ?? 'eth0';
    ip('-n', this.name, 'addr', 'add', `${this.address}/24`, 'dev', own);
    for (const device of new Set(['eth0', own, 'lo'])) ip('-n', this.name, 'link', 'set', device, 'up');
  }

  get enter(): string[] {
    return ['ip', 'netns', 'exec', this.name];
  }

  /** Pulls the cable, or puts it in again. */
  cut(off: boolean): void {
    ip('link', 'set', this.cable, off ? 'down' : 'up');
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL', spare: number[] = []): void {
    for (const pid of this.pids()) if (!spare.includes(pid)) sendSignal(pid, signal);
  }

  /** As a machine that loses power; it can be used again. */
  async clear(): Promise<void> {
    for (let round = 0; this.pids().length > 0; round++) {
      if (round === killRoundsMax) throw new Error(`processes of ${this.name} outlive SIGKILL`);
      this.signal('SIGKILL');
      await delay(20);
    }
  }

  private pids(): number[] {
    return ip('netns', 'pids', this.name).split('\n').filter(Boolean).map(Number);
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
