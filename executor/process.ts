/** One program in a session of its own: starting it, signalling all of it, and leaving nothing of it behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { startDumping } from '../framework/secrecy/core-dumps.js';
import { Guardian } from './guardian.js';
import { sessionMembers } from './session.js';
import type { ChildExit } from './task-types.js';

const pollMs = 50;

export interface ProgramOptions {
  /** argv[0] is looked up in `env.PATH`. */
  argv: string[];
  env: Record<string, string>;
  directory: string;
  /** Numeric user and group to become; null: stay who we are. */
  owner: { uid: number; gid: number } | null;
  /** Whether descriptor 3 is one end of a control channel. */
  control: boolean;
}

/** Standard output and error are the executor's own, which Mesos has pointed at the sandbox's files. */
export class Program {
  readonly pid: number;
  /** Our end of the control channel. */
  readonly control: Duplex | null;
  readonly exited: Promise<Omit<ChildExit, 'lastLines'>>;
  private readonly guardian: Guardian;

  private constructor(child: ChildProcess, guardian: Guardian) {
    const startedMs = performance.now();
    this.pid = child.pid as number;
    this.control = (child.stdio[3] as Duplex | undefined) ?? null;
    this.guardian = guardian;
    this.guardian.watch(this.pid);
    // Not 'close', which would wait for grandchildren that keep a descriptor.
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal, livedMs: performance.now() - startedMs }));
    });
  }

  /** Rejects when the program cannot be executed at all. */
  static async start(options: ProgramOptions): Promise<Program> {
    const [file = '', ...args] = options.argv;
    const guardian = new Guardian();
    try {
      const start = () =>
        spawn(file, args, {
          cwd: options.directory,
          env: options.env,
          detached: true,
          stdio: ['ignore', 'inherit', 'inherit', ...(options.control ? (['pipe'] as const) : [])],
          ...options.owner,
        });
      const child = startDumping(start);
      if (child.pid === undefined) throw (await once(child, 'error'))[0];
      return new Program(child, guardian);
    } catch (error) {
      guardian.dismiss();
      throw error;
    }
  }

  /** To the process group, and to members of the session that left it. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    const strays = sessionMembers(this.pid).filter((member) => member.processGroup !== this.pid);
    for (const target of [-this.pid, ...strays.map((member) => member.pid)]) sendSignal(target, signal);
  }

  /**
   * After the program's end: ends what it left in its session, SIGTERM first, SIGKILL after `graceMs`, and resolves when
   * /proc shows nothing of it. A process that left the session on purpose (a daemon) is out of reach.
   */
  async reap(graceMs: number): Promise<void> {
    const killAtMs = performance.now() + graceMs;
    if (sessionMembers(this.pid).length > 0) this.signal('SIGTERM');
    while (sessionMembers(this.pid).length > 0) {
      if (performance.now() >= killAtMs) this.signal('SIGKILL');
      await delay(pollMs);
    }
    this.guardian.dismiss();
    this.control?.destroy();
  }
}

/** A target that has ended meanwhile is fine. */
function sendSignal(target: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(target, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
